/**
 * Systems of linear equations and inverses, on matrices, the last two axes; axes before them are batches.
 */
import type { DType } from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import type { Triangle } from "../internal/factorization.ts"
import { forms, tensorFirst, typed } from "../internal/forms.ts"
import * as M from "../internal/matrices.ts"
import { commonDType, demandMatrix, demandSquare, stretch, toleranceOf } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { isTensor } from "../Primitive.ts"
import * as Primitives from "../primitive/linalg.ts"
import * as Linear from "../primitive/linear.ts"
import { pseudoInverse } from "../primitive/pseudoInverse.ts"
import { broadcast } from "../Shape.ts"
import type { CheckDType, CheckMatMul, MatMul, Shape } from "../ShapeType.ts"
import type { CheckSquare, SquareMatrices } from "./signature.ts"

const rankOf = (self: Tensor): number => self.shape.length

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

/** A matrix, what is solved with in its place, and right-hand sides with as many rows as the matrix. */
interface Sides {
  readonly self: Tensor
  readonly inverse: Tensor
  readonly that: Tensor
}

/** Brings both sides to one batch; one vector is a column, and the solution a vector again. */
const against = (
  { expected, operation }: { readonly operation: string; readonly expected: string },
  { inverse, self, that }: Sides,
  solution: (a: Tensor, b: Tensor) => Tensor
): Tensor => {
  const isVector = rankOf(that) === 1
  const right = isVector ? Linear.reshape(that, { shape: [...that.shape, 1] }) : that
  if (rankOf(right) < 2 || right.shape.at(-2) !== self.shape.at(-2)) {
    throw new ShapeError({
      operation,
      expected,
      received: [self.shape, that.shape],
      ...(rankOf(that) > 1 && that.shape.at(-1) === self.shape.at(-2)
        ? { hint: "right-hand sides are columns: transpose the second operand" }
        : {})
    })
  }
  const batch = broadcast(operation, self.shape.slice(0, -2), right.shape.slice(0, -2))
  const [a, b] = [inverse, right].map((x) => stretch(operation, x, [...batch, ...x.shape.slice(-2)]))
  const x = solution(a, b)
  return isVector ? Linear.reshape(x, { shape: x.shape.slice(0, -1) }) : x
}

/** A system with a square matrix. */
const system = (
  operation: string,
  { self, that }: { readonly self: Tensor; readonly that: Tensor },
  solution: (a: Tensor, b: Tensor) => Tensor
): Tensor => {
  demandSquare(operation, self)
  commonDType(operation, [self, that])
  return against({ operation, expected: "[..., n, n] and [..., n, m]" }, { self, inverse: self, that }, solution)
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
  return solve(self, M.identityLike(self))
})

/** Up to which share of the greatest singular value one counts as zero; `max(m, n)` roundings of the dtype unless stated. */
export interface RankOptions {
  readonly tolerance?: number
}

/**
 * The Moore-Penrose inverse of any matrices: of all `P` with the least `‖A P − 1‖`, the one of least length. It is the
 * inverse where there is one. Derivatives are those at constant rank, and exist where singular values are equal.
 *
 * **Shapes** `[…, m, n]` → `[…, n, m]`
 *
 * **Domain** All matrices. At those of lesser rank than their neighbors the value jumps; nothing is infinite or NaN.
 *
 * **Throws** `ShapeError` below two axes, `DTypeError` unless matrices are of floats, `ArgumentError` for a tolerance
 * below 0.
 *
 * **Example** (A row)
 *
 * ```ts run
 * await evaluate(Tensor.pinv(Tensor.of([[3, 4]]))) // => [[0.12], [0.16]]
 * ```
 */
export const pinv: {
  (options?: RankOptions): <D extends DType>(self: Tensor<Shape, D>) => Tensor<Shape, D>
  <D extends DType>(self: Tensor<Shape, D>, options?: RankOptions): Tensor<Shape, D>
} = forms(tensorFirst, (self: Tensor, options: RankOptions = {}) => {
  demandMatrix("pinv", self, false)
  return pseudoInverse(self, { tolerance: toleranceOf("pinv", self, options) })
})

/**
 * The `X` with the least `‖A X − B‖`, column by column, and of these the one of least length. Batches broadcast; a vector on
 * the right is one column, and its axis is gone from the result.
 *
 * **Shapes** `[…, m, n]`, `[…, m, k]` → `[…, n, k]`
 *
 * **Throws** as `pinv`, and `ShapeError` unless both have `m` rows.
 *
 * **Numerics** By `pinv`, so the error grows with the ratio of singular values, not with its square.
 *
 * **Example** (A line through three points)
 *
 * ```ts run
 * const [x, y] = [Tensor.of([[0, 1], [1, 1], [2, 1]]), Tensor.of([1, 3, 5])]
 * await evaluate(Tensor.leastSquares(x, y)) // => [2, 1]
 * ```
 */
export const leastSquares: {
  <D extends DType>(self: Tensor<Shape, D>, that: Tensor<Shape, NoInfer<D>>, options?: RankOptions): Tensor<Shape, D>
  <D extends DType>(that: Tensor<Shape, D>, options?: RankOptions): (self: Tensor<Shape, D>) => Tensor<Shape, D>
} = forms(
  (args) => isTensor(args[1]),
  (self: Tensor, that: Tensor, options: RankOptions = {}) => {
    commonDType("leastSquares", [self, that])
    demandMatrix("leastSquares", self, false)
    const inverse = pseudoInverse(self, { tolerance: toleranceOf("leastSquares", self, options) })
    const context = { operation: "leastSquares", expected: "[..., m, n] and [..., m, k]" }
    return against(context, { self, inverse, that }, M.product)
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
  if (exponent === 0) return M.identityLike(self)
  return power(exponent < 0 ? inverse(self) : self, Math.abs(exponent))
})

/** By squaring: `x^(2k) = (x²)^k`. */
const power = (x: Tensor, exponent: number): Tensor => {
  if (exponent === 1) return x
  const half = power(M.product(x, x), Math.floor(exponent / 2))
  return exponent % 2 === 0 ? half : M.product(half, x)
}
