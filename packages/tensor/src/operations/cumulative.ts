/**
 * Running sums, products and maxima along one axis.
 *
 * All are scans by doubling: after step k each element holds the result of the 2ᵏ elements up to it. That takes
 * log₂ n steps of whole-tensor operations and n log n work instead of n steps of one element.
 *
 * **Source** Hillis and Steele 1986, "Data parallel algorithms".
 */
import * as DTypes from "../DType.ts"
import { part } from "../internal/axes.ts"
import { forms, tensorFirst } from "../internal/forms.ts"
import { demand, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import { add } from "../primitive/linear.ts"
import { max } from "../primitive/selection.ts"
import { concatenate } from "../primitive/window.ts"
import { normalizeAxis } from "../Shape.ts"
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
