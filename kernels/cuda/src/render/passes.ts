/**
 * Which rounds attention takes through its tiles, and what of its values belongs to one of both places alone.
 */
import { rewriter } from "@cotangent/compiler/Axes"
import type { Attention, Store } from "@cotangent/compiler/LoopProgram"
import { isFloat } from "@cotangent/tensor/DType"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { freedomWith, partsOf } from "./freedom.ts"

/** What a scalar depends on. */
export const free = freedomWith(new Set(), [])

/** What is computed in one round through the tiles. */
export interface Pass {
  readonly sums: ReadonlyArray<Reduce>
  /** The products of this round. */
  readonly weighed: Attention["weighed"]
}

/** The rounds: sums after those that their terms contain, then the products. */
export const passesOf = ({ sums, weighed }: Attention): ReadonlyArray<Pass> => {
  const ranks = new Map<Scalar, number>()
  const open = sums.flatMap(({ isKnown, sum }) => (isKnown ? [] : [sum]))
  // Each stands behind those that its terms contain.
  for (const sum of open) {
    const parts = partsOf([sum.body])
    ranks.set(sum, Math.max(-1, ...[...ranks].flatMap(([other, rank]) => (parts.has(other) ? [rank] : []))) + 1)
  }
  const count = Math.max(-1, ...ranks.values()) + 1
  const rounds = Array.from({ length: count }, (_, rank): Pass => ({
    sums: open.filter((sum) => ranks.get(sum) === rank),
    weighed: []
  }))
  return weighed.length === 0 ? rounds : [...rounds, { sums: [], weighed }]
}

/** The largest parts of `roots` that are worth computing once for each place of `level`, not for each pair of places. */
export const levelParts = (
  roots: ReadonlyArray<Scalar>,
  level: Variable,
  across: Variable,
  known: ReadonlySet<Scalar>
): ReadonlyArray<Scalar> => {
  const found = new Set<Scalar>()
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar) || known.has(scalar)) return
    seen.add(scalar)
    const variables = free(scalar)
    const isWork = [...partsOf([scalar])].some(
      ({ dtype, tag }) => tag === "load" || tag === "reduce" || (tag === "call" && isFloat(dtype))
    )
    if (isWork && variables.has(level) && !variables.has(across)) found.add(scalar)
    else S.children(scalar).forEach(visit)
  }
  roots.forEach(visit)
  return [...found]
}

/** Quotients by what belongs to one of both places as products with its reciprocal, which is computed once. */
export const withReciprocals = (step: Attention): Attention => {
  const { other, own } = step
  const isPaired = (scalar: Scalar): boolean => free(scalar).has(own) && free(scalar).has(other)
  const put = rewriter((scalar, again) => {
    if (scalar.tag !== "call" || scalar.op !== "div" || !isFloat(scalar.dtype)) return undefined
    const [x, y] = scalar.args
    if (!isPaired(x) || isPaired(y) || y.tag === "constant") return undefined
    return S.mul(again(x), S.div(S.like(y, 1), again(y)))
  })
  // A reduction stays one when its terms are rewritten.
  const sum = (reduce: Reduce): Reduce => put(reduce) as Reduce
  const store = (given: Store): Store => ({ ...given, value: put(given.value) })
  return {
    ...step,
    sums: step.sums.map((each) => ({ ...each, sum: sum(each.sum) })),
    stores: step.stores.map(store),
    weighed: step.weighed.map((each) => ({
      ...each,
      weight: put(each.weight),
      accumulator: sum(each.accumulator),
      stores: each.stores.map(store)
    }))
  }
}
