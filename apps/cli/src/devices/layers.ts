/**
 * The devices that commands can run on.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import type { Profile } from "@cotangent/wasm/Profile"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A way to get a device. */
export type DeviceLayer = Layer.Layer<Device, DeviceUnavailable>

/** How a device computes. */
export interface DeviceSettings {
  /** Threads of devices that have them; as many as there are cores unless stated. */
  readonly threads?: number | "auto" | undefined
  /** What notes the times of kernels. */
  readonly profile?: Profile | undefined
}

const wasmWith = ({ profile, threads = "auto" }: DeviceSettings): DeviceLayer =>
  Layer.unwrap(
    Effect.gen(function* () {
      const [Wasm, WideSimd] = yield* Effect.promise(() =>
        Promise.all([import("@cotangent/wasm/Wasm"), import("@cotangent/wasm/WideSimd")])
      )
      // Ours is the whole process, so its engine may be told to join vectors, before anything is compiled.
      return Wasm.layerWith({
        isWide: WideSimd.enable().isEnabled,
        threads,
        ...(profile === undefined ? {} : { profile })
      })
    })
  )

const wasm = wasmWith({})

const reference: DeviceLayer = Layer.unwrap(
  Effect.map(
    Effect.promise(() => import("@cotangent/runtime/ReferenceDevice")),
    ({ layer }) => layer
  )
)

const cuda: DeviceLayer = Layer.unwrap(
  Effect.map(
    Effect.promise(() => import("@cotangent/cuda/Cuda")),
    ({ layer }) => layer
  )
)

/** Each device by name, in the order in which they are listed. */
export const devices: Readonly<Record<string, DeviceLayer>> = { wasm, reference, cuda }

/** What `--device` accepts: a device, or `auto` for the first that is available. */
export const choices = (settings: DeviceSettings = {}): Readonly<Record<string, DeviceLayer>> => {
  const configured = wasmWith(settings)
  // No other notes times.
  if (settings.profile !== undefined) return { auto: configured, wasm: configured }
  return { auto: Device.firstAvailable(configured, reference), ...devices, wasm: configured }
}
