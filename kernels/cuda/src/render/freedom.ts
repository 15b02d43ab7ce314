/**
 * What scalars depend on.
 */
import type { Reduce, Scalar, Source, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"

/** The variables that a scalar depends on, without those of its reductions. */
export type Freedom = (scalar: Scalar) => ReadonlySet<Variable>

/** Freedom where what is loaded from `rows` depends on `axes`. */
export const freedomWith = (rows: ReadonlySet<Source>, axes: ReadonlyArray<Variable>): Freedom => {
  const known = new Map<Scalar, ReadonlySet<Variable>>()
  const free: Freedom = (scalar) => {
    const found = known.get(scalar)
    if (found !== undefined) return found
    const result = new Set<Variable>(scalar.tag === "variable" ? [scalar] : [])
    for (const child of children(scalar)) for (const variable of free(child)) result.add(variable)
    if (scalar.tag === "reduce") for (const variable of scalar.variables) result.delete(variable)
    if (scalar.tag === "load" && rows.has(scalar.source)) axes.forEach((axis) => result.add(axis))
    known.set(scalar, result)
    return result
  }
  return free
}

/** Every scalar within `roots`, once, each behind its parts. */
export const partsOf = (roots: ReadonlyArray<Scalar>): ReadonlySet<Scalar> => {
  const found = new Set<Scalar>()
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    children(scalar).forEach(visit)
    found.add(scalar)
  }
  roots.forEach(visit)
  return found
}

/** How many terms a reduction has. */
export const termsOf = ({ variables }: Reduce): number => extentOf(variables)

/** How many values axes have together. */
export const extentOf = (axes: ReadonlyArray<Variable>): number =>
  axes.reduce((product, { extent }) => product * extent, 1)
