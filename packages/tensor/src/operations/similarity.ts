/**
 * How alike vectors are.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ShapeError } from "../errors.ts"
import { forms } from "../internal/forms.ts"
import { commonDType, demand, together } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { isTensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import { div } from "../primitive/elementwise.ts"
import { full } from "../primitive/leaf.ts"
import { reshape, sub, sum } from "../primitive/linear.ts"
import { max } from "../primitive/selection.ts"
import { normalizeAxis } from "../Shape.ts"
import type { Broadcast, CheckBroadcast, CheckDType, Reduce, Shape } from "../ShapeType.ts"
import type { NormOrder } from "./statistic.ts"
import { norm } from "./statistic.ts"

/** Along which axis vectors lie, and the least product of lengths that is divided by. */
export interface CosineOptions<A extends number = number> {
  /** The last unless stated. */
  readonly axis?: A
  /** 10⁻⁸ unless stated. */
  readonly epsilon?: number
}

/**
 * The cosine of the angle between vectors, `x · y / (‖x‖ ‖y‖)`; shapes are broadcast. 0 where a vector is 0, and so is the
 * derivative of its length there.
 *
 * **Throws** `ShapeError` unless the shapes broadcast, `DTypeError` unless both are of the same floats, `AxisError`.
 *
 * **Example** (Along, and across)
 *
 * ```ts run
 * await evaluate(Tensor.cosineSimilarity(Tensor.of([[2, 0], [0, 3]]), Tensor.of([1, 0]))) // => [1, 0]
 * ```
 */
export const cosineSimilarity: {
  <S extends Shape, T extends Shape, D extends DType, E extends DType, const A extends number = -1>(
    self: Tensor<S, D>,
    that: Tensor<T, E> & CheckBroadcast<S, T> & CheckDType<D, E>,
    options?: CosineOptions<A>
  ): Tensor<Reduce<Broadcast<S, T>, A, false>, D>
  <T extends Shape, E extends DType, const A extends number = -1>(
    that: Tensor<T, E>,
    options?: CosineOptions<A>
  ): <S extends Shape, D extends DType>(
    self: Tensor<S, D> & CheckBroadcast<S, T> & CheckDType<D, E>
  ) => Tensor<Reduce<Broadcast<S, T>, A, false>, D>
} = forms(
  (args) => isTensor(args[1]),
  (self: Tensor, that: Tensor, { axis = -1, epsilon = 1e-8 }: CosineOptions = {}) => {
    const [x, y] = together("cosineSimilarity", [self, that])
    demand("cosineSimilarity", x, "floats", DTypes.isFloat)
    const at = normalizeAxis("cosineSimilarity", axis, x.shape.length)
    const length = (z: Tensor): Tensor => norm(z, at) as Tensor
    const lengths = mul(length(x), length(y))
    const least = full({ shape: lengths.shape, dtype: lengths.dtype, value: epsilon })
    return div(sum(mul(x, y), { axes: [at] }), max(lengths, least))
  }
)

/**
 * The distance of each row of `self` to each row of `that`, the norm of their difference: Euclidean unless `ord` says
 * otherwise. Batches broadcast; the derivative where rows are equal is 0.
 *
 * **Shapes** `[…, n, d]`, `[…, m, d]` → `[…, n, m]`
 *
 * **Throws** `ShapeError` unless rows are of one length, `DTypeError`, `ArgumentError` for another order than 1, 2 or ∞.
 *
 * **Numerics** By differences, not by products: nothing cancels where rows are close.
 *
 * **Example** (Two points to one)
 *
 * ```ts run
 * await evaluate(Tensor.distances(Tensor.of([[0, 0], [3, 0]]), Tensor.of([[3, 4]]))) // => [[5], [4]]
 * ```
 */
export const distances: {
  <D extends DType>(self: Tensor<Shape, D>, that: Tensor<Shape, NoInfer<D>>, options?: NormOrder): Tensor<Shape, D>
  <D extends DType>(that: Tensor<Shape, D>, options?: NormOrder): (self: Tensor<Shape, D>) => Tensor<Shape, D>
} = forms(
  (args) => isTensor(args[1]),
  (self: Tensor, that: Tensor, options: NormOrder = {}) => {
    demand("distances", self, "floats", DTypes.isFloat)
    commonDType("distances", [self, that])
    const isPair = self.shape.length >= 2 && that.shape.length >= 2 && self.shape.at(-1) === that.shape.at(-1)
    if (!isPair) {
      throw new ShapeError({
        operation: "distances",
        expected: "rows [..., n, d] and [..., m, d]",
        received: [self.shape, that.shape]
      })
    }
    const rows = reshape(self, { shape: self.shape.toSpliced(-1, 0, 1) })
    const others = reshape(that, { shape: that.shape.toSpliced(-2, 0, 1) })
    const [x, y] = together("distances", [rows, others])
    return norm(sub(x, y), -1, options)
  }
)
