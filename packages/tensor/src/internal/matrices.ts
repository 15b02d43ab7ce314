/**
 * Batches of matrices, `[…, m, n]`, as the derivatives of factorizations need them.
 */
import type { Tensor } from "../Primitive.ts"
import { dotGeneral, mul } from "../primitive/bilinear.ts"
import { equal, less, lessEqual } from "../primitive/discrete.ts"
import { full, zeros } from "../primitive/leaf.ts"
import { add, broadcast, reshape, sum, transpose } from "../primitive/linear.ts"
import { reduceMax, where } from "../primitive/selection.ts"
import { gather, scatterAdd } from "../primitive/window.ts"
import { size } from "../Shape.ts"
import { positions, range } from "./axes.ts"

const rankOf = (x: Tensor): number => x.shape.length

/** `xᵀ`. */
export const transposed = (x: Tensor): Tensor => {
  const rank = rankOf(x)
  return transpose(x, { permutation: [...range(rank - 2), rank - 1, rank - 2] })
}

/** `a b`. */
export const product = (a: Tensor, b: Tensor): Tensor => {
  const rank = rankOf(a)
  return dotGeneral(a, b, { contract: [[rank - 1], [rank - 2]], batch: [range(rank - 2), range(rank - 2)] })
}

/** `factor · x`. */
export const scaled = (x: Tensor, factor: number): Tensor =>
  mul(x, full({ shape: x.shape, dtype: x.dtype, value: factor }))

/** `½ (x + xᵀ)`. */
export const symmetric = (x: Tensor): Tensor => scaled(add(x, transposed(x)), 0.5)

const kept = (x: Tensor, keeps: (row: Tensor, column: Tensor) => Tensor): Tensor =>
  where(keeps(positions(x.shape, rankOf(x) - 2), positions(x.shape, rankOf(x) - 1)), x, zeros(x))

/** `x` on and below the diagonal, zero above. */
export const lowerOf = (x: Tensor): Tensor => kept(x, (row, column) => lessEqual(column, row))

/** `x` below the diagonal, zero elsewhere. */
export const strictlyLowerOf = (x: Tensor): Tensor => kept(x, (row, column) => less(column, row))

/** `x` on and above the diagonal, zero below. */
export const upperOf = (x: Tensor): Tensor => kept(x, lessEqual)

/** `x` above the diagonal, zero elsewhere. */
export const strictlyUpperOf = (x: Tensor): Tensor => kept(x, less)

/** `x` on the diagonal, zero elsewhere. */
export const onDiagonal = (x: Tensor): Tensor => kept(x, equal)

/** The diagonal of square matrices. */
export const diagonalOf = (x: Tensor): Tensor => sum(onDiagonal(x), { axes: [rankOf(x) - 1] })

/** Each row of `x`, `[…, m, n]`, times its element of `weights`, `[…, m]`. */
export const scaledRows = (weights: Tensor, x: Tensor): Tensor => mul(acrossRows(weights, x), x)

/** Each column of `x`, `[…, m, n]`, times its element of `weights`, `[…, n]`. */
export const scaledColumns = (x: Tensor, weights: Tensor): Tensor => mul(x, acrossColumns(weights, x))

/** The elements of `weights`, `[…, m]`, along the rows of a matrix like `x`. */
export const acrossRows = (weights: Tensor, x: Tensor): Tensor =>
  broadcast(weights, { shape: x.shape, axes: [rankOf(x) - 1] })

/** The elements of `weights`, `[…, n]`, along the columns of a matrix like `x`. */
export const acrossColumns = (weights: Tensor, x: Tensor): Tensor =>
  broadcast(weights, { shape: x.shape, axes: [rankOf(x) - 2] })

/** The diagonal matrices of `values`, `[…, n]`. */
export const diagonalMatrix = (values: Tensor): Tensor =>
  onDiagonal(broadcast(values, { shape: [...values.shape, values.shape.at(-1)!], axes: [rankOf(values)] }))

/** The rows that `permutation`, `[…, n]`, names, counted through all matrices. */
const rowNumbers = (permutation: Tensor): Tensor => {
  const { shape } = permutation
  const rows = shape.at(-1)!
  const table = [size(shape.slice(0, -1)), rows]
  const starts = mul(positions(table, 0), full({ shape: table, dtype: "i32", value: rows }))
  return reshape(add(reshape(permutation, { shape: table }), starts), { shape: [size(shape)] })
}

const allRows = (x: Tensor): Tensor => reshape(x, { shape: [size(x.shape.slice(0, -1)), x.shape.at(-1)!] })

/** `P x`: row `i` is row `permutation[i]` of `x`. */
export const permuted = (x: Tensor, permutation: Tensor): Tensor =>
  reshape(gather(allRows(x), rowNumbers(permutation)), { shape: x.shape })

/** `Pᵀ x`: row `permutation[i]` is row `i` of `x`. */
export const unpermuted = (x: Tensor, permutation: Tensor): Tensor => {
  const rows = allRows(x)
  return reshape(scatterAdd(zeros(rows), rows, rowNumbers(permutation)), { shape: x.shape })
}

/** Ones on the diagonal of matrices like `self`. */
export const identityLike = (self: Tensor): Tensor =>
  onDiagonal(full({ shape: self.shape, dtype: self.dtype, value: 1 }))

/** Whether each of descending singular values, `[…, k]`, exceeds `tolerance` times the greatest. */
export const isSignificant = (values: Tensor, tolerance: number): Tensor => {
  const last = rankOf(values) - 1
  const greatest = reduceMax(values, { axes: [last] })
  return less(broadcast(scaled(greatest, tolerance), { shape: values.shape, axes: [last] }), values)
}
