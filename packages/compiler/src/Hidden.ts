/**
 * What comparisons of places hide: blocks in which no term counts, as those of keys that come after every query.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"

/** A term, and the value by which it does not count. */
export interface Term {
  readonly value: Scalar
  readonly neutral: number
}

/** Whether all `terms` are neutral wherever the axes are within `ranges`. What is hidden hides what is no number, too. */
export const isHidden = (terms: ReadonlyArray<Term>, ranges: Affine.Ranges): boolean => {
  const valueOf = constantGiven((scalar) => {
    const excess = excessOf(scalar)
    if (excess === undefined) return undefined
    const [least, greatest] = Affine.bounds(excess, ranges)
    return least > 0 ? 0 : greatest <= 0 ? 1 : undefined
  })
  return terms.every(({ neutral, value }) => valueOf(value) === neutral)
}

/** What is above 0 where a comparison of places is false, and not where it is true; undefined for anything else. */
export const excessOf = (scalar: Scalar): Affine.Affine | undefined => {
  if (scalar.tag !== "call" || (scalar.op !== "less" && scalar.op !== "lessEqual")) return undefined
  const [x, y] = scalar.args
  if (x.dtype !== "i32") return undefined
  const { constant, terms } = Affine.of(S.sub(x, y))
  return { constant: constant + (scalar.op === "less" ? 1 : 0), terms }
}

/** Tells the values of scalars that are numbers whatever else there is, where `given` tells those of comparisons. */
export const constantGiven = (
  given: (comparison: Scalar) => number | undefined
): ((scalar: Scalar) => number | undefined) => {
  const known = new Map<Scalar, number | undefined>()
  const valueOf = (scalar: Scalar): number | undefined => {
    if (known.has(scalar)) return known.get(scalar)
    const value = scalar.tag === "call" ? (given(scalar) ?? folded(scalar.op, scalar.args.map(valueOf))) : undefined
    const found = scalar.tag === "constant" ? scalar.value : value
    known.set(scalar, found)
    return found
  }
  return valueOf
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
