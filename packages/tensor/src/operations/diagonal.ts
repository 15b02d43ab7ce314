/**
 * Diagonals of matrices, and what lies on either side of them.
 */
import type { DType } from "../DType.ts"
import { ShapeError } from "../errors.ts"
import { positions } from "../internal/axes.ts"
import { forms, tensorFirst, typed } from "../internal/forms.ts"
import { diagonalMatrix as diagonalMatrixOf } from "../internal/matrices.ts"
import { fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { lessEqual } from "../primitive/discrete.ts"
import * as Linear from "../primitive/linear.ts"
import { where } from "../primitive/selection.ts"
import * as Window from "../primitive/window.ts"
import type { Dim, Shape } from "../ShapeType.ts"

const triangle =
  (operation: string, keeps: (column: Tensor, row: Tensor) => Tensor) =>
  (self: Tensor, diagonal = 0): Tensor => {
    const rank = self.shape.length
    if (rank < 2) {
      throw new ShapeError({ operation, expected: "a matrix [..., m, n]", received: [self.shape] })
    }
    const row = positions(self.shape, rank - 2)
    const kept = keeps(positions(self.shape, rank - 1), Linear.add(row, fill(operation, row, diagonal)))
    return where(kept, self, fill(operation, self, 0))
  }

/** A matrix function with a number of the diagonal, 0 for the main one, above 0 to its right. */
export interface Triangular {
  (diagonal?: number): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<S, D>
  <S extends Shape, D extends DType>(self: Tensor<S, D>, diagonal?: number): Tensor<S, D>
}

/** Matrices with zeros above a diagonal, the main one unless stated. **Throws** `ShapeError` below two axes. */
export const triangularLower: Triangular = forms(tensorFirst, triangle("triangularLower", lessEqual))

/** Matrices with zeros below a diagonal, the main one unless stated. **Throws** `ShapeError` below two axes. */
export const triangularUpper: Triangular = forms(
  tensorFirst,
  triangle("triangularUpper", (column, row) => lessEqual(row, column))
)

/**
 * The elements on a diagonal of the last two axes, along one axis at the end; the main diagonal unless stated.
 *
 * **Throws** `ShapeError` below two axes.
 *
 * **Example** (The main diagonal)
 *
 * ```ts run
 * await evaluate(Tensor.diagonal(Tensor.of([[1, 2], [3, 4]]))) // => [1, 4]
 * ```
 */
export const diagonal: {
  (diagonal?: number): <D extends DType>(self: Tensor<Shape, D>) => Tensor<ReadonlyArray<number>, D>
  <D extends DType>(self: Tensor<Shape, D>, diagonal?: number): Tensor<ReadonlyArray<number>, D>
} = forms(tensorFirst, (self: Tensor, offset = 0) => {
  if (self.shape.length < 2) {
    throw new ShapeError({ operation: "diagonal", expected: "a matrix [..., m, n]", received: [self.shape] })
  }
  const [rows, columns] = self.shape.slice(-2)
  const rest = self.shape.slice(0, -2)
  const count = Math.max(0, Math.min(rows - Math.max(-offset, 0), columns - Math.max(offset, 0)))
  const start = offset >= 0 ? offset : -offset * columns
  const flat = Linear.reshape(self, { shape: [...rest, rows * columns] })
  // Neighbors on a diagonal are one row and one column apart.
  return Window.slice(flat, {
    start: [...rest.map(() => 0), count === 0 ? 0 : start],
    stop: [...rest, count === 0 ? 0 : start + (count - 1) * (columns + 1) + 1],
    step: [...rest.map(() => 1), columns + 1]
  })
})

/**
 * Matrices with `self`, the last axis, on the main diagonal and zeros elsewhere.
 *
 * **Shapes** `[…, n]` → `[…, n, n]`
 *
 * **Throws** `ShapeError` for a scalar.
 *
 * **Example** (A scaling)
 *
 * ```ts run
 * await evaluate(Tensor.diagonalMatrix(Tensor.of([2, 3]))) // => [[2, 0], [0, 3]]
 * ```
 */
export const diagonalMatrix: {
  <L extends Shape, N extends Dim, D extends DType>(
    self: Tensor<readonly [...L, N], D>
  ): Tensor<readonly [...L, N, N], D>
} = typed((self: Tensor) => {
  if (self.shape.length > 0) return diagonalMatrixOf(self)
  throw new ShapeError({ operation: "diagonalMatrix", expected: "vectors [..., n]", received: [self.shape] })
})
