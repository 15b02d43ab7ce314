/** The device `cuda` on the stand-in. */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Options } from "../src/Cuda.ts"
import { backend } from "../src/Cuda.ts"
import type { Behavior, Emulator } from "./support.ts"

/** The device over a GPU of the stand-in; memory is pooled as on a real one. */
export const layerOn = (
  standIn: Emulator,
  { options = {}, ...behavior }: Partial<Behavior> & { readonly options?: Options } = {}
): Layer.Layer<Device, DeviceUnavailable> =>
  Device.layer(
    Effect.map(standIn.open(behavior, { COTANGENT_CUDA_POOL: undefined }), (driver) => backend(driver, options))
  )
