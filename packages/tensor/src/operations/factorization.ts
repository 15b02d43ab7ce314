/**
 * Factors of matrices, the last two axes; axes before them are batches.
 */
import type { DType } from "../DType.ts"
import { part } from "../internal/axes.ts"
import { typed } from "../internal/forms.ts"
import * as M from "../internal/matrices.ts"
import { demandMatrix, demandSquare } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import * as Primitives from "../primitive/linalg.ts"
import * as Linear from "../primitive/linear.ts"
import { concatenate } from "../primitive/window.ts"
import type { Shape } from "../ShapeType.ts"
import type { CheckSquare, Leading, SquareMatrices } from "./signature.ts"

/**
 * The lower triangular `L` with a positive diagonal and `L Lᵀ = A`. `A` counts as symmetric: the factor is that of
 * `½ (A + Aᵀ)`, and so the gradient is symmetric.
 *
 * **Domain** Positive definite matrices; for others the factor is NaN.
 *
 * **Throws** `ShapeError` unless matrices are square, `DTypeError` unless they are of floats.
 *
 * **Example** (A factor)
 *
 * ```ts run
 * await evaluate(Tensor.cholesky(Tensor.of([[4, 2], [2, 10]]))) // => [[2, 0], [1, 3]]
 * ```
 */
export const cholesky: SquareMatrices = typed((self: Tensor) => {
  demandSquare("cholesky", self)
  return Primitives.cholesky(self)
})

/** Factors `A = Q R`. */
export interface QR<D extends DType> {
  readonly q: Tensor<Shape, D>
  readonly r: Tensor<Shape, D>
}

/**
 * The reduced factors `A = Q R`: the columns of `Q` are orthonormal, `R` is upper triangular, or trapezoidal, with a
 * diagonal that is not negative.
 *
 * **Shapes** `[…, m, n]` → `[…, m, k]` and `[…, k, n]`, `k` the lesser of `m` and `n`
 *
 * **Domain** All matrices. Derivatives are infinite or NaN where the first `k` columns are linearly dependent.
 *
 * **Throws** `ShapeError` below two axes, `DTypeError` unless matrices are of floats.
 *
 * **Example** (An orthogonal factor)
 *
 * ```ts run
 * const { q, r } = Tensor.qr(Tensor.of([[3, 1], [4, 2]]))
 * await evaluate(Tensor.matmul(q, r)) // => [[3, 1], [4, 2]]
 * ```
 */
export const qr: <D extends DType>(self: Tensor<Shape, D>) => QR<D> = typed((self: Tensor) => {
  demandMatrix("qr", self, false)
  const [rows, columns] = self.shape.slice(-2)
  const last = self.shape.length - 1
  if (rows >= columns) return pair(Primitives.qr(self))
  // R of the first columns, then what Q makes of the others.
  const { q, r } = pair(Primitives.qr(part(self, last, 0, rows)))
  const rest = M.product(M.transposed(q), part(self, last, rows, columns))
  return { q, r: concatenate([r, rest], { axis: last }) }
})

const pair = ([q, r]: ReadonlyArray<Tensor>): { readonly q: Tensor; readonly r: Tensor } => ({ q, r })

/** Factors `P A = L U`: row `i` of `P A` is row `permutation[i]` of `A`. */
export interface LU<S extends Shape, D extends DType> {
  readonly lower: Tensor<S, D>
  readonly upper: Tensor<S, D>
  readonly permutation: Tensor<Leading<S, 1>, "i32">
}

/**
 * The factors of Gaussian elimination with partial pivoting, `P A = L U`: `L` lower triangular with ones on its diagonal,
 * `U` upper triangular.
 *
 * **Domain** All square matrices; derivatives are infinite or NaN at singular ones.
 *
 * **Throws** `ShapeError` unless matrices are square, `DTypeError` unless they are of floats.
 *
 * **Example** (The greater element becomes the pivot)
 *
 * ```ts run
 * const { lower, permutation, upper } = Tensor.lu(Tensor.of([[1, 2], [4, 6]]))
 * await evaluate(lower) // => [[1, 0], [0.25, 1]]
 * await evaluate(upper) // => [[4, 6], [0, 0.5]]
 * await evaluate(permutation) // => [1, 0]
 * ```
 */
export const lu: <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>) => LU<S, D> = typed(
  (self: Tensor) => {
    demandSquare("lu", self)
    const [factors, permutation] = Primitives.lu(self)
    return {
      lower: Linear.add(M.strictlyLowerOf(factors), M.identityLike(self)),
      upper: M.upperOf(factors),
      permutation
    }
  }
)

/** Eigenvalues, and eigenvectors as columns. */
export interface Eigen<S extends Shape, D extends DType> {
  readonly values: Tensor<Leading<S, 1>, D>
  readonly vectors: Tensor<S, D>
}

/**
 * Eigenvalues of symmetric matrices, ascending, and orthonormal eigenvectors as columns: `A = V diag(λ) Vᵀ`. `A` counts
 * as symmetric: the result is that of `½ (A + Aᵀ)`. The first entry of each vector that exceeds 0.3 of its largest
 * magnitude is positive.
 *
 * **Domain** All symmetric matrices. The derivative of vectors is infinite or NaN where eigenvalues are equal; that of
 * the values alone stays finite.
 *
 * **Throws** `ShapeError` unless matrices are square, `DTypeError` unless they are of floats.
 *
 * **Example** (Eigenvalues of an exchange)
 *
 * ```ts run
 * const { values } = Tensor.eigenSymmetric(Tensor.of([[2, 1], [1, 2]]))
 * await evaluate(values) // => [1, 3]
 * ```
 */
export const eigenSymmetric: <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>) => Eigen<S, D> =
  typed((self: Tensor) => {
    demandSquare("eigenSymmetric", self)
    const [values, vectors] = Primitives.symmetricEigen(self)
    return { values, vectors }
  })

/** Singular values, and singular vectors as columns. */
export interface SVD<D extends DType> {
  readonly u: Tensor<Shape, D>
  readonly s: Tensor<Shape, D>
  readonly v: Tensor<Shape, D>
}

/**
 * The reduced singular value decomposition `A = U diag(s) Vᵀ`: the columns of `U` and `V` are orthonormal, `s` is
 * descending and not negative. The first entry of each column of `V`, of `U` where `m < n`, that exceeds 0.3 of its
 * largest magnitude is positive.
 *
 * **Shapes** `[…, m, n]` → `[…, m, k]`, `[…, k]` and `[…, n, k]`, `k` the lesser of `m` and `n`
 *
 * **Domain** All matrices. The derivative of vectors is infinite or NaN where singular values are equal, or zero and
 * `m ≠ n`; that of the values alone stays finite.
 *
 * **Throws** `ShapeError` below two axes, `DTypeError` unless matrices are of floats.
 *
 * **Example** (Singular values)
 *
 * ```ts run
 * const { s } = Tensor.svd(Tensor.of([[3, 0], [4, 5]]))
 * await evaluate(s) // => [6.7082, 2.23607]
 * ```
 */
export const svd: <D extends DType>(self: Tensor<Shape, D>) => SVD<D> = typed((self: Tensor) => {
  demandMatrix("svd", self, false)
  const [rows, columns] = self.shape.slice(-2)
  const [left, s, right] = Primitives.svd(rows >= columns ? self : M.transposed(self))
  return rows >= columns ? { u: left, s, v: right } : { u: right, s, v: left }
})
