import { recorder } from "@cotangent/testing/gpu"
import * as Autodiff from "@cotangent/autodiff/Gradient"
import type { AttentionOptions } from "@cotangent/nn/Attention"
import * as Attention from "@cotangent/nn/Attention"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import { make } from "@cotangent/tensor/HostArray"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { layerOn } from "./device.ts"
import { emulator } from "./support.ts"

const standIn = emulator()
const always = { f16: 0, bf16: 0, f32: 0 }

type Half = "f16" | "bf16" | "f32"
type Floats = Tensor.Tensor<Shape, "f32">

/** Attention of some size. */
interface Case {
  readonly dtype: Half
  readonly heads: number
  readonly queries: number
  readonly keys: number
  readonly width: number
  readonly features: number
  readonly kind: "none" | "causal" | "added" | "padding"
}

const cases: fc.Arbitrary<Case> = fc.record({
  dtype: fc.constantFrom("f32", "bf16", "f16"),
  heads: fc.integer({ min: 2, max: 3 }),
  queries: fc.constantFrom(5, 64, 70, 130),
  keys: fc.constantFrom(7, 64, 65, 128),
  width: fc.constantFrom(3, 16, 40, 64),
  features: fc.constantFrom(2, 16, 24),
  kind: fc.constantFrom("none", "causal", "added", "padding")
})

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

/** Averages and the gradients of their product with some weights. */
const results = (given: Case): Effect.Effect<ReadonlyArray<ArrayLike<number>>, DeviceError, Device> =>
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

/** How far sums of products of a dtype may be off, as a part of their size. */
const tolerance: Readonly<Record<Half, number>> = { f32: 2e-5, f16: 1e-2, bf16: 6e-2 }

describe.skipIf(standIn.obstacle !== undefined)("attention by blocks on the stand-in", () => {
  const runtimes = [0, 1, 2].map((ORDER) => layerOn(standIn, { ORDER, options: { leastScores: always } }))
  afterAll(() => undefined)

  it(
    "is that of the reference, and so are its gradients, whatever its size and its mask",
    () =>
      fc.assert(
        fc.asyncProperty(cases, fc.nat(2), async (given, ORDER) => {
          standIn.configure({ ORDER })
          const received = await Effect.runPromise(results(given).pipe(Effect.provide(runtimes[ORDER])))
          const expected = await Effect.runPromise(results(given).pipe(Effect.provide(ReferenceDevice.layer)))
          received.forEach((values, i) => {
            const size = Math.max(...Array.from(expected[i], Math.abs))
            const error = Math.max(...Array.from(values, (x, at) => Math.abs(x - expected[i][at])))
            expect(error, `${["values", "dQ", "dK", "dV"][i]} of size ${size}`).toBeLessThanOrEqual(
              tolerance[given.dtype] * Math.max(size, 1)
            )
          })
        }),
        { numRuns: Number(process.env["LAW_RUNS"] ?? 16), seed: 1 }
      ),
    300_000
  )
})

describe("attention by blocks", () => {
  it("keeps no scores, in a step of training neither", async () => {
    const size = { dtype: "f32", heads: 4, queries: 256, keys: 256, width: 16, features: 16, kind: "causal" } as const
    const scores = size.heads * size.queries * size.keys
    for (const [leastScores, isKept] of [
      [{}, true],
      [{ f32: 0 }, false]
    ] as const) {
      const { layer, plans } = recorder({ leastScores })
      await Effect.runPromise(results(size).pipe(Effect.provide(layer)))
      expect(Math.max(...plans.map(({ scratchBytes }) => scratchBytes)) >= 4 * scores).toBe(isKept)
    }
  })
})
