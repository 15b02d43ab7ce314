/**
 * What workloads run on.
 */
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import type { Profile } from "@cotangent/wasm/Profile"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** How a device is set up. */
export interface Setting {
  readonly threads: number
  readonly profile?: Profile | undefined
}

/** Each device by name. */
export const devices: Readonly<Record<string, (setting: Setting) => Layer.Layer<Device, DeviceUnavailable>>> = {
  wasm: ({ profile, threads }) =>
    Layer.unwrap(
      Effect.gen(function* () {
        const [Wasm, WideSimd] = yield* Effect.promise(() =>
          Promise.all([import("@cotangent/wasm/Wasm"), import("@cotangent/wasm/WideSimd")])
        )
        // Ours is the whole process, so its engine may be told to join vectors, before anything is compiled.
        const isWide = WideSimd.enable().isEnabled
        return Wasm.layerWith({ isWide, threads, ...(profile === undefined ? {} : { profile }) })
      })
    ),
  cuda: () =>
    Layer.unwrap(
      Effect.map(
        Effect.promise(() => import("@cotangent/cuda/Cuda")),
        ({ layer }) => layer
      )
    ),
  reference: () =>
    Layer.unwrap(
      Effect.map(
        Effect.promise(() => import("@cotangent/runtime/ReferenceDevice")),
        ({ layer }) => layer
      )
    )
}
