import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Device } from "@cotangent/runtime"
import type { Backend } from "@cotangent/runtime"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { add, sum } from "@cotangent/tensor/primitive/linear"
import { make } from "@cotangent/tensor/HostArray"
import { fit } from "../src/Fit.ts"
const fake = (): Backend => {
  let next = 0
  return {
    description: { name: "fake", threads: 1, features: {} },
    allocate: (bytes) => Effect.sync(() => ({ bytes, address: next++ })),
    free: () => {},
    write: () => Effect.void,
    read: (a, n) => Effect.succeed(new Uint8Array(n)),
    compile: (program, { donated }) => {
      const free = [...donated]
      return Effect.succeed({ aliases: program.results.map(() => free.shift()), scratchBytes: 0, explain: () => "", run: () => Effect.void })
    }
  }
}
const xs = Array.from({ length: 10 }, () => constant(make([4, 4], "f32", new Array(16).fill(1))))
const batch = constant(make([4, 4], "f32", new Array(16).fill(1)))
await Effect.runPromise(Effect.gen(function* () {
  const n = 10000
  for (const readEvery of [1, 20]) {
  const t = yield* fit({ initial: xs, epochs: 4, readEvery,
    step: (s: typeof xs, b: typeof batch) => ({ state: s.map((x) => add(x, b)), loss: sum(b, { axes: [0, 1] }) }),
    batches: () => Stream.fromIterable(Array.from({ length: n }, () => batch)) })
  yield* Stream.runForEach(t.events, (e) => Effect.sync(() => { if (e._tag === "EpochFinished") console.log(readEvery, (e.millis / n * 1000).toFixed(1), "us/step") }))
  }
}).pipe(Effect.scoped, Effect.provide(Device.layer(Effect.succeed(fake())))))
