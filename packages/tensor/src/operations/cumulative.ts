/**
 * Running sums, products and maxima along one axis, and differences.
 *
 * Running ones are scans by doubling: after step k each element holds the result of the 2ᵏ elements up to it. That takes
 * log₂ n steps of whole-tensor operations and n log n work instead of n steps of one element.
 *
 * **Source** Hillis and Steele 1986, "Data parallel algorithms".
 */
import * as DTypes from "../DType.ts"
import { ShapeError } from "../errors.ts"
import { part } from "../internal/axes.ts"
import { forms, tensorFirst } from "../internal/forms.ts"
import { demand, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import { add, sub } from "../primitive/linear.ts"
import { max } from "../primitive/selection.ts"
import { concatenate } from "../primitive/window.ts"
import { normalizeAxis } from "../Shape.ts"
import type { Loose, Shape } from "../ShapeType.ts"
import type { Along } from "./signature.ts"

/** Each element combined with all before it. `identity` fills what comes before the first. */
const scan = (
  operation: string,
  combine: (x: Tensor, y: Tensor) => Tensor,
  identity: (dtype: DTypes.DType) => number
): Along =>
  forms(tensorFirst, (self: Tensor, axis = -1) => {
    demand(operation, self, "numbers", (dtype) => dtype !== "bool")
    const at = normalizeAxis(operation, axis, self.shape.length)
    const extents = (extent: number): ReadonlyArray<number> => self.shape.map((e, k) => (k === at ? extent : e))
    const count = self.shape[at]
    let result = self
    for (let distance = 1; distance < count; distance *= 2) {
      const before = fill(operation, { shape: extents(distance), dtype: self.dtype }, identity(self.dtype))
      const rest = part(result, at, 0, count - distance)
      result = combine(result, concatenate([before, rest], { axis: at }))
    }
    return result
  })

/**
 * The sum of each element and all before it along an axis, the last unless stated.
 *
 * **Throws** `AxisError` for an axis that `self` has not, `DTypeError` for bool.
 *
 * **Example** (Running total)
 *
 * ```ts run
 * await evaluate(Tensor.cumulativeSum(Tensor.of([1, 2, 3]))) // => [1, 3, 6]
 * ```
 */
export const cumulativeSum: Along = scan("cumulativeSum", add, () => 0)

/** The product of each element and all before it along an axis, the last unless stated. **Throws** as `cumulativeSum`. */
export const cumulativeProd: Along = scan("cumulativeProd", mul, () => 1)

/**
 * The greatest of each element and all before it along an axis, the last unless stated; ties share the gradient.
 * **Throws** as `cumulativeSum`.
 */
export const cumulativeMax: Along = scan("cumulativeMax", max, DTypes.lowest)

/**
 * The difference of each element and the one before it along an axis, the last unless stated: one element less.
 *
 * **Throws** `AxisError`, `DTypeError` for bool, `ShapeError` for an axis without elements.
 *
 * **Example** (Steps)
 *
 * ```ts run
 * await evaluate(Tensor.difference(Tensor.of([1, 4, 9]))) // => [3, 5]
 * ```
 */
export const difference: {
  (axis?: number): <S extends Shape, D extends DTypes.DType>(self: Tensor<S, D>) => Tensor<Loose<S>, D>
  <S extends Shape, D extends DTypes.DType>(self: Tensor<S, D>, axis?: number): Tensor<Loose<S>, D>
} = forms(tensorFirst, (self: Tensor, axis = -1) => {
  demand("difference", self, "numbers", (dtype) => dtype !== "bool")
  const at = normalizeAxis("difference", axis, self.shape.length)
  const count = self.shape[at]
  if (count === 0) {
    throw new ShapeError({ operation: "difference", expected: "at least one element", received: [self.shape] })
  }
  return sub(part(self, at, 1, count), part(self, at, 0, count - 1))
})
