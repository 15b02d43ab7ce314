/** The device `cuda` on the stand-in, and on nothing. */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Options } from "../src/Cuda.ts"
import { backend } from "../src/Cuda.ts"
import type { Driver } from "../src/driver/Driver.ts"
import type { DevicePlan } from "../src/Plan.ts"
import type { Behavior, Emulator } from "./support.ts"

/** The device over a GPU of the stand-in; memory is pooled as on a real one. */
export const layerOn = (
  standIn: Emulator,
  { options = {}, ...behavior }: Partial<Behavior> & { readonly options?: Options } = {}
): Layer.Layer<Device, DeviceUnavailable> =>
  Device.layer(
    Effect.map(standIn.open(behavior, { COTANGENT_CUDA_POOL: undefined }), (driver) => backend(driver, options))
  )

const zeros = (length: number): Uint8Array => new Uint8Array(length)

/** The device over a GPU that does nothing and keeps the plans that it is given. */
export const recorder = (): {
  readonly layer: Layer.Layer<Device, DeviceUnavailable>
  readonly plans: ReadonlyArray<DevicePlan>
} => {
  const plans: Array<DevicePlan> = []
  let address = 0
  const driver: Driver = {
    info: {
      ordinal: 0,
      name: "none",
      architecture: 90,
      multiprocessors: 132,
      l2Bytes: 2 ** 25,
      sharedBytes: 2 ** 17,
      memoryBytes: 2 ** 36,
      driverVersion: "13.0",
      libraries: { cuda: "", nvrtc: "", cublasLt: "" }
    },
    allocate: (bytes) => Effect.sync(() => ({ bytes, address: (address += 256 * Math.ceil(bytes / 256) + 256) })),
    free: () => undefined,
    write: () => Effect.void,
    read: (_, length) => Effect.sync(() => zeros(length)),
    prepare: (plan) => Effect.sync(() => (plans.push(plan), { run: () => Effect.void })),
    synchronize: Effect.void,
    timed: (body) => Effect.map(body, (value) => [value, 0] as const),
    profiled: (body) => Effect.map(body, (value) => [value, []] as const),
    availableBytes: () => 2 ** 36
  }
  return { layer: Device.layer(Effect.succeed(backend(driver))), plans }
}
