import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { bufferOf } from "../src/Buffer.ts"
import { Device } from "../src/Device.ts"
import { onReference } from "./onReference.ts"

const vector = (...values: ReadonlyArray<number>): Tensor => constant(make([values.length], "f32", values))

const values = (tensor: Tensor) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { data } = yield* device.read(tensor)
    return [...data]
  })

describe("donation", () => {
  const increment = Effect.gen(function* () {
    const device = yield* Device
    return yield* device.compile(
      (state: { readonly weights: Tensor; readonly steps: Tensor }, x: Tensor) => ({
        weights: add(state.weights, x),
        steps: add(state.steps, full({ shape: [], dtype: "i32", value: 1 }))
      }),
      { donate: [0], name: "increment" }
    )
  })

  it.effect("hands the memory of an argument to a result", () =>
    onReference({ memoryBytes: 16 + 4 + 16 })(
      Effect.gen(function* () {
        const device = yield* Device
        const step = yield* increment
        const x = yield* device.realize(vector(1, 1, 1, 1))
        let state = yield* device.realize({ weights: vector(0, 0, 0, 0), steps: constant(make([], "i32", [0])) })
        const addresses = [state.weights, state.steps].map((tensor) => bufferOf(tensor)!.allocation.address)
        for (let i = 0; i < 5; i++) state = yield* step(state, x)
        assert.deepStrictEqual(yield* values(state.weights), [5, 5, 5, 5])
        assert.deepStrictEqual(yield* values(state.steps), [5])
        assert.deepStrictEqual(
          addresses,
          [state.weights, state.steps].map((tensor) => bufferOf(tensor)!.allocation.address)
        )
        assert.strictEqual(yield* device.liveBuffers, 3)
      })
    )
  )

  it.effect("moves a buffer from the scope of the argument to the scope of the call", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const step = yield* increment
        const inner = yield* Scope.make()
        const state = yield* device
          .realize({ weights: vector(1), steps: constant(make([], "i32", [0])) })
          .pipe(Scope.provide(inner))
        const next = yield* step(state, vector(2))
        yield* Scope.close(inner, Exit.void)
        assert.deepStrictEqual(yield* values(next.weights), [3])
      })
    )
  )

  it.effect("makes the argument unusable, with its path in the failure", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const step = yield* increment
        const state = yield* device.realize({ weights: vector(1), steps: constant(make([], "i32", [0])) })
        yield* step(state, vector(2))
        const error = yield* Effect.flip(step(state, vector(2)))
        assert.strictEqual(error._tag, "UseAfterDonation")
        assert.strictEqual(
          error.message,
          "increment: expected a live tensor, received argument 0.weights, which was donated\n" +
            "  hint: after a call, use what it returned in place of its donated arguments"
        )
        assert.strictEqual((yield* Effect.flip(device.read(state.weights)))._tag, "UseAfterDonation")
      })
    )
  )

  it.effect("takes nothing when another argument cannot be used", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const step = yield* increment
        const state = yield* device.realize({ weights: vector(1), steps: constant(make([], "i32", [0])) })
        const gone = yield* Effect.scoped(device.realize(vector(2)))
        assert.strictEqual((yield* Effect.flip(step(state, gone)))._tag, "UseAfterRelease")
        assert.deepStrictEqual(yield* values(state.weights), [1])
        assert.deepStrictEqual(yield* values((yield* step(state, vector(5))).weights), [6])
      })
    )
  )

  it.effect("refuses one tensor as two arguments if one of them is donated", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const step = yield* increment
        const state = yield* device.realize({ weights: vector(1), steps: constant(make([], "i32", [0])) })
        assert.strictEqual((yield* Effect.flip(step(state, state.weights)))._tag, "UseAfterDonation")
        assert.deepStrictEqual(yield* values(state.weights), [1])
      })
    )
  )

  it.effect("frees a donated argument that no result can take over", () =>
    onReference()(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compile((x: Tensor) => full({ shape: [3], dtype: "f32", value: 1 + x.shape.length }), {
          donate: [0]
        })
        yield* f(yield* device.realize(vector(1)))
        assert.strictEqual(yield* device.liveBuffers, 1)
      })
    )
  )

  it.effect("keeps the arguments when there is no memory for the results", () =>
    onReference({ memoryBytes: 12 })(
      Effect.gen(function* () {
        const device = yield* Device
        const f = yield* device.compile((x: Tensor) => [add(x, x), mul(x, x)], { donate: [0] })
        const x = yield* device.realize(vector(1, 2))
        assert.strictEqual((yield* Effect.flip(f(x)))._tag, "OutOfMemory")
        assert.deepStrictEqual(yield* values(x), [1, 2])
        assert.strictEqual(yield* device.liveBuffers, 1)
      })
    )
  )
})
