/**
 * Numbers of matrices, the last two axes; axes before them are batches.
 */
import type { DType } from "../DType.ts"
import { forms, tensorFirst, typed } from "../internal/forms.ts"
import * as M from "../internal/matrices.ts"
import { demandMatrix, demandSquare, toleranceOf } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import { and, less, sign as signOf } from "../primitive/discrete.ts"
import { log } from "../primitive/elementwise.ts"
import { full } from "../primitive/leaf.ts"
import * as Primitives from "../primitive/linalg.ts"
import * as Linear from "../primitive/linear.ts"
import { abs, where } from "../primitive/selection.ts"
import type { Shape } from "../ShapeType.ts"
import { diagonal } from "./diagonal.ts"
import type { RankOptions } from "./equations.ts"
import { svd } from "./factorization.ts"
import { prod } from "./reduction.ts"
import type { CheckSquare, Leading, OfSquareMatrix } from "./signature.ts"

const rankOf = (self: Tensor): number => self.shape.length

/** 1 for an even permutation, −1 for an odd one. */
const parity = (permutation: Tensor, dtype: DType): Tensor => {
  const { shape } = permutation
  const like = { shape: [...shape, shape.at(-1)!], dtype: "i32" } as const
  const table = full({ ...like, value: 0 })
  const isInverted = less(M.acrossColumns(permutation, table), M.acrossRows(permutation, table))
  const pairs = M.strictlyUpperOf(Linear.cast(isInverted, { dtype: "i32" }))
  const rank = like.shape.length
  const inversions = Linear.sum(pairs, { axes: [rank - 2, rank - 1] })
  const one = full({ shape: inversions.shape, dtype: "i32", value: 1 })
  const odd = and(inversions, one)
  return Linear.cast(Linear.sub(one, Linear.add(odd, odd)), { dtype })
}

/** The pivots of elimination and the sign of its exchanges: the determinant is the product of all. */
const pivotsOf = (operation: string, self: Tensor): { readonly pivots: Tensor; readonly exchanges: Tensor } => {
  demandSquare(operation, self)
  const [factors, permutation] = Primitives.lu(self)
  return { pivots: M.diagonalOf(factors), exchanges: parity(permutation, self.dtype) }
}

/**
 * The determinant of square matrices. Derivative: `d det A = det A · tr(A⁻¹ dA)`.
 *
 * **Domain** All square matrices; the derivative is infinite or NaN at singular ones.
 *
 * **Throws** `ShapeError` unless matrices are square, `DTypeError` unless they are of floats.
 *
 * **Example** (A determinant)
 *
 * ```ts run
 * await evaluate(Tensor.determinant(Tensor.of([[1, 2], [3, 4]]))) // => -2
 * ```
 */
export const determinant: OfSquareMatrix = typed((self: Tensor) => {
  const { exchanges, pivots } = pivotsOf("determinant", self)
  return mul(exchanges, prod(pivots, -1))
})

const signedLog = (operation: string, self: Tensor): { readonly sign: Tensor; readonly logAbsolute: Tensor } => {
  const { exchanges, pivots } = pivotsOf(operation, self)
  return {
    sign: mul(exchanges, prod(signOf(pivots), -1)),
    logAbsolute: Linear.sum(log(abs(pivots)), { axes: [rankOf(pivots) - 1] })
  }
}

/**
 * The logarithm of the determinant. Derivative: `tr(A⁻¹ dA)`.
 *
 * **Domain** Matrices of positive determinant; −∞ for singular ones, NaN where the determinant is negative.
 *
 * **Throws** as `determinant`.
 *
 * **Numerics** A sum of logarithms, which neither overflows nor underflows.
 *
 * **Example** (A small determinant)
 *
 * ```ts run
 * await evaluate(Tensor.logDeterminant(Tensor.of([[1e-30, 0], [0, 1e-30]]))) // => -138.155
 * ```
 */
export const logDeterminant: OfSquareMatrix = typed((self: Tensor) => {
  const { logAbsolute, sign } = signedLog("logDeterminant", self)
  const fill = (value: number): Tensor => full({ shape: sign.shape, dtype: sign.dtype, value })
  return where(less(sign, fill(0)), fill(Number.NaN), logAbsolute)
})

/** The sign of determinants, 0 for singular matrices, and the logarithm of their magnitude. **Throws** as `determinant`. */
export const signedLogDeterminant: <S extends Shape, D extends DType>(
  self: Tensor<S, D> & CheckSquare<S>
) => { readonly sign: Tensor<Leading<S, 2>, D>; readonly logAbsolute: Tensor<Leading<S, 2>, D> } = typed(
  (self: Tensor) => signedLog("signedLogDeterminant", self)
)

/**
 * The sum of the main diagonal. **Throws** `ShapeError` below two axes.
 *
 * **Example** (A trace)
 *
 * ```ts run
 * await evaluate(Tensor.trace(Tensor.of([[1, 2], [3, 4]]))) // => 5
 * ```
 */
export const trace: <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Leading<S, 2>, D> = typed(
  (self: Tensor) => {
    demandMatrix("trace", self, false)
    return Linear.sum(diagonal(self) as Tensor, { axes: [rankOf(self) - 2] })
  }
)

/**
 * How many singular values exceed `tolerance` times the greatest: `max(m, n)` roundings of the dtype unless stated.
 *
 * **Throws** `ShapeError` below two axes, `DTypeError` unless matrices are of floats, `ArgumentError` for a tolerance
 * below 0.
 *
 * **Example** (A row that says the same)
 *
 * ```ts run
 * await evaluate(Tensor.matrixRank(Tensor.of([[1, 2], [2, 4]]))) // => 1
 * ```
 */
export const matrixRank: {
  (options?: RankOptions): <S extends Shape>(self: Tensor<S>) => Tensor<Leading<S, 2>, "i32">
  <S extends Shape>(self: Tensor<S>, options?: RankOptions): Tensor<Leading<S, 2>, "i32">
} = forms(tensorFirst, (self: Tensor, options: RankOptions = {}) => {
  demandMatrix("matrixRank", self, false)
  const tolerance = toleranceOf("matrixRank", self, options)
  const batch = self.shape.slice(0, -2)
  if (self.shape.slice(-2).includes(0)) return full({ shape: batch, dtype: "i32", value: 0 })
  const { s } = svd(self)
  return Linear.sum(Linear.cast(M.isSignificant(s, tolerance), { dtype: "i32" }), { axes: [batch.length] })
})
