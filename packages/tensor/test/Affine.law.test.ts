import * as Affine from "@cotangent/tensor/Affine"
import * as Evaluator from "@cotangent/tensor/Evaluator"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import * as fc from "fast-check"
import { describe, it } from "vitest"

const assertProperty: typeof fc.assert = fc.assert
const noLoads = () => (): number => Number.NaN

/** The values of `index` at every place of the variables, in row-major order. */
const table = (index: Scalar, variables: ReadonlyArray<Variable>): ReadonlyArray<number> => {
  const value = Evaluator.compile(index, variables, noLoads)
  const places = variables.reduce<ReadonlyArray<ReadonlyArray<number>>>(
    (all, { extent }) => all.flatMap((place) => Array.from({ length: extent }, (_, i) => [...place, i])),
    [[]]
  )
  return places.map(value)
}

const equal = (x: ReadonlyArray<number>, y: ReadonlyArray<number>): boolean => x.every((value, i) => value === y[i])
const shape = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })

/** An index over `variables` that is never negative. */
const indexOver = (variables: ReadonlyArray<Variable>): fc.Arbitrary<Scalar> =>
  fc
    .tuple(fc.nat(20), fc.tuple(...variables.map(() => fc.nat(12))))
    .map(([constant, factors]) =>
      factors.reduce<Scalar>(
        (sum, factor, i) => S.add(sum, S.mul(variables[i], S.constant(factor))),
        S.constant(constant)
      )
    )

const case_ = shape.chain((extents) => {
  const variables = extents.map(S.variable)
  return fc.record({
    variables: fc.constant(variables),
    index: indexOver(variables),
    divisor: fc.integer({ min: 1, max: 9 })
  })
})

describe("Affine", () => {
  it("the normal form has the values of the index", () => {
    assertProperty(
      fc.property(case_, ({ index, variables }) =>
        equal(table(Affine.toScalar(Affine.of(index)), variables), table(index, variables))
      )
    )
  })

  it("quotient and remainder are those of integers", () => {
    assertProperty(
      fc.property(case_, ({ divisor, index, variables }) => {
        const expected = table(index, variables)
        return (
          equal(
            table(Affine.quotient(index, divisor), variables),
            expected.map((x) => Math.floor(x / divisor))
          ) &&
          equal(
            table(Affine.remainder(index, divisor), variables),
            expected.map((x) => x % divisor)
          )
        )
      })
    )
  })

  it("bounds hold every value, and are reached by sums of variables", () => {
    assertProperty(
      fc.property(case_, ({ divisor, index, variables }) => {
        const within = (scalar: Scalar, isTight: boolean): boolean => {
          const [low, high] = Affine.bounds(Affine.of(scalar))
          const values = table(scalar, variables)
          return isTight
            ? low === Math.min(...values) && high === Math.max(...values)
            : values.every((value) => low <= value && value <= high)
        }
        return (
          within(index, true) &&
          within(Affine.quotient(index, divisor), false) &&
          within(Affine.remainder(index, divisor), false)
        )
      })
    )
  })

  it("flattening undoes unflattening, and leaves a single term", () => {
    assertProperty(
      fc.property(shape, (extents) => {
        const position = S.variable(extents.reduce((product, extent) => product * extent, 1))
        const again = Affine.flatten(Affine.unflatten(position, extents), extents)
        return Affine.of(again).terms.get(position) === 1 || position.extent === 1
      })
    )
  })

  it("a reshape to another shape and back costs nothing", () => {
    assertProperty(
      fc.property(shape, fc.nat(3), (extents, at) => {
        const split = extents.flatMap((extent, i) =>
          i === at % extents.length && extent % 2 === 0 ? [2, extent / 2] : [extent]
        )
        const variables = extents.map(S.variable)
        const there = Affine.unflatten(Affine.flatten(variables, extents), split)
        const { terms } = Affine.of(Affine.flatten(there, split))
        return [...terms.keys()].every((atom) => atom.tag === "variable")
      })
    )
  })
})
