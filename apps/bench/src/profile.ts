/**
 * Profiles as tables, beside what the machine can do.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Roofline, Total } from "@cotangent/wasm/Trace"
import { share } from "@cotangent/wasm/Trace"
import * as Effect from "effect/Effect"
import { fill } from "./data.ts"
import { table } from "./table.ts"

type Floats = Tensor.Tensor<Shape, "f32">

/** Milliseconds of the fastest of some calls. */
const fastest = <E, R>(run: Effect.Effect<unknown, E, R>): Effect.Effect<number, E, R> =>
  Effect.gen(function* () {
    let best = Infinity
    for (let i = 0; i < 20; i++) {
      const start = performance.now()
      yield* run
      best = Math.min(best, performance.now() - start)
    }
    return best
  })

/** What products in the cache and sums of memory reach here. */
export const rooflineOf = (threads: number): Effect.Effect<Roofline, DeviceError, Device> =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Device
      const n = 256 * Math.ceil(Math.sqrt(threads))
      const matrix = yield* device.put(fill([n, n], 1))
      const product = yield* device.compile((x: Floats) => Tensor.matmul(x, x))
      const long = yield* device.put(fill([2 ** 24], 1))
      const doubled = yield* device.compile((x: Floats) => Tensor.add(x, x))
      const [compute, memory] = [
        yield* fastest(Effect.scoped(product(matrix))),
        yield* fastest(Effect.scoped(doubled(long)))
      ]
      return { gflops: (2 * n ** 3) / compute / 1e6, gbps: (2 * 4 * 2 ** 24) / memory / 1e6 }
    })
  )

/** The kernels that take longest. */
const most = 30

/** The lines of a table. */
export const profileLines = (totals: ReadonlyArray<Total>, roofline: Roofline): ReadonlyArray<string> => {
  const all = totals.reduce((sum, { millis, waitMillis }) => sum + millis + waitMillis, 0)
  const rows = totals.slice(0, most).map((total) => {
    const { kernel, leastMillis, millis, runs, waitMillis } = total
    return [
      `${((100 * (millis + waitMillis)) / all).toFixed(1)} %`,
      String(runs),
      leastMillis.toFixed(3),
      (millis / runs).toFixed(3),
      (waitMillis / runs).toFixed(3),
      (kernel.operations / leastMillis / 1e6).toFixed(1),
      (kernel.bytes / leastMillis / 1e6).toFixed(1),
      `${(100 * share(total, roofline)).toFixed(0)} %`,
      `${kernel.kind} ${kernel.loops} ${kernel.name}`.slice(0, 100)
    ]
  })
  const heads = ["time", "runs", "least ms", "mean ms", "wait ms", "GFLOP/s", "GB/s", "of roofline", "kernel"]
  return [
    ...table([heads, ...rows]),
    `roofline: ${roofline.gflops.toFixed(0)} GFLOP/s, ${roofline.gbps.toFixed(0)} GB/s; ` +
      `more than 100 % where bytes come from the cache${totals.length > most ? `; ${totals.length - most} kernels more` : ""}`
  ]
}
