/**
 * What programs become on GPUs, told on machines that have none.
 */
import * as Cuda from "@cotangent/cuda/Cuda"
import type { Driver } from "@cotangent/cuda/driver/Driver"
import type { DevicePlan } from "@cotangent/cuda/Plan"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

/** The device `cuda` over a GPU that does nothing: what is read from it is zeros. `plans` are those that it was given. */
export const recorder = (
  options: Cuda.Options = {}
): {
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
    read: (_, length) => Effect.sync(() => new Uint8Array(length)),
    prepare: (plan) => Effect.sync(() => (plans.push(plan), { run: () => Effect.void })),
    synchronize: Effect.void,
    timed: (body) => Effect.map(body, (value) => [value, 0] as const),
    profiled: (body) => Effect.map(body, (value) => [value, []] as const),
    availableBytes: () => 2 ** 36
  }
  return { layer: Device.layer(Effect.succeed(Cuda.backend(driver, options))), plans }
}
