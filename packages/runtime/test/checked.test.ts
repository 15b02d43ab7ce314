import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { log } from "@cotangent/tensor/primitive/elementwise"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { add } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import { isRealized } from "../src/Buffer.ts"
import { Device } from "../src/Device.ts"
import { NonFinite } from "../src/errors.ts"
import { onReference } from "./onReference.ts"

const vector = (...values: ReadonlyArray<number>): Tensor => constant(make([values.length], "f32", values))
const step = ({ w }: { readonly w: Tensor }, x: Tensor) => ({ w: add(w, log(x)), x })

describe("compileChecked", () => {
  it.effect("gives what compile gives, realized", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const args = [{ w: vector(1, 2) }, vector(1, Math.E)] as const
        const checked = yield* (yield* device.compileChecked(step))(...args)
        const compiled = yield* (yield* device.compile(step))(...args)
        assert.isTrue(isRealized(checked.w) && isRealized(checked.x))
        assert.deepStrictEqual(yield* device.read(checked.w), yield* device.read(compiled.w))
        assert.deepStrictEqual(yield* device.read(checked.x), yield* device.read(compiled.x))
      })
    )
  )

  it.effect("uses up donated arguments, but not if it fails: then they can be looked at", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compileChecked(step, { donate: [0], name: "step" })
        const state = yield* device.realize({ w: vector(1, 2) })
        const before = yield* device.liveBuffers
        const error = yield* Effect.flip(f(state, vector(0, 1)))
        assert.strictEqual(error._tag, "NonFinite")
        assert.match(
          error.message,
          /^log f32\[2\]: expected finite values, received -Infinity at \[0\], 1 of 2 values\n {2}at: .*checked\.test\.ts:\d+:\d+\n/
        )
        assert.strictEqual(yield* device.liveBuffers, before)
        yield* device.read(state.w)
        yield* f(state, vector(1, 1))
        assert.strictEqual(yield* device.liveBuffers, before + 1)
        const used = yield* Effect.flip(f(state, vector(1, 1)))
        assert.strictEqual(used._tag, "UseAfterDonation")
        assert.match(used.message, /^step: expected a live tensor, received argument 0\.w/)
      })
    )
  )

  it.effect("ends with the scope it was made in", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const scope = yield* Scope.make()
        const f = yield* device.compileChecked(step).pipe(Scope.provide(scope))
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* Effect.flip(f({ w: vector(1) }, vector(1))))._tag, "UseAfterRelease")
      })
    )
  )

  it.effect("has its failure survive the way through JSON", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compileChecked((x: Tensor) => mul(x, x))
        const error = yield* Effect.flip(f(vector(1e30)))
        assert.instanceOf(error, NonFinite)
        const again = Schema.decodeUnknownSync(NonFinite)(
          JSON.parse(JSON.stringify(Schema.encodeSync(NonFinite)(error)))
        )
        assert.strictEqual(again.message, error.message)
        assert.match(error.message, /hint: the value is beyond the range of f32; scale or clip/)
      })
    )
  )
})
