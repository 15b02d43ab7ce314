/**
 * Linear algebra on matrices, the last two axes; axes before them are batches.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import { part } from "../internal/axes.ts"
import type { Triangle } from "../internal/factorization.ts"
import { forms, tensorFirst, typed } from "../internal/forms.ts"
import * as M from "../internal/matrices.ts"
import { commonDType, demand, stretch } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { isTensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import { and, less, sign as signOf } from "../primitive/discrete.ts"
import { log } from "../primitive/elementwise.ts"
import { full } from "../primitive/leaf.ts"
import * as Primitives from "../primitive/linalg.ts"
import * as Linear from "../primitive/linear.ts"
import { abs, where } from "../primitive/selection.ts"
import { concatenate } from "../primitive/window.ts"
import { broadcast } from "../Shape.ts"
import type { CheckDType, CheckMatMul, Dim, MatMul, Shape, ShapeMismatch, ShapeText } from "../ShapeType.ts"
import { diagonal } from "./diagonal.ts"
import { prod } from "./reduction.ts"

/** Nothing to ask of square matrices, else the reason that they are none. */
export type CheckSquare<S extends Shape> = number extends S["length"]
  ? unknown
  : S extends readonly [...Shape, infer M extends Dim, infer N extends Dim]
    ? number extends M | N
      ? unknown
      : [M, N] extends [N, M]
        ? unknown
        : ShapeMismatch<`expected square matrices [..., n, n], received ${ShapeText<S>}`>
    : ShapeMismatch<`expected square matrices [..., n, n], received ${ShapeText<S>}`>

/** `S` without its last `1` or `2` axes. */
export type Leading<S extends Shape, Count extends 1 | 2> = number extends S["length"]
  ? Shape
  : Count extends 1
    ? S extends readonly [...infer L extends Shape, Dim]
      ? readonly [...L]
      : Shape
    : S extends readonly [...infer L extends Shape, Dim, Dim]
      ? readonly [...L]
      : Shape

/** A function from square matrices to square matrices. */
export interface SquareMatrices {
  <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>): Tensor<S, D>
}

/** A number for each square matrix. */
export interface OfSquareMatrix {
  <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>): Tensor<Leading<S, 2>, D>
}

const rankOf = (self: Tensor): number => self.shape.length

/** **Throws** unless `self` holds square matrices of floats. */
const demandSquare = (operation: string, self: Tensor): void => {
  demandMatrix(operation, self, true)
  demand(operation, self, "floats", DTypes.isFloat)
}

/** **Throws** `ShapeError` below two axes, and for `isSquare` unless both are equal. */
const demandMatrix = (operation: string, self: Tensor, isSquare: boolean): void => {
  const [rows, columns] = self.shape.slice(-2)
  if (rankOf(self) >= 2 && (!isSquare || rows === columns)) return
  throw new ShapeError({
    operation,
    expected: isSquare ? "square matrices [..., n, n]" : "matrices [..., m, n]",
    received: [self.shape],
    ...(isSquare && rankOf(self) >= 2 ? { hint: "for a rectangular matrix use qr or svd" } : {})
  })
}

/** Ones on the diagonal of matrices like `self`. */
const identityLike = (self: Tensor): Tensor => M.onDiagonal(full({ shape: self.shape, dtype: self.dtype, value: 1 }))

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

/** Which triangle of a matrix a system has, whether transposed, and whether its diagonal counts as ones. */
export interface TriangleOptions {
  /** The lower triangle, unless false. */
  readonly lower?: boolean
  readonly transpose?: boolean
  readonly unitDiagonal?: boolean
}

/** A system of equations with a matrix on its left and known right-hand sides, after `options`. */
export interface System<O = never> {
  <A extends Shape, B extends Shape, D extends DType, E extends DType>(
    self: Tensor<A, D> & CheckSquare<A>,
    that: Tensor<B, E> & CheckMatMul<A, B> & CheckDType<D, E>,
    options?: O
  ): Tensor<MatMul<A, B>, D>
  <B extends Shape, E extends DType>(
    that: Tensor<B, E>,
    options?: O
  ): <A extends Shape, D extends DType>(
    self: Tensor<A, D> & CheckSquare<A> & CheckMatMul<A, B> & CheckDType<D, E>
  ) => Tensor<MatMul<A, B>, D>
}

/** Brings a matrix and right-hand sides to one batch; one vector is a column, and the solution a vector again. */
const system = (
  operation: string,
  { self, that }: { readonly self: Tensor; readonly that: Tensor },
  solution: (a: Tensor, b: Tensor) => Tensor
): Tensor => {
  demandSquare(operation, self)
  commonDType(operation, [self, that])
  const isVector = rankOf(that) === 1
  const right = isVector ? Linear.reshape(that, { shape: [...that.shape, 1] }) : that
  if (rankOf(right) < 2 || right.shape.at(-2) !== self.shape.at(-1)) {
    throw new ShapeError({
      operation,
      expected: "[..., n, n] and [..., n, m]",
      received: [self.shape, that.shape],
      ...(rankOf(that) > 1 && that.shape.at(-1) === self.shape.at(-1)
        ? { hint: "right-hand sides are columns: transpose the second operand" }
        : {})
    })
  }
  const batch = broadcast(operation, self.shape.slice(0, -2), right.shape.slice(0, -2))
  const [a, b] = [self, right].map((x) => stretch(operation, x, [...batch, ...x.shape.slice(-2)]))
  const x = solution(a, b)
  return isVector ? Linear.reshape(x, { shape: x.shape.slice(0, -1) }) : x
}

