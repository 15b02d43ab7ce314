import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Device } from "../src/Device.ts"
import * as ReferenceDevice from "../src/ReferenceDevice.ts"

/** Runs a test on a fresh reference device; when its scope has closed no buffer may be alive. */
export const onReference =
  (options: ReferenceDevice.Options = {}) =>
  <A, E>(test: Effect.Effect<A, E, Device | Scope.Scope>): Effect.Effect<A, E> =>
    Effect.gen(function* () {
      const device = yield* Device
      const result = yield* Effect.scoped(test)
      assert.strictEqual(yield* device.liveBuffers, 0, "live buffers at the end of the test")
      return result
    }).pipe(Effect.provide(ReferenceDevice.layerWith(options)))
