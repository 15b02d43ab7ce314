import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import { grad, stopGradient, valueAndGrad } from "../src/index.ts"
import { of, values } from "./numeric.ts"

const scalar = (value: number) => of([], [value])
const cube = (x: T.Tensor): T.Tensor => T.mul(x, T.mul(x, x))

describe("grad", () => {
  it("differentiates to any order", () => {
    const orders = [cube, grad(cube), grad(grad(cube)), grad(grad(grad(cube))), grad(grad(grad(grad(cube))))]
    expect(values(orders.map((f) => f(scalar(2))))).toEqual([[8], [12], [12], [6], [0]])
  })

  it("is smooth where smooth functions join: derivatives of every order at 0", () => {
    // The value, σ(0), σ′(0), σ″(0), σ‴(0) of softplus; of the others up to signs.
    const softplus = [Math.log(2), 1 / 2, 1 / 4, 0, -1 / 8]
    const mirrored = softplus.map((value, order) => (order % 2 === 0 ? -value : value))
    const withZero = (x: T.Tensor): T.Tensor => T.logAddExp(x, scalar(0))
    const zeroWith = (x: T.Tensor): T.Tensor => T.logAddExp(scalar(0), x)
    for (const [f, expected] of [
      [T.softplus, softplus],
      [T.logSigmoid, mirrored],
      [withZero, softplus],
      [zeroWith, softplus]
    ] as ReadonlyArray<readonly [(x: T.Tensor) => T.Tensor, ReadonlyArray<number>]>) {
      let derivative = f
      for (const value of expected) {
        expect(values([derivative(scalar(0))])[0][0]).toBeCloseTo(value, 14)
        derivative = grad(derivative)
      }
    }
  })

  it("gives a tree like the parameters, and passes other arguments on", () => {
    interface Params {
      readonly weight: T.Tensor
      readonly bias: readonly [T.Tensor]
    }
    const loss = ({ bias, weight }: Params, x: T.Tensor, power: number) =>
      T.sum(T.add(T.mul(weight, x), T.pow(bias[0], power)))
    const gradient = grad(loss)({ weight: of([2], [1, 2]), bias: [scalar(3)] }, of([2], [5, 7]), 2)
    expect(values([gradient.weight, gradient.bias[0]])).toEqual([[5, 7], [12]])
  })

  it("differentiates by the argument that is named", () => {
    const f = (x: T.Tensor, y: T.Tensor) => T.mul(x, T.mul(y, y))
    expect(values([grad(f, { argument: 1 })(scalar(2), scalar(3))])).toEqual([[12]])
    expect(() => grad(f, { argument: 2 })(scalar(2), scalar(3))).toThrow(
      "grad: expected an argument from 0 to 1 to differentiate by, received 2"
    )
  })

  it("counts each place of a tree for itself, also where one tensor stands in two", () => {
    const x = scalar(3)
    const { a, b } = grad(({ a, b }: { readonly a: T.Tensor; readonly b: T.Tensor }) => T.mul(a, T.mul(b, x)))({
      a: x,
      b: x
    })
    expect(values([a, b])).toEqual([[9], [9]])
  })

  it("keeps the dtype of the parameters", () => {
    const gradient = grad((x: T.Tensor) => T.sum(T.cast(x, "f64")))(T.zeros([2], "f32"))
    expect(gradient.dtype).toBe("f32")
  })

  it("asks for a scalar", () => {
    expect(() => grad((x: T.Tensor) => x)(T.zeros([3]))).toThrow(
      "grad: expected a function that gives a scalar, received [3]\n  hint: reduce it with Tensor.mean or Tensor.sum, or use jacobian"
    )
    expect(() => grad((x: T.Tensor) => T.cast(x, "i32"))(scalar(1))).toThrow(
      "grad: expected a function that gives a float, received i32"
    )
    expect(() => grad((x: T.Tensor) => [x])(scalar(1))).toThrow(
      "expected a function that gives a scalar, received an array of 1"
    )
  })

  it("asks for floats, naming the leaf that is none", () => {
    const f = ({ w }: { readonly w: T.Tensor; readonly step: T.Tensor }) => w
    expect(() => grad(f)({ w: scalar(1), step: of([], [1], "i32") })).toThrow(
      'grad: expected floats to differentiate by, at "step" of argument 0, received i32\n' +
        "  hint: pass what does not train as another argument"
    )
  })
})

describe("valueAndGrad", () => {
  it("gives value and gradient", () => {
    const [value, gradient] = valueAndGrad(cube)(scalar(2))
    expect(values([value, gradient])).toEqual([[8], [12]])
  })

  it("passes auxiliary output through as it is", () => {
    const f = (x: T.Tensor) => [cube(x), { seen: [x], note: "kept" }] as const
    const [value, gradient, auxiliary] = valueAndGrad(f, { hasAux: true })(scalar(2))
    expect(values([value, gradient, auxiliary.seen[0]])).toEqual([[8], [12], [2]])
    expect(auxiliary.note).toBe("kept")
  })

  it("explains auxiliary output that is not there", () => {
    const f = cube as unknown as (x: T.Tensor) => readonly [T.Tensor, T.Tensor]
    expect(() => valueAndGrad(f, { hasAux: true })(scalar(2))).toThrow(
      "valueAndGrad: expected a function that gives [value, auxiliary], as hasAux says, received a tensor"
    )
  })
})

describe("stopGradient", () => {
  it("keeps the values of a tree and ends its derivatives", () => {
    const f = (x: T.Tensor) => T.mul(x, stopGradient({ x }).x)
    expect(values([f(scalar(3)), grad(f)(scalar(3))])).toEqual([[9], [3]])
  })
})