/**
 * The `X` with `T X = B`, where `T` is the lower triangle of `self`, or the upper one; the rest of `self` is not read.
 * Batches broadcast; a vector on the right is one column, and its axis is gone from the result.
 *
 * **Shapes** `[…, n, n]`, `[…, n, m]` → `[…, n, m]`
 *
 * **Domain** A diagonal without zeros; elsewhere the solution is infinite or NaN.
 *
 * **Throws** `ShapeError` unless `self` is square and has as many rows as the right-hand side, `DTypeError`.
 *
 * **Example** (Forward substitution)
 *
 * ```ts run
 * const l = Tensor.of([[2, 0], [1, 3]])
 * await evaluate(Tensor.triangularSolve(l, Tensor.of([4, 11]))) // => [2, 3]
 * ```
 */
export const triangularSolve: System<TriangleOptions> = forms(
  (args) => isTensor(args[1]),
  (self: Tensor, that: Tensor, { lower = true, transpose = false, unitDiagonal = false }: TriangleOptions = {}) =>
    system("triangularSolve", { self, that }, (a, b) =>
      Primitives.triangularSolve(a, b, { lower, transpose, unitDiagonal })
    )
)

const unit: Triangle = { lower: true, transpose: false, unitDiagonal: true }
const upper: Triangle = { lower: false, transpose: false, unitDiagonal: false }

/**
 * The `X` with `A X = B`. Batches broadcast; a vector on the right is one column, and its axis is gone from the result.
 *
 * **Shapes** `[…, n, n]`, `[…, n, m]` → `[…, n, m]`
 *
 * **Domain** Regular matrices; for singular ones the solution is infinite or NaN.
 *
 * **Throws** as `triangularSolve`.
 *
 * **Numerics** Gaussian elimination with partial pivoting.
 *
 * **Example** (Two equations)
 *
 * ```ts run
 * await evaluate(Tensor.solve(Tensor.of([[1, 1], [1, -1]]), Tensor.of([5, 1]))) // => [3, 2]
 * ```
 */
export const solve: System = forms(2, (self: Tensor, that: Tensor) =>
  system("solve", { self, that }, (a, b) => {
    const [factors, permutation] = Primitives.lu(a)
    const below = Primitives.triangularSolve(factors, M.permuted(b, permutation), unit)
    return Primitives.triangularSolve(factors, below, upper)
  })
)

/**
 * The inverse of square matrices. To solve equations, `solve` is cheaper and more accurate.
 *
 * **Domain** Regular matrices; those of singular ones are infinite or NaN.
 *
 * **Throws** `ShapeError` unless matrices are square, `DTypeError` unless they are of floats.
 *
 * **Example** (An inverse)
 *
 * ```ts run
 * await evaluate(Tensor.inverse(Tensor.of([[2, 0], [0, 4]]))) // => [[0.5, 0], [0, 0.25]]
 * ```
 */
export const inverse: SquareMatrices = typed((self: Tensor) => {
  demandSquare("inverse", self)
  return solve(self, identityLike(self))
})

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
 * `self` times itself `exponent` times; the identity for 0, powers of the inverse below.
 *
 * **Throws** `ArgumentError` unless the exponent is a whole number, `ShapeError` unless matrices are square.
 *
 * **Example** (Fibonacci)
 *
 * ```ts run
 * await evaluate(Tensor.matrixPower(Tensor.of([[1, 1], [1, 0]]), 10)) // => [[89, 55], [55, 34]]
 * ```
 */
export const matrixPower: {
  <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>, exponent: number): Tensor<S, D>
  (exponent: number): <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>) => Tensor<S, D>
} = forms(tensorFirst, (self: Tensor, exponent: number): Tensor => {
  demandMatrix("matrixPower", self, true)
  if (!Number.isSafeInteger(exponent)) {
    throw new ArgumentError({
      operation: "matrixPower",
      expected: "a whole number as exponent",
      received: String(exponent)
    })
  }
  if (exponent === 0) return identityLike(self)
  return power(exponent < 0 ? inverse(self) : self, Math.abs(exponent))
})

/** By squaring: `x^(2k) = (x²)^k`. */
const power = (x: Tensor, exponent: number): Tensor => {
  if (exponent === 1) return x
  const half = power(M.product(x, x), Math.floor(exponent / 2))
  return exponent % 2 === 0 ? half : M.product(half, x)
}

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
  const last = rankOf(self) - 1
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
      lower: Linear.add(M.strictlyLowerOf(factors), identityLike(self)),
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
