/**
 * What several scalars have in common.
 */
import type { Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { isCostly } from "./Fusion.ts"

/** What costs much to compute and is within several of `roots`; what `isApart` is in memory anyway. */
export const sharedIn = (roots: ReadonlyArray<Scalar>, isApart: (scalar: Scalar) => boolean): ReadonlySet<Scalar> => {
  const counts = new Map<Scalar, number>()
  const costly = new Map<Scalar, boolean>()
  for (const root of roots) {
    const seen = new Set<Scalar>()
    const visit = (scalar: Scalar): boolean => {
      if (isApart(scalar)) return false
      if (!seen.has(scalar)) {
        seen.add(scalar)
        counts.set(scalar, (counts.get(scalar) ?? 0) + 1)
        const parts = S.children(scalar).map(visit)
        costly.set(scalar, parts.includes(true) || (scalar.tag === "call" && isCostly(scalar.op)))
      }
      return costly.get(scalar) === true
    }
    visit(root)
  }
  return new Set([...counts].flatMap(([scalar, count]) => (count > 1 && costly.get(scalar) === true ? [scalar] : [])))
}

/** The largest parts of `root` that are among `some`. */
export const partsIn = (
  root: Scalar,
  some: ReadonlySet<Scalar>,
  isApart: (scalar: Scalar) => boolean
): ReadonlyArray<Scalar> => {
  const found = new Set<Scalar>()
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar) || isApart(scalar)) return
    seen.add(scalar)
    if (some.has(scalar)) found.add(scalar)
    else S.children(scalar).forEach(visit)
  }
  visit(root)
  return [...found]
}
