/** A worker of the tests: what it does is told by the places that it is sent. */
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import { FormatError } from "@cotangent/formats/FormatError"
import { make } from "@cotangent/tensor/HostArray"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import { threadId } from "node:worker_threads"
import * as Prefetch from "../src/Prefetch.ts"

/** Squares, which take longer for even numbers; 100 is no file, 101 a defect, 102 the end. */
export const task = ({ place }: { readonly place: HostArray<"i32"> }) =>
  Effect.gen(function* () {
    const [first] = place.data
    if (first === 100) return yield* new FormatError({ path: "a.png", format: "picture", reason: "it is damaged" })
    if (first === 101) return yield* Effect.die(new Error("a defect"))
    if (first === 102) process.exit(7)
    if (first % 2 === 0) yield* Effect.sleep("20 millis")
    return {
      thread: threadId,
      square: make(
        place.shape,
        "i32",
        place.data.map((value) => value ** 2)
      )
    }
  })

Effect.runFork(Effect.provide(Prefetch.serve(task), NodeWorkerRunner.layer))
