/**
 * Merging of loop axes: two neighboring axes become one where every position steps through both as through one.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"

/** Rewrites scalars bottom-up; shared parts stay shared. */
export const rewriter = (f: (scalar: Scalar, rewrite: (scalar: Scalar) => Scalar) => Scalar | undefined) => {
  const known = new Map<Scalar, Scalar>()
  const rewrite = (scalar: Scalar): Scalar => {
    const result = known.get(scalar)
    if (result !== undefined) return result
    const changed = f(scalar, rewrite) ?? rebuild(scalar, rewrite)
    known.set(scalar, changed)
    return changed
  }
  return rewrite
}

/** `scalar` over rewritten children; itself where none changed. */
export const rebuild = (scalar: Scalar, rewrite: (scalar: Scalar) => Scalar): Scalar => {
  const before = S.children(scalar)
  let isSame = true
  const after = before.map((child) => {
    const next = rewrite(child)
    isSame &&= next === child
    return next
  })
  if (isSame) return scalar
  if (scalar.tag === "load") return { ...scalar, index: after }
  if (scalar.tag === "call") return { ...scalar, args: after }
  return { ...(scalar as Reduce), body: after[0] }
}

/** How often loops over `axes` turn. */
export const extentOf = (axes: ReadonlyArray<Variable>): number =>
  axes.reduce((product, { extent }) => product * extent, 1)

/** Puts `to` in the place of `from`. */
export const replaced = (from: Scalar, to: Scalar): ((scalar: Scalar) => Scalar) =>
  rewriter((scalar) => (scalar === from ? to : undefined))

/** Where loop variables occur: as terms of positions, or in any other way. */
interface Uses {
  /** The affine form of every position that is loaded from or stored to. */
  readonly positions: Array<Affine.Affine>
  /** Variables that occur other than as terms of positions: their axes stay. */
  readonly pinned: Set<Variable>
  readonly reductions: Set<Reduce>
}

const usesOf = (values: ReadonlyArray<Scalar>, offsets: ReadonlyArray<Scalar>): Uses => {
  const uses: Uses = { positions: [], pinned: new Set(), reductions: new Set() }
  const seen = new Set<Scalar>()
  const position = (offset: Scalar): void => {
    const affine = Affine.of(offset)
    uses.positions.push(affine)
    for (const atom of affine.terms.keys()) if (atom.tag !== "variable") visit(atom)
  }
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag === "variable") uses.pinned.add(scalar)
    else if (scalar.tag === "load") scalar.index.forEach(position)
    else {
      if (scalar.tag === "reduce") uses.reductions.add(scalar)
      S.children(scalar).forEach(visit)
    }
  }
  offsets.forEach(position)
  values.forEach(visit)
  return uses
}

/** Axes after merging, and the scalars in terms of them. */
export interface Merged {
  readonly rewrite: (value: Scalar) => Scalar
  /** Rewrites a position. */
  readonly position: (offset: Scalar) => Scalar
  /** The axes that remain of a list of axes, outermost first. */
  readonly axes: (axes: ReadonlyArray<Variable>) => ReadonlyArray<Variable>
}

/**
 * Merges neighbors within each of `groups` and within every reduction of `values`, and drops axes of one element.
 * `offsets` are the positions that are stored to.
 */
export const merge = (
  groups: ReadonlyArray<ReadonlyArray<Variable>>,
  values: ReadonlyArray<Scalar>,
  offsets: ReadonlyArray<Scalar>
): Merged => {
  const uses = usesOf(values, offsets)
  /** What stands for each variable: undefined where another took it over. */
  const becomes = new Map<Variable, Variable | undefined>()
  const mergeGroup = (axes: ReadonlyArray<Variable>): ReadonlyArray<Variable> => {
    const result: Array<Variable> = []
    let inner: Variable | undefined
    let members: Array<Variable> = []
    const flush = (): void => {
      if (inner === undefined) return
      const extent = members.reduce((product, axis) => product * axis.extent, 1)
      const merged = members.length === 1 ? inner : S.variable(extent)
      members.forEach((axis) => becomes.set(axis, axis === inner ? merged : undefined))
      result.unshift(merged)
    }
    for (const axis of axes.toReversed()) {
      if (axis.extent === 1) becomes.set(axis, undefined)
      else if (inner !== undefined && joins(axis, inner, members, uses)) members.push(axis)
      else {
        flush()
        inner = axis
        members = [axis]
      }
    }
    flush()
    return result
  }
  const kept = new Map(groups.map((axes) => [axes, mergeGroup(axes)] as const))
  const reduced = new Map<ReadonlyArray<Variable>, ReadonlyArray<Variable>>()
  for (const { variables } of uses.reductions) {
    if (!reduced.has(variables)) reduced.set(variables, mergeGroup(variables))
  }
  const zero = S.constant(0)
  const position = (offset: Scalar): Scalar => {
    const { constant, terms } = Affine.of(offset)
    const next = new Map<Scalar, number>()
    for (const [atom, coefficient] of terms) {
      const target = atom.tag === "variable" ? (becomes.has(atom) ? becomes.get(atom) : atom) : rewrite(atom)
      if (target !== undefined) next.set(target, coefficient)
    }
    return Affine.toScalar({ constant, terms: next })
  }
  const rewrite = rewriter((scalar, again) => {
    if (scalar.tag === "variable") return becomes.has(scalar) ? (becomes.get(scalar) ?? zero) : scalar
    if (scalar.tag === "load") return { ...scalar, index: scalar.index.map(position) }
    if (scalar.tag !== "reduce") return undefined
    const variables = reduced.get(scalar.variables) ?? scalar.variables
    const body = again(scalar.body)
    return variables.length === 0 ? body : { ...scalar, variables, body }
  })
  return { rewrite, position, axes: (axes) => kept.get(axes) ?? axes }
}

/** Whether `outer` continues the run of `members`, whose innermost axis is `inner`. */
const joins = (outer: Variable, inner: Variable, members: ReadonlyArray<Variable>, uses: Uses): boolean => {
  if (uses.pinned.has(outer) || uses.pinned.has(inner)) return false
  const run = members.reduce((product, axis) => product * axis.extent, 1)
  return uses.positions.every(({ terms }) => (terms.get(outer) ?? 0) === (terms.get(inner) ?? 0) * run)
}
