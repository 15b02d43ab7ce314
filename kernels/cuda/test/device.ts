/** The device `cuda` on the stand-in. */
import type { Allocation } from "@cotangent/runtime/Backend"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Options } from "../src/Cuda.ts"
import { backend } from "../src/Cuda.ts"
import type { Driver, Prepared } from "../src/driver/Driver.ts"
import type { Behavior, Emulator } from "./support.ts"

/** The device over a GPU of the stand-in; memory is pooled as on a real one. */
export const layerOn = (
  standIn: Emulator,
  { options = {}, ...behavior }: Partial<Behavior> & { readonly options?: Options } = {}
): Layer.Layer<Device, DeviceUnavailable> =>
  Device.layer(
    Effect.map(standIn.open(behavior, { COTANGENT_CUDA_POOL: undefined }), (driver) => backend(driver, options))
  )

/** The same, but whatever runs, runs in every order. */
export const layerInEveryOrder = (standIn: Emulator): Layer.Layer<Device, DeviceUnavailable> =>
  Device.layer(
    Effect.map(standIn.open({}, { COTANGENT_CUDA_POOL: undefined }), (driver) => backend(inEveryOrder(driver, standIn)))
  )

/**
 * Runs whatever runs once for each order in which threads may: forward, backward, shuffled, and from the second time on from
 * a graph. **Dies** where the results are not the same bits.
 */
export const inEveryOrder = (driver: Driver, { configure }: Emulator): Driver => {
  const contents = (memory: ReadonlyArray<Allocation>) =>
    Effect.forEach(memory, (allocation) => driver.read(allocation, allocation.bytes))
  const runIn =
    ({ run }: Prepared): Prepared["run"] =>
    (inputs, outputs) =>
      Effect.gen(function* () {
        // Inputs may be outputs, too.
        const before = yield* contents(outputs)
        const results: Array<ReadonlyArray<Uint8Array>> = []
        for (const ORDER of [0, 1, 2]) {
          configure({ ORDER })
          yield* Effect.forEach(outputs, (output, i) => driver.write(output, before[i]))
          yield* run(inputs, outputs)
          results.push(yield* contents(outputs))
        }
        const [first, ...others] = results
        const same = others.every((other) => other.every((bytes, i) => Buffer.compare(bytes, first[i]) === 0))
        if (!same) return yield* Effect.die(new Error("threads in another order compute something else"))
      })
  return {
    ...driver,
    prepare: (plan, signature) => Effect.map(driver.prepare(plan, signature), (prepared) => ({ run: runIn(prepared) }))
  }
}
