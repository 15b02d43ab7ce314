import { vjp } from "@cotangent/autodiff/Vjp"
import { compile } from "@cotangent/compiler/Compile"
import { scaledDotProductAttention } from "@cotangent/nn/Attention"
import { Device } from "@cotangent/runtime/Device"
import * as Reference from "@cotangent/runtime/ReferenceDevice"
import * as HostArray from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { trace } from "@cotangent/tensor/Program"
import type * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const assertAsyncProperty: typeof fc.assert = fc.assert

/** What attention is asked. */
interface Question {
  readonly dtype: "f32" | "f64"
  readonly batch: ReadonlyArray<number>
  readonly queries: number
  readonly keys: number
  readonly width: number
  readonly features: number
  readonly causal: boolean
}

const questions = (): fc.Arbitrary<Question> =>
  fc.record({
    dtype: fc.constantFrom("f32" as const, "f64" as const),
    batch: fc.constantFrom([16], [4, 5], [2, 2, 4], [17], [3], [32, 1]),
    queries: fc.integer({ min: 1, max: 9 }),
    keys: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    features: fc.integer({ min: 1, max: 9 }),
    causal: fc.boolean()
  })

const waves = (seed: number, shape: ReadonlyArray<number>, dtype: Question["dtype"]): Tensor.Tensor => {
  const length = shape.reduce((product, extent) => product * extent, 1)
  const data = Array.from({ length }, (_, i) => Math.sin(3 * i + seed))
  return constant(HostArray.make(shape, dtype, data))
}

type Floats = Tensor.Tensor<ReadonlyArray<number>, "f32" | "f64">

/** Attention, and what a cotangent of it becomes. */
const answer = ({ batch, causal, dtype, features, keys, queries, width }: Question): ReadonlyArray<Tensor.Tensor> => {
  const of = (seed: number, ...shape: ReadonlyArray<number>): Floats =>
    // Made with one of these dtypes.
    waves(seed, [...batch, ...shape], dtype) as Floats
  const [value, pullback] = vjp((query: Floats, key: Floats, v: Floats) =>
    scaledDotProductAttention({ query, key, value: v }, { causal })
  )(of(1, queries, width), of(2, keys, width), of(3, keys, features))
  return [value, ...pullback(of(4, queries, features))]
}

const run = (question: Question) =>
  Effect.gen(function* () {
    const device = yield* Device
    const values = yield* Effect.forEach(yield* device.realize(answer(question)), device.read)
    return values.flatMap(({ data }) => [...data])
  }).pipe(Effect.scoped)

describe("steps that run by tiles", () => {
  it("have what passes between them in private memory", () => {
    const shape = [16, 32, 8]
    const program = trace(
      [1, 2, 3].map(() => ({ shape, dtype: "f32" as const })),
      // Parameters of this dtype.
      (...given) => {
        const [query, key, value] = given as unknown as ReadonlyArray<Floats>
        return [scaledDotProductAttention({ query, key, value })]
      }
    )
    const { privateBytes, steps } = compile(program)
    expect(steps.map(({ tag }) => tag)).toContain("tiles")
    // The scores of one head.
    expect(privateBytes).toBeGreaterThanOrEqual(32 * 32 * 4)
    expect(privateBytes).toBeLessThan(16 * 32 * 32 * 4)
  })

  it("agree with the reference, and give the same bits for any number of threads", async () => {
    await assertAsyncProperty(
      fc.asyncProperty(questions(), async (question) => {
        const expected = await Effect.runPromise(Effect.provide(run(question), Reference.layer))
        const alone = await Effect.runPromise(Effect.provide(run(question), Wasm.layer))
        alone.forEach((value, i) => expect(value).toBeCloseTo(expected[i], question.dtype === "f32" ? 5 : 12))
        const shared = await Effect.runPromise(Effect.provide(run(question), Wasm.layerWith({ threads: 3 })))
        expect(shared).toEqual(alone)
      }),
      { numRuns: 20 }
    )
  })
})
