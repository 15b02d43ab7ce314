/**
 * The devices that tests run on, by name.
 */
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A module that exports the layer of a device. */
interface DeviceModule {
  readonly layer: Layer.Layer<Device, DeviceUnavailable>
}

/** A device, and the dtypes of floats that it is tested in. */
export interface DeviceRow {
  readonly layer: Layer.Layer<Device, DeviceUnavailable>
  readonly dtypes: ReadonlyArray<"f64" | "f32">
}

/** Modules are loaded when their device is used. */
const row = (load: () => Promise<DeviceModule>, dtypes: DeviceRow["dtypes"]): DeviceRow => ({
  layer: Layer.unwrap(Effect.map(Effect.promise(load), ({ layer }) => layer)),
  dtypes
})

/** The devices that every machine has, by name. */
export const devices = {
  reference: row(() => import("@cotangent/runtime/ReferenceDevice"), ["f64"]),
  wasm: row(() => import("@cotangent/wasm/Wasm"), ["f32", "f64"])
} satisfies Readonly<Record<string, DeviceRow>>

/** Every device by its name, those among them that a machine may lack. */
export const every = {
  ...devices,
  cuda: row(() => import("@cotangent/cuda/Cuda"), ["f32", "f64"])
} satisfies Readonly<Record<string, DeviceRow>>
