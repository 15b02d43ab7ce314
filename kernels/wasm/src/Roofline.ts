/**
 * What a machine can do at best, found out by letting it.
 *
 * **Source** Williams, Waterman, Patterson 2009, "Roofline".
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import * as HostArray from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"

/** What a machine can do at best. */
export interface Roofline {
  /** Operations per second, in billions. */
  readonly gflops: number
  /** Bytes per second to and from memory, in billions. */
  readonly gbps: number
}

type Floats = Tensor.Tensor<Shape, "f32">

/** How often and for how long a call is repeated at least: others may use the machine meanwhile. */
const leastRounds = 20
const leastMillis = 200

/** Milliseconds of the fastest of some calls. */
const fastest = <E, R>(run: Effect.Effect<unknown, E, R>): Effect.Effect<number, E, R> =>
  Effect.gen(function* () {
    let best = Infinity
    const end = performance.now() + leastMillis
    for (let i = 0; i < leastRounds || performance.now() < end; i++) {
      const start = performance.now()
      yield* run
      best = Math.min(best, performance.now() - start)
    }
    return best
  })

const halves = (shape: Dims): HostArray.HostArray<"f32"> =>
  HostArray.make(shape, "f32", new Float32Array(size(shape)).fill(0.5))

/** What products in the cache and sums of memory reach on the device. Takes half a second and 128 MiB. */
export const measure: Effect.Effect<Roofline, DeviceError, Device> = Effect.scoped(
  Effect.gen(function* () {
    const device = yield* Device
    const n = 256 * Math.ceil(Math.sqrt(device.description.threads))
    const length = 2 ** 24
    const matrix = yield* device.put(halves([n, n]))
    const product = yield* device.compile((x: Floats) => Tensor.matmul(x, x))
    const long = yield* device.put(halves([length]))
    const doubled = yield* device.compile((x: Floats) => Tensor.add(x, x))
    const [compute, memory] = [
      yield* fastest(Effect.scoped(product(matrix))),
      yield* fastest(Effect.scoped(doubled(long)))
    ]
    return { gflops: (2 * n ** 3) / compute / 1e6, gbps: (2 * 4 * length) / memory / 1e6 }
  })
)
