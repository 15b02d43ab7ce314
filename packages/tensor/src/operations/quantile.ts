/**
 * Values below which a part of all lies.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import { part } from "../internal/axes.ts"
import { forms, tensorFirst } from "../internal/forms.ts"
import { demand, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import { add, reshape, sub } from "../primitive/linear.ts"
import { normalizeAxis } from "../Shape.ts"
import type { Reduce, Shape } from "../ShapeType.ts"
import { sort } from "./indexing.ts"

const quantileOf = (
  operation: string,
  self: Tensor,
  { at, q }: { readonly at: number; readonly q: number }
): Tensor => {
  demand(operation, self, "floats", DTypes.isFloat)
  const axis = normalizeAxis(operation, at, self.shape.length)
  const count = self.shape[axis]
  if (count === 0) {
    throw new ShapeError({ operation, expected: "at least one element along the axis", received: [self.shape] })
  }
  const ordered = (sort as (x: Tensor, axis: number) => Tensor)(self, axis)
  const place = q * (count - 1)
  const low = Math.floor(place)
  const element = (i: number): Tensor =>
    reshape(part(ordered, axis, i, i + 1), { shape: self.shape.toSpliced(axis, 1) })
  const below = element(low)
  if (place === low) return below
  return add(below, mul(sub(element(low + 1), below), fill(operation, below, place - low)))
}

/**
 * The value below which the part `q` of all elements along an axis lies, the last unless stated, for floats: between
 * neighbors in order, linearly. NaN comes after everything. Derivatives go to the neighbors.
 *
 * **Throws** `ArgumentError` unless `0 ≤ q ≤ 1`, `ShapeError` for an axis without elements, `AxisError`, `DTypeError`.
 *
 * **Example** (A quarter below)
 *
 * ```ts run
 * await evaluate(Tensor.quantile(Tensor.of([4, 1, 3, 2, 5]), 0.25)) // => 2
 * ```
 */
export const quantile: {
  <S extends Shape, D extends DType, const A extends number = -1>(
    self: Tensor<S, D>,
    q: number,
    axis?: A
  ): Tensor<Reduce<S, A, false>, D>
  <const A extends number = -1>(
    q: number,
    axis?: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Reduce<S, A, false>, D>
} = forms(tensorFirst, (self: Tensor, q: number, axis = -1) => {
  if (q >= 0 && q <= 1) return quantileOf("quantile", self, { at: axis, q })
  throw new ArgumentError({ operation: "quantile", expected: "a part from 0 to 1", received: String(q) })
})

/**
 * The middle of all elements along an axis, the last unless stated, for floats; of two in the middle, their mean.
 * **Throws** as `quantile`.
 *
 * **Example** (Of an even number)
 *
 * ```ts run
 * await evaluate(Tensor.median(Tensor.of([[1, 9, 2, 3]]))) // => [2.5]
 * ```
 */
export const median: {
  <S extends Shape, D extends DType, const A extends number = -1>(
    self: Tensor<S, D>,
    axis?: A
  ): Tensor<Reduce<S, A, false>, D>
  <const A extends number = -1>(
    axis?: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Reduce<S, A, false>, D>
} = forms(tensorFirst, (self: Tensor, axis = -1) => quantileOf("median", self, { at: axis, q: 0.5 }))
