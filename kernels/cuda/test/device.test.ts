import { Device } from "@cotangent/runtime/Device"
import { make } from "@cotangent/tensor/HostArray"
import * as Tensor from "@cotangent/tensor/Tensor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { layerOn } from "./device.ts"
import { emulator } from "./support.ts"

const standIn = emulator()

describe.skipIf(standIn.obstacle !== undefined)("the device cuda on the stand-in", () => {
  it.effect("has done everything when it is synchronized, and not before", () =>
    Effect.gen(function* () {
      const device = yield* Device
      const x = yield* device.put(make([1000], "f32", new Float32Array(1000).fill(2)))
      const run = yield* device.compile((given: typeof x) => Tensor.exp(given))
      yield* run(x)
      yield* device.synchronize
      const before = standIn.statistics().launches
      yield* run(x)
      assert.strictEqual(standIn.statistics().launches, before)
      yield* device.synchronize
      assert.strictEqual(standIn.statistics().launches, before + 1)
    }).pipe(Effect.scoped, Effect.provide(layerOn(standIn, { LAZY: 1 })))
  )
})
