/**
 * What comparisons of places hide: tiles in which no term counts, as those of keys that come after every query.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { partsOf } from "./freedom.ts"

/** A term, and the value by which it does not count. */
export interface Term {
  readonly value: Scalar
  readonly neutral: number
}

/** The places of a tile: names of the first and the last along each axis. */
export type Corners = ReadonlyMap<Variable, readonly [first: string, last: string]>

/**
 * A condition, of C, under which all `terms` are neutral throughout a tile; undefined where there is none. A sum of
 * what is hidden and something that is not a number is taken to be hidden, too.
 */
export const hidden = (terms: ReadonlyArray<Term>, corners: Corners): string | undefined => {
  const comparisons = [...partsOf(terms.map(({ value }) => value))].flatMap((scalar) => {
    const excess = excessOf(scalar, corners)
    return excess === undefined ? [] : [{ scalar, condition: `${least(excess, corners)} > 0` }]
  })
  // Equal comparisons are false together.
  const found = comparisons.find(({ condition }) => {
    const equal = comparisons.filter((other) => other.condition === condition).map(({ scalar }) => scalar)
    return terms.every(({ neutral, value }) => valueWithout(value, equal) === neutral)
  })
  return found?.condition
}

/** What is above 0 where a comparison of places is false. */
const excessOf = (scalar: Scalar, corners: Corners): Affine.Affine | undefined => {
  if (scalar.tag !== "call" || (scalar.op !== "less" && scalar.op !== "lessEqual")) return undefined
  const [x, y] = scalar.args
  if (x.dtype !== "i32") return undefined
  const { constant, terms } = Affine.of(S.sub(x, y))
  const isPlaces = [...terms.keys()].every((atom) => atom.tag === "variable" && corners.has(atom))
  return isPlaces ? { constant: constant + (scalar.op === "less" ? 1 : 0), terms } : undefined
}

/** The least value of a sum of places in a tile. */
const least = ({ constant, terms }: Affine.Affine, corners: Corners): string =>
  [...terms].reduce((text, [atom, factor]) => {
    const [first, last] = corners.get(atom as Variable)!
    return `${text} + ${factor} * (${factor > 0 ? first : last})`
  }, String(constant))

/** The value of a scalar where some conditions are false, if that is a number whatever else there is. */
const valueWithout = (root: Scalar, conditions: ReadonlyArray<Scalar>): number | undefined => {
  const known = new Map<Scalar, number | undefined>(conditions.map((condition) => [condition, 0] as const))
  const visit = (scalar: Scalar): number | undefined => {
    if (known.has(scalar)) return known.get(scalar)
    const value =
      scalar.tag === "constant"
        ? scalar.value
        : scalar.tag === "call"
          ? folded(scalar.op, scalar.args.map(visit))
          : undefined
    known.set(scalar, value)
    return value
  }
  return visit(root)
}

const folded = (op: S.Instruction, [x, y, z]: ReadonlyArray<number | undefined>): number | undefined => {
  switch (op) {
    case "and":
      return x === 0 || y === 0 ? 0 : undefined
    case "select":
      return x === undefined ? (y === z ? y : undefined) : x === 0 ? z : y
    case "exp":
      return x === -Infinity ? 0 : undefined
    case "add":
      return x === -Infinity || y === -Infinity ? -Infinity : undefined
    case "sub":
      return x === -Infinity ? -Infinity : undefined
    case "mul":
      return x === 0 || y === 0 ? 0 : undefined
    case "div":
      return x === 0 ? 0 : undefined
    case "cast":
      return x
    case "neg":
      return x === undefined ? undefined : -x
    default:
      return undefined
  }
}
