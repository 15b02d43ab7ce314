/**
 * Cutting of loop axes: one that is read through quotients and remainders by a constant becomes an outer and an inner
 * axis, so that positions step evenly again. What a reshape of a transposed tensor leaves behind is of this kind.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { rebuild, rewriter } from "./Axes.ts"

/** Axes after cutting, and scalars in terms of them. */
export interface Cut {
  readonly rewrite: (value: Scalar) => Scalar
  /** The axes that stand for a list of axes, outermost first. */
  readonly axes: (axes: ReadonlyArray<Variable>) => ReadonlyArray<Variable>
}

/** Cuts those of `axes` that `scalars` read in parts; undefined where none is. */
export const cut = (axes: ReadonlyArray<Variable>, scalars: ReadonlyArray<Scalar>): Cut | undefined => {
  const divisors = divisorsOf(new Set(axes), scalars)
  const parts = new Map<Variable, ReadonlyArray<Variable>>()
  for (const [axis, found] of divisors) {
    const extents = extentsOf(axis.extent, found)
    if (extents.length > 1) parts.set(axis, extents.map(S.variable))
  }
  if (parts.size === 0) return undefined
  const whole = new Map<Scalar, Scalar>()
  for (const [axis, inner] of parts) {
    whole.set(
      axis,
      Affine.flatten(
        inner,
        inner.map(({ extent }) => extent)
      )
    )
  }
  return { rewrite: substitution(whole), axes: (given) => given.flatMap((axis) => parts.get(axis) ?? [axis]) }
}

/**
 * Puts scalars in the place of variables; index arithmetic folds as the new bounds allow. Where `depends` is false no
 * variable is looked for.
 */
export const substitution = (
  values: ReadonlyMap<Scalar, Scalar>,
  depends: (scalar: Scalar) => boolean = () => true
): ((scalar: Scalar) => Scalar) =>
  rewriter((scalar, rewrite) => {
    const value = values.get(scalar)
    if (value !== undefined) return value
    if (!depends(scalar)) return scalar
    if (scalar.tag === "load") {
      const index = scalar.index.map(rewrite)
      // What does not change stays the same object: shared parts are not copied.
      if (index.every((part, i) => part === scalar.index[i])) return scalar
      return { ...scalar, index: index.map((part) => Affine.toScalar(Affine.of(part))) }
    }
    if (scalar.tag !== "call" || scalar.dtype !== "i32") return undefined
    const [x, y] = scalar.args
    if (scalar.op === "add" || scalar.op === "sub" || scalar.op === "mul") {
      const changed = rebuild(scalar, rewrite)
      return changed === scalar ? scalar : Affine.toScalar(Affine.of(changed))
    }
    if ((scalar.op !== "quotient" && scalar.op !== "remainder") || y.tag !== "constant" || y.value < 1) return undefined
    const index = rewrite(x)
    // The rules of `Affine` are those of indices, which are never negative.
    if (index === x || Affine.bounds(Affine.of(index))[0] < 0) return undefined
    return scalar.op === "quotient" ? Affine.quotient(index, y.value) : Affine.remainder(index, y.value)
  })

/** By which numbers axes are divided, alone and as they are. */
const divisorsOf = (
  axes: ReadonlySet<Scalar>,
  scalars: ReadonlyArray<Scalar>
): ReadonlyMap<Variable, ReadonlySet<number>> => {
  const found = new Map<Variable, Set<number>>()
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    const division = scalar.tag === "call" && (scalar.op === "quotient" || scalar.op === "remainder")
    if (division) {
      const [x, y] = scalar.args
      const [axis, inner] = divided(x)
      if (axis !== undefined && axes.has(axis) && y.tag === "constant" && y.value > 0) {
        found.set(axis, (found.get(axis) ?? new Set<number>()).add(inner * y.value))
      }
    }
    S.children(scalar).forEach(visit)
  }
  scalars.forEach(visit)
  return found
}

/** The variable that is `x`, or whose quotient is. */
const divided = (x: Scalar): readonly [axis: Variable | undefined, by: number] => {
  if (x.tag === "variable") return [x, 1]
  if (x.tag === "call" && x.op === "quotient" && x.args[0].tag === "variable" && x.args[1].tag === "constant") {
    return [x.args[0], x.args[1].value]
  }
  return [undefined, 1]
}

/** The extents of the parts of an axis that is divided by some numbers: those that divide it, and one another. */
const extentsOf = (extent: number, divisors: ReadonlySet<number>): ReadonlyArray<number> => {
  const extents: Array<number> = []
  let rest = extent
  let below = 1
  for (const divisor of [...divisors].toSorted((x, y) => x - y)) {
    const inner = divisor / below
    if (!Number.isInteger(inner) || inner === 1 || rest % inner !== 0 || inner === rest) continue
    extents.unshift(inner)
    rest /= inner
    below = divisor
  }
  return [rest, ...extents]
}
