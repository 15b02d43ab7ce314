/**
 * Attention of arbitrary sizes, with its gradients.
 */
import * as Autodiff from "@cotangent/autodiff/Gradient"
import type { AttentionOptions } from "@cotangent/nn/Attention"
import * as Attention from "@cotangent/nn/Attention"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import type { Program } from "@cotangent/tensor/Program"
import { trace } from "@cotangent/tensor/Program"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"

type Floats = Tensor.Tensor<Shape, "f32">

/** Attention of some size. */
export interface Case {
  readonly dtype: "f16" | "bf16" | "f32"
  readonly heads: number
  readonly queries: number
  readonly keys: number
  readonly width: number
  readonly features: number
  readonly kind: "none" | "causal" | "added" | "padding"
}

/** Attention whose sizes are among some. */
export const cases = (sizes: {
  readonly dtypes: ReadonlyArray<Case["dtype"]>
  readonly queries: ReadonlyArray<number>
  readonly keys: ReadonlyArray<number>
}): fc.Arbitrary<Case> =>
  fc.record({
    dtype: fc.constantFrom(...sizes.dtypes),
    heads: fc.integer({ min: 2, max: 3 }),
    queries: fc.constantFrom(...sizes.queries),
    keys: fc.constantFrom(...sizes.keys),
    width: fc.constantFrom(3, 16, 40, 64),
    features: fc.constantFrom(2, 16, 24),
    kind: fc.constantFrom("none", "causal", "added", "padding")
  })

/** The program of causal attention of some heads, each of so many places. */
export const causal = (heads: number, places: number, width: number): Program => {
  const each = { shape: [heads, places, width], dtype: "f32" } as const
  return trace([each, each, each], (query, key, value) => [
    Attention.scaledDotProductAttention(
      { query: query as Floats, key: key as Floats, value: value as Floats },
      { causal: true }
    )
  ])
}

const waves = (shape: ReadonlyArray<number>, seed: number): HostArray<"f32"> =>
  make(
    shape,
    "f32",
    Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => Math.sin(1.7 * i + 3.1 * seed + ((i * i) % 11)))
  )

const optionsOf = ({ dtype, keys, kind, queries }: Case): AttentionOptions => {
  switch (kind) {
    case "none":
      return {}
    case "causal":
      return { causal: true }
    case "added":
      return {
        mask: Tensor.cast(Tensor.reshape(Tensor.cos(Tensor.arange(queries * keys)), [queries, keys]), dtype) as Floats
      }
    case "padding":
      // The last keys are seen by no query, and one query sees none.
      return {
        mask: Tensor.logicalAnd(
          Tensor.reshape(Tensor.less(Tensor.arange(keys, { dtype: "i32" }), keys - 2), [1, keys]),
          Tensor.reshape(Tensor.notEqual(Tensor.arange(queries, { dtype: "i32" }), 3), [queries, 1])
        )
      }
  }
}

/** Averages, and the gradients of their product with some weights by queries, keys and values. */
export const results = (given: Case): Effect.Effect<ReadonlyArray<ArrayLike<number>>, DeviceError, Device> =>
  Effect.gen(function* () {
    const { dtype, features, heads, keys, queries, width } = given
    const device = yield* Device
    const put = (shape: ReadonlyArray<number>, seed: number) =>
      Effect.map(device.put(waves(shape, seed)), (x) => x as Floats)
    const all = [
      yield* put([heads, queries, width], 1),
      yield* put([heads, keys, width], 2),
      yield* put([heads, keys, features], 3),
      yield* put([heads, queries, features], 4)
    ] as const
    const rounded = (x: Floats): Floats => Tensor.cast(x, dtype) as Tensor.Tensor as Floats
    const attend = (query: Floats, key: Floats, value: Floats): Floats =>
      Attention.scaledDotProductAttention(
        { query: rounded(query), key: rounded(key), value: rounded(value) },
        optionsOf(given)
      ) as Floats
    const run = yield* device.compile((query: Floats, key: Floats, value: Floats, weights: Floats) => {
      const loss = ([q, k, v]: readonly [Floats, Floats, Floats]) =>
        Tensor.sum(Tensor.mul(Tensor.cast(attend(q, k, v), "f32"), weights)) as never
      const gradients = Autodiff.grad(loss)([query, key, value]) as ReadonlyArray<Floats>
      return [Tensor.cast(attend(query, key, value), "f32") as Floats, ...gradients]
    })
    const found = yield* run(...all)
    return yield* Effect.forEach(found, (x) => Effect.map(device.read(x), ({ data }) => data))
  }).pipe(Effect.scoped)
