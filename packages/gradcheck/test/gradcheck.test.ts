import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import { whileLoop } from "@cotangent/autodiff/Control"
import { customJvp, customVjp } from "@cotangent/autodiff/Custom"
import { stopGradient } from "@cotangent/autodiff/Gradient"
import { vjp } from "@cotangent/autodiff/Vjp"
import { ShapeError } from "@cotangent/tensor/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "fast-check"
import { assert, describe, expect, it } from "vitest"
import { checkGradients } from "../src/checkGradients.ts"
import { near, tensor } from "../src/generators.ts"
import { gradcheck } from "../src/gradcheck.ts"
import { all, ofDevice, ofReverse } from "../src/laws.ts"

type Floats = Tensor.Tensor<Shape, "f64">

interface Affine {
  readonly weight: Floats
  readonly bias: Floats
}

const dense = ({ bias, weight }: Affine, x: Floats): Floats => Tensor.tanh(Tensor.add(Tensor.matmul(x, weight), bias))

/** The product, whose gradient forgets a factor. */
const forgetful = customVjp(
  (params: { readonly scale: Floats }, x: Floats) => Tensor.mul(params.scale, x),
  ({ scale }, x) => [Tensor.mul(scale, x), [scale, x] as const],
  ([scale, x], c) => [{ scale: Tensor.mul(c, Tensor.mul(x, 2)) }, Tensor.mul(c, scale)]
)

const run = (test: () => Generator<Effect.Effect<unknown, unknown>, void, never>): Promise<void> =>
  Effect.runPromise(Effect.gen(test))

describe("gradcheck", () => {
  it("tries each law as often as it is told to", () =>
    run(function* () {
      const example = { weight: Tensor.ones([2, 2], "f64"), bias: Tensor.zeros([2], "f64") }
      const report = yield* gradcheck(dense, [example, Tensor.ones([3, 2], "f64")], { runs: 5, seed: 7 })
      expect(report.name).toBe("dense")
      expect(report.laws.map(({ law }) => law)).toEqual(all.filter((law) => !ofDevice.includes(law)))
      expect(report.laws.every(({ errors, runs }) => runs === 5 && errors.length === 5)).toBe(true)
    }))

  it("leaves out second derivatives for order 1", () =>
    Effect.runPromise(
      Effect.map(
        gradcheck(
          dense,
          [{ weight: Tensor.ones([1, 1], "f64"), bias: Tensor.zeros([1], "f64") }, Tensor.ones([1, 1], "f64")],
          { order: 1 }
        ),
        ({ laws }) =>
          assert.notIncludeMembers(
            laws.map(({ law }) => law),
            ["second", "symmetry"]
          )
      )
    ))

  it("names the input by its path, and replays a counterexample", () =>
    run(function* () {
      const inputs = fc
        .integer({ min: 1, max: 3 })
        .chain((n) => fc.tuple(fc.record({ scale: tensor([n]) }), tensor([n])))
      const fault = yield* Effect.flip(gradcheck(forgetful, inputs, { laws: ["vjp"], name: "forgetful" }))
      assert(fault._tag === "GradientMismatch")
      expect(fault).toMatchObject({ law: "vjp", input: "0.scale", index: [0], output: "output 0" })
      expect(fault.message).toContain("forgetful: expected that vjp is the derivative by central differences")
      expect(fault.message).toContain("vjp of output 0[0] by input 0.scale[0]: expected")
      expect(fault.message).toContain("0.scale = f64[1] ")
      const { path, seed } = fault
      const again = yield* Effect.flip(gradcheck(forgetful, inputs, { laws: ["vjp"], name: "forgetful", path, seed }))
      expect(again).toMatchObject({ counterexample: fault.counterexample })
    }))

  it("compares devices in each dtype", () =>
    run(function* () {
      const report = yield* gradcheck((x: Floats) => Tensor.exp(x), fc.tuple(tensor([3])), {
        laws: ofDevice,
        dtypes: ["f32", "f64"]
      }).pipe(Effect.provide(ReferenceDevice.layer))
      expect(report.laws.map(({ worst }) => worst.error)).toEqual([0, 0])
    }))

  it("takes numbers for scalars, and integers as they are", () =>
    run(function* () {
      const f = (x: Floats, i: Tensor.Tensor<readonly [number], "i32">, factor: Floats) =>
        Tensor.mul(Tensor.take(x, i), factor)
      const indices = tensor([2], { min: 0, max: 2, dtype: "i32" })
      const { name } = yield* gradcheck(f, fc.tuple(tensor([3]), indices, fc.constant(2)))
      expect(name).toBe("f")
    }))

  it("checks functions that differentiate", () =>
    run(function* () {
      const sine = (x: Floats) => {
        const [value, pull] = vjp((y: Floats) => Tensor.sin(y))(x)
        return { value, gradient: pull(Tensor.onesLike(x)) }
      }
      const { name } = yield* gradcheck(sine, fc.tuple(tensor([2])))
      expect(name).toBe("sine")
    }))

  it("dies of what the function throws", () =>
    run(function* () {
      const exit = yield* Effect.exit(gradcheck((x: Floats) => Tensor.matmul(x, x), fc.tuple(tensor([2, 3]))))
      expect(Exit.isFailure(exit) && String(exit.cause)).toContain(ShapeError.name)
    }))
})

