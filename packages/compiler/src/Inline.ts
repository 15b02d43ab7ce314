/**
 * Fusion as substitution: the value of a tensor at an index, with the element rules of everything that has no memory
 * of its own written out.
 */
import type { Tensor } from "@cotangent/tensor/Primitive"
import { costOf } from "./Fusion.ts"
import type { Accessor, Index, Load, Scalar } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"

/** The value of a tensor at an index where it is known; undefined where the element rule is to be written out. */
export type Resolve = (tensor: Tensor, index: Index) => Scalar | undefined

/** The value of `tensor` at `index`. */
export type ValueAt = (tensor: Tensor, index: Index) => Scalar

const sameScalar = (x: Scalar, y: Scalar): boolean =>
  x === y || (x.tag === "constant" && y.tag === "constant" && x.value === y.value)

/** Whether both indices are the same scalars. */
export const sameIndex = (x: Index, y: Index): boolean =>
  x.length === y.length && x.every((scalar, axis) => sameScalar(scalar, y[axis]))

/** Writes out element rules until `resolve` knows the value. A tensor read twice at one index is one scalar. */
export const inliner = (resolve: Resolve): ValueAt => {
  const known = new Map<Tensor, Array<readonly [Index, Scalar]>>()
  const at = (tensor: Tensor, index: Index): Scalar => {
    const resolved = resolve(tensor, index)
    if (resolved !== undefined) return resolved
    const entries = known.get(tensor) ?? []
    const entry = entries.find(([other]) => sameIndex(other, index))
    if (entry !== undefined) return entry[1]
    const value = rule(tensor, index, at)
    known.set(tensor, [...entries, [index, value]])
    return value
  }
  return at
}

/** The element rule of `tensor` itself, whether or not it has memory; its inputs through `at`. */
export const rule = (tensor: Tensor, index: Index, at: ValueAt): Scalar => {
  const { inputs, params, primitive } = tensor.application
  if (primitive.lowering.kind !== "element") throw new TypeError(`${primitive.name} has no element rule`)
  const accessors = inputs.map((input): Accessor => ({
    shape: input.shape,
    dtype: input.dtype,
    at: (i) => at(input, i)
  }))
  return primitive.lowering.element(accessors, index, params)
}

/** Every load within `roots`, once; loads inside indices too. */
export const loads = (roots: ReadonlyArray<Scalar>): ReadonlyArray<Load> => {
  const found: Array<Load> = []
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag === "load") found.push(scalar)
    children(scalar).forEach(visit)
  }
  roots.forEach(visit)
  return found
}

/** Whether a reduction occurs in `root`. */
export const reduces = (root: Scalar): boolean => {
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): boolean => {
    if (seen.has(scalar)) return false
    seen.add(scalar)
    return scalar.tag === "reduce" || children(scalar).some(visit)
  }
  return visit(root)
}

/** How much code `root` is: its different scalars, those that devices write out as polynomials many times. */
export const sizeOf = (root: Scalar): number => {
  const seen = new Set<Scalar>()
  let size = 0
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    size += scalar.tag === "call" ? 4 * costOf(scalar.op) - 3 : 1
    children(scalar).forEach(visit)
  }
  visit(root)
  return size
}
