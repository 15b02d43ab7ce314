/**
 * Values and derivatives where formulas are fragile: at kinks, near 0, in tails, at large numbers.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Tensor } from "../src/Primitive.ts"
import * as T from "../src/Tensor.ts"
import { derivativesAt, gradientOf, nested, values, valuesAt } from "./evaluated.ts"

const expectClose = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>, relative = 4e-15): void => {
  expect(actual).toHaveLength(expected.length)
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `${value} against ${expected[i]}`).toBeLessThanOrEqual(
      relative * Math.abs(expected[i])
    )
  })
}

describe("derivatives at kinks", () => {
  it("are those of the conventions", () => {
    expect(derivativesAt(T.softplus, [0])).toEqual([0.5])
    expect(derivativesAt(T.logSigmoid, [0])).toEqual([0.5])
    expect(derivativesAt(T.relu, [-1, 0, 1])).toEqual([0, 0, 1])
    expect(derivativesAt(T.abs, [-2, 0, 2])).toEqual([-1, 0, 1])
    expect(derivativesAt(T.maximum(0), [-1, 0, 1])).toEqual([0, 0.5, 1])
    expect(derivativesAt(T.max(0), [1, 2, 2])).toEqual([0, 0.5, 0.5])
    expect(derivativesAt(T.norm(0), [0, 0])).toEqual([0, 0])
    expect(derivativesAt(T.standardDeviation(0), [3, 3])).toEqual([0, 0])
    expect(derivativesAt(T.round, [0.3])).toEqual([0])
  })

  it("of products are exact where factors are 0", () => {
    expect(derivativesAt(T.prod(0), [2, 0, 3])).toEqual([0, 6, 0])
    expect(derivativesAt(T.prod(0), [0, 0, 3])).toEqual([0, 0, 0])
    expect(derivativesAt(T.pow(2), [0])).toEqual([0])
    expect(derivativesAt(T.pow(0), [0])).toEqual([0])
    expect(derivativesAt(T.pow(3), [-2])).toEqual([12])
  })

  it("of powers are exact at 0, to every order and for exponents that are data", () => {
    const power = (exponent: number) => (x: Tensor) => T.pow(x, T.fullLike(x, exponent))
    const derivative = (f: (x: Tensor) => Tensor) => (x: Tensor) => gradientOf(f, x)
    const coefficient = (exponent: number, order: number): number =>
      Array.from({ length: order }, (_, k) => exponent - k).reduce((product, factor) => product * factor, 1)
    fc.assert(
      fc.property(fc.nat(4), fc.nat(3), (exponent, order) => {
        let f: (x: Tensor) => Tensor = power(exponent)
        for (let k = 0; k < order; k++) f = derivative(f)
        // Only the power that is level by now is not 0 at 0.
        const atZero = exponent === order ? coefficient(exponent, order) : 0
        expect(valuesAt(f, [0]).map((value) => value + 0)).toEqual([atZero + 0])
      })
    )
  })

  it("of remainders are 1, and the negated floor in the divisor", () => {
    expect(derivativesAt(T.remainder(3), [5, -5])).toEqual([1, 1])
    expect(derivativesAt((y) => T.remainder(5, y), [3, -3])).toEqual([-1, 2])
  })
})

describe("hyperbolic functions", () => {
  const small = [-1e-10, 1e-10, 1e-3, 0.5]
  it("are accurate near 0 and in the tails", () => {
    expectClose(valuesAt(T.sinh, small), small.map(Math.sinh))
    expectClose(valuesAt(T.asinh, [...small, -3, 20, 1e9, -1e200]), [...small, -3, 20, 1e9, -1e200].map(Math.asinh))
    expectClose(valuesAt(T.atanh, [...small, -0.999999]), [...small, -0.999999].map(Math.atanh))
    expectClose(valuesAt(T.acosh, [1.5, 20, 1e9, 1e200]), [1.5, 20, 1e9, 1e200].map(Math.acosh))
    expectClose(valuesAt(T.acosh, [1 + 2 ** -40]), [Math.sqrt(2 ** -39) * (1 - 2 ** -40 / 12)])
    expectClose(valuesAt(T.cosh, [0, 1e-5, 3]), [0, 1e-5, 3].map(Math.cosh))
    expect(values(T.asinh(T.of([1e30, -1e30])))).toEqual([1e30, -1e30].map((x) => Math.fround(Math.asinh(x))))
  })

  it("have accurate derivatives", () => {
    expect(derivativesAt(T.asinh, [0])).toEqual([1])
    expectClose(derivativesAt(T.asinh, [-2, 1e-9, 1e200]), [1 / Math.sqrt(5), 1, 1e-200])
    expectClose(derivativesAt(T.acosh, [2, 1e200]), [1 / Math.sqrt(3), 1e-200])
    expectClose(derivativesAt(T.cosh, [1e-10, 1]), [1e-10, Math.sinh(1)])
    expectClose(derivativesAt(T.atanh, [0, 0.5]), [1, 4 / 3])
  })
})

describe("angles and lengths", () => {
  it("are accurate at the ends of their domain", () => {
    expectClose(valuesAt(T.acos, [1 - 2 ** -40, -1, 0]), [Math.acos(1 - 2 ** -40), Math.PI, Math.PI / 2])
    expectClose(valuesAt(T.asin, [1, -1, 1e-12]), [Math.PI / 2, -Math.PI / 2, 1e-12])
    expectClose(derivativesAt(T.acos, [0.6]), [-1.25])
    expectClose(derivativesAt(T.asin, [0.6]), [1.25])
  })

  it("do not overflow", () => {
    expect(values(T.hypot(T.of([3e30, 0, -5, Infinity]), T.of([4e30, 0, 12, 1])))).toEqual([
      Math.fround(5e30),
      0,
      13,
      Infinity
    ])
    expectClose(valuesAt(T.hypot(4e200), [3e200]), [5e200])
    expect(derivativesAt((x) => T.hypot(x, T.zerosLike(x)), [0, 2, -2])).toEqual([0, 1, -1])
    expectClose(derivativesAt(T.hypot(4), [3, 0]), [0.6, 0])
    expectClose(
      derivativesAt((x) => T.hypot(x, x), [2]),
      [Math.SQRT2]
    )
  })
})

describe("exponentials", () => {
  it("stay finite at ±800", () => {
    const far = [-800, 800]
    expect(valuesAt(T.softplus, far)).toEqual([0, 800])
    expect(valuesAt(T.logSigmoid, far)).toEqual([-800, -0])
    expect(valuesAt(T.sigmoid, far)).toEqual([0, 1])
    expect(derivativesAt(T.softplus, far)).toEqual([0, 1])
    expect(derivativesAt(T.sigmoid, far)).toEqual([0, 0])
    expect(valuesAt(T.logSumExp(0), [-800, -800])).toEqual([-800 + Math.LN2])
    expect(valuesAt(T.logSumExp(0), [800, 0])).toEqual([800])
    expect(valuesAt(T.softmax(0), [800, 800, -800])).toEqual([0.5, 0.5, 0])
    expect(valuesAt(T.logSoftmax(0), [800, -800])).toEqual([0, -1600])
    expect(derivativesAt(T.logSumExp(0), [800, -800])).toEqual([1, 0])
    expect(nested(T.logSumExp(T.of([-Infinity, -Infinity])))).toBe(-Infinity)
    expect(nested(T.logSumExp(T.of([Infinity, 0])))).toBe(Infinity)
  })

  it("are exact for whole powers of two and ten", () => {
    expect(valuesAt(T.exp2, [10, -3, 0])).toEqual([1024, 0.125, 1])
    expect(valuesAt(T.log2, [8, 1 / 1024])).toEqual([3, -10])
    expectClose(valuesAt(T.log10, [1000]), [3])
  })
})

describe("variance", () => {
  it("does not cancel far from 0", () => {
    expect(valuesAt(T.variance(0), [1e9, 1e9 + 1, 1e9 + 2])).toEqual([2 / 3])
  })

  it("has a second derivative that sees the mean move", () => {
    const x = T.of([1, 2, 4], "f64")
    const slope = (y: Tensor): Tensor => gradientOf(T.variance(0), y)
    const direction = T.of([1, 0, 0], "f64")
    const hessianRow = gradientOf((y) => T.mul(slope(y), direction), x)
    expectClose(values(hessianRow), [4 / 9, -2 / 9, -2 / 9], 1e-14)
  })
})