/** `f` as often as `count` says, which leaves it without reverse mode. */
const repeatedly =
  (f: (x: Floats) => Floats) =>
  (count: Tensor.Tensor<readonly [], "i32">, x: Floats): Floats =>
    whileLoop(
      ({ left }) => Tensor.greater(left, 0),
      ({ left, y }) => ({ left: Tensor.sub(left, 1), y: f(y) }),
      { left: count, y: x }
    ).y

const repetitions = fc.tuple(tensor([], { min: 1, max: 3, dtype: "i32" }), tensor([2]))

describe("in forward mode", () => {
  it("a loop of unknown length obeys all laws but those of reverse mode", () =>
    run(function* () {
      const report = yield* gradcheck(
        repeatedly((x) => Tensor.sin(x)),
        repetitions,
        { mode: "forward" }
      ).pipe(Effect.provide(ReferenceDevice.layer))
      expect(report.laws.map(({ law }) => law)).toEqual(all.filter((law) => !ofReverse.includes(law)))
    }))

  it.each([
    ["jvp", (x: Floats) => Tensor.mul(x, 2)],
    ["second", (x: Floats) => stopGradient(Tensor.cos(x))]
  ] as const)("a rule that breaks %s is found", (law, factor) =>
    run(function* () {
      const sine = customJvp(
        (x: Floats) => Tensor.sin(x),
        ([x], [dx]) => Tensor.mul(factor(x), dx)
      )
      const fault = yield* Effect.flip(gradcheck(repeatedly(sine), repetitions, { mode: "forward" }))
      expect(fault).toMatchObject({ law })
    })
  )

  it("a second derivative that is not symmetric is found", () =>
    run(function* () {
      // The derivative by x forgets that it depends on y; the one by y does not forget x.
      const product = customJvp(
        (x: Floats, y: Floats) => Tensor.mul(x, y),
        ([x, y], [dx, dy]) => Tensor.add(Tensor.mul(stopGradient(y), dx), Tensor.mul(x, dy))
      )
      const options = { mode: "forward", laws: ["symmetry"] } as const
      const fault = yield* Effect.flip(gradcheck(product, fc.tuple(tensor([2]), tensor([2])), options))
      expect(fault).toMatchObject({ law: "symmetry", what: "⟨c, D²f(t, w)⟩ against ⟨c, D²f(w, t)⟩" })
    }))
})

describe("checkGradients", () => {
  it("is rejected with the counterexample", async () => {
    const inputs = [{ scale: Tensor.of([2], "f64") }, Tensor.of([3], "f64")] as const
    await expect(checkGradients(forgetful, [...inputs], { name: "forgetful", laws: ["vjp"] })).rejects.toThrow(
      "by input 0.scale[0]: expected 3, received 6"
    )
  })
})

describe("tensor", () => {
  it("draws from a domain, away from kinks", () => {
    const drawn = fc.sample(tensor([5], { min: -1, max: 1, away: [0], distance: 0.5 }), 50)
    expect(drawn.every(({ data }) => data.every((x) => Math.abs(x) >= 0.5 && Math.abs(x) <= 1))).toBe(true)
  })

  it("draws elements that differ", () => {
    const drawn = fc.sample(tensor([9], { isDistinct: true }), 50)
    expect(drawn.every(({ data }) => new Set(data).size === 9)).toBe(true)
  })

  it("says that a domain is empty", () => {
    expect(() => tensor([1], { min: 0, max: 0, away: [0] })).toThrow("expected hundredths from 0 to 0")
  })
})

it("near keeps signs and shrinks to the example", () => {
  const example = { shape: [2], dtype: "f64" as const, data: Float64Array.of(-2, 3) }
  const { counterexample } = fc.check(fc.property(near(example), ({ data }) => data[0] > 0))
  expect(counterexample?.[0].data).toEqual(example.data)
})
