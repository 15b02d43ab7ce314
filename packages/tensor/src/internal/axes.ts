/**
 * Reductions over axes, with or without the axes left as 1, and other business of axes.
 */
import { ShapeError } from "../errors.ts"
import type { Tensor } from "../Primitive.ts"
import { iota } from "../primitive/leaf.ts"
import { broadcast, reshape, transpose } from "../primitive/linear.ts"
import { slice } from "../primitive/window.ts"
import type { Dims } from "../Shape.ts"
import { normalizeAxes, without } from "../Shape.ts"

/** What a reduction takes besides its tensor. */
export interface Reduced {
  readonly operation: string
  readonly axes: number | Dims | undefined
  readonly keepDims?: boolean | undefined
}

/** `rule` over the normalized axes of `self`; the axes come back as 1 where they are kept. */
export const reduceWith = (
  self: Tensor,
  { axes, keepDims, operation }: Reduced,
  rule: (axes: Dims) => Tensor
): Tensor => {
  const normal = normalizeAxes(operation, axes, self.shape.length)
  const result = rule(normal)
  if (keepDims !== true) return result
  return reshape(result, { shape: self.shape.map((extent, axis) => (normal.includes(axis) ? 1 : extent)) })
}

/** **Throws** `ShapeError` where `self` has nothing along `axes` to choose from. */
export const demandElements = (operation: string, self: Tensor, axes: Dims): void => {
  if (axes.every((axis) => self.shape[axis] > 0)) return
  throw new ShapeError({
    operation,
    expected: `at least one element along axes [${axes.join(", ")}]`,
    received: [self.shape]
  })
}

/** `row`, reduced over `axes`, repeated to the shape of `like`. */
export const spread = (row: Tensor, like: Tensor, axes: Dims): Tensor => broadcast(row, { shape: like.shape, axes })

/** `0 … rank − 1`. */
export const range = (rank: number): Dims => Array.from({ length: rank }, (_, axis) => axis)

/** The position of each element along `axis`. */
export const positions = (shape: Dims, axis: number): Tensor =>
  broadcast(iota({ shape: [shape[axis]], dtype: "i32" }), { shape, axes: without(range(shape.length), [axis]) })

/** `self` under another order of axes; itself where the order is its own. */
export const permute = (self: Tensor, permutation: Dims): Tensor =>
  permutation.every((axis, i) => axis === i) ? self : transpose(self, { permutation })

/** The order in which the axis `from` stands at `to` and the others keep their order. */
export const moved = (rank: number, from: number, to: number): Dims =>
  range(rank)
    .filter((axis) => axis !== from)
    .toSpliced(to, 0, from)

/** Elements `from … to − 1` of `self` along `axis`. */
export const part = (self: Tensor, axis: number, from: number, to: number): Tensor =>
  slice(self, {
    start: self.shape.map((_, k) => (k === axis ? from : 0)),
    stop: self.shape.map((extent, k) => (k === axis ? to : extent)),
    step: self.shape.map(() => 1)
  })
