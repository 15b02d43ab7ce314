/**
 * What comparisons of places hide: tiles in which no term counts, as those of keys that come after every query.
 */
import type { Term } from "@cotangent/compiler/Hidden"
import { constantGiven, excessOf } from "@cotangent/compiler/Hidden"
import type * as Affine from "@cotangent/tensor/Affine"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { partsOf } from "./freedom.ts"

/** The places of a tile: names of the first and the last along each axis. */
export type Corners = ReadonlyMap<Variable, readonly [first: string, last: string]>

/**
 * A condition, of C, under which all `terms` are neutral throughout a tile; undefined where there is none. A sum of
 * what is hidden and something that is not a number is taken to be hidden, too.
 */
export const hidden = (terms: ReadonlyArray<Term>, corners: Corners): string | undefined => {
  const comparisons = [...partsOf(terms.map(({ value }) => value))].flatMap((scalar) => {
    const excess = excessIn(scalar, corners)
    return excess === undefined ? [] : [{ scalar, condition: `${least(excess, corners)} > 0` }]
  })
  // Equal comparisons are false together.
  const found = comparisons.find(({ condition }) => {
    const equal = comparisons.filter((other) => other.condition === condition).map(({ scalar }) => scalar)
    const valueOf = constantGiven((scalar) => (equal.includes(scalar) ? 0 : undefined))
    return terms.every(({ neutral, value }) => valueOf(value) === neutral)
  })
  return found?.condition
}

/** What is above 0 where a comparison of places of a tile is false. */
const excessIn = (scalar: Scalar, corners: Corners): Affine.Affine | undefined => {
  const excess = excessOf(scalar)
  const isPlaces = [...(excess?.terms.keys() ?? [])].every((atom) => atom.tag === "variable" && corners.has(atom))
  return isPlaces ? excess : undefined
}

/** The least value of a sum of places in a tile. */
const least = ({ constant, terms }: Affine.Affine, corners: Corners): string =>
  [...terms].reduce((text, [atom, factor]) => {
    const [first, last] = corners.get(atom as Variable)!
    return `${text} + ${factor} * (${factor > 0 ? first : last})`
  }, String(constant))
