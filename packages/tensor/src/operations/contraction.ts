/**
 * Sums of products: inner and outer products, matrices, and any number of paired axes. All rest on `dotGeneral`.
 */
import type { DType } from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import { contract } from "../internal/contract.ts"
import { range } from "../internal/axes.ts"
import { forms, typed } from "../internal/forms.ts"
import { commonDType } from "../internal/operands.ts"
import { parse } from "../internal/equation.ts"
import type { Tensor } from "../Primitive.ts"
import { dotGeneral } from "../primitive/bilinear.ts"
import { isTensor } from "../Primitive.ts"
import type { Dims } from "../Shape.ts"
import { broadcast, normalizeAxis } from "../Shape.ts"
import type { CheckDType, CheckMatMul, Dim, MatMul, Shape } from "../ShapeType.ts"

const demandVectors = (operation: string, vectors: ReadonlyArray<Tensor>): void => {
  if (vectors.every(({ shape }) => shape.length === 1)) return
  throw new ShapeError({
    operation,
    expected: "two vectors [m] and [n]",
    received: vectors.map(({ shape }) => shape),
    hint: "for matrices use matmul, for other axes tensorDot or einsum"
  })
}

/**
 * The inner product of two vectors.
 *
 * **Throws** `ShapeError` unless both have one axis of one extent, `DTypeError` unless dtypes agree.
 *
 * **Example** (Inner product)
 *
 * ```ts run
 * await evaluate(Tensor.dot(Tensor.of([1, 2]), Tensor.of([3, 4]))) // => 11
 * ```
 */
export const dot: {
  <A extends Shape, B extends Shape, D extends DType, E extends DType>(
    self: Tensor<A, D>,
    that: Tensor<B, E> & CheckMatMul<A, B> & CheckDType<D, E>
  ): Tensor<readonly [], D>
  <B extends Shape, E extends DType>(
    that: Tensor<B, E>
  ): <A extends Shape, D extends DType>(
    self: Tensor<A, D> & CheckMatMul<A, B> & CheckDType<D, E>
  ) => Tensor<readonly [], D>
} = forms(2, (self: Tensor, that: Tensor) => {
  demandVectors("dot", [self, that])
  return matmul(self, that)
})

/** The products of all pairs of two vectors. **Shapes** `[m]`, `[n]` → `[m, n]`. **Throws** as `dot`. */
export const outer: {
  <M extends Dim, N extends Dim, D extends DType>(
    self: Tensor<readonly [M], D>,
    that: Tensor<readonly [N], NoInfer<D>>
  ): Tensor<readonly [M, N], D>
  <D extends DType, E extends DType>(
    self: Tensor<Shape, D>,
    that: Tensor<Shape, E> & CheckDType<D, E>
  ): Tensor<readonly [Dim, Dim], D>
  <N extends Dim, E extends DType>(
    that: Tensor<readonly [N], E>
  ): <M extends Dim, D extends DType>(self: Tensor<readonly [M], D> & CheckDType<D, E>) => Tensor<readonly [M, N], D>
} = forms(2, (self: Tensor, that: Tensor) => {
  demandVectors("outer", [self, that])
  return contract(
    "outer",
    [
      { tensor: self, labels: ["m"] },
      { tensor: that, labels: ["n"] }
    ],
    ["m", "n"]
  )
})

const batchLabels = (rank: number): ReadonlyArray<string> => range(rank).map((axis) => `batch ${rank - axis}`)

/**
 * The matrix product. Axes before the last two are batches and broadcast; a vector on the left is a row, one on the
 * right a column, and its axis is gone from the result.
 *
 * **Shapes** `[…, m, k]`, `[…, k, n]` → `[…, m, n]`
 *
 * **Throws** `ShapeError` unless the inner extents are equal and batches broadcast, `DTypeError` unless dtypes agree.
 *
 * **Example** (Matrix times matrix)
 *
 * ```ts run
 * await evaluate(Tensor.matmul(Tensor.of([[1, 2]]), Tensor.of([[3, 4], [5, 6]]))) // => [[13, 16]]
 * ```
 */
export const matmul: {
  <L extends Shape, K extends Dim, N extends Dim, D extends DType>(
    self: Tensor<readonly [...L, K], D>,
    that: Tensor<readonly [NoInfer<K>, N], NoInfer<D>>
  ): Tensor<readonly [...L, N], D>
  <A extends Shape, B extends Shape, D extends DType, E extends DType>(
    self: Tensor<A, D>,
    that: Tensor<B, E> & CheckMatMul<A, B> & CheckDType<D, E>
  ): Tensor<MatMul<A, B>, D>
  <B extends Shape, E extends DType>(
    that: Tensor<B, E>
  ): <A extends Shape, D extends DType>(
    self: Tensor<A, D> & CheckMatMul<A, B> & CheckDType<D, E>
  ) => Tensor<MatMul<A, B>, D>
} = forms(2, (self: Tensor, that: Tensor): Tensor => {
  const [isRow, isColumn] = [self.shape.length === 1, that.shape.length === 1]
  const inner = that.shape[isColumn ? 0 : that.shape.length - 2]
  if (self.shape.length === 0 || that.shape.length === 0 || self.shape[self.shape.length - 1] !== inner) {
    throw new ShapeError({
      operation: "matmul",
      expected: "[..., m, k] and [..., k, n]",
      received: [self.shape, that.shape],
      ...hintFor(self.shape, that.shape)
    })
  }
  const batch = broadcast("matmul", self.shape.slice(0, -2), that.shape.slice(0, -2))
  const [left, right] = [isRow ? [] : ["m"], isColumn ? [] : ["n"]]
  return contract(
    "matmul",
    [
      { tensor: self, labels: [...batchLabels(Math.max(self.shape.length - 2, 0)), ...left, "k"] },
      { tensor: that, labels: [...batchLabels(Math.max(that.shape.length - 2, 0)), "k", ...right] }
    ],
    [...batchLabels(batch.length), ...left, ...right]
  )
})

const hintFor = (self: Dims, that: Dims): { readonly hint?: string } => {
  if (self.length === 0 || that.length === 0) return { hint: "to scale by a scalar, use mul" }
  if (self.at(-1) === that.at(-1)) return { hint: "transpose the second operand" }
  return self.length > 1 && self.at(-2) === that.at(-2) ? { hint: "transpose the first operand" } : {}
}

/**
 * Sums products over pairs of axes: so many last axes of `self` and first axes of `that` (2 unless stated), or the
 * axes of both by number. The other axes of `self` come first in the result, then those of `that`.
 *
 * **Throws** `ShapeError` where paired axes differ in extent, `AxisError`, `DTypeError`, `ArgumentError`.
 */
export const tensorDot: {
  <D extends DType, E extends DType>(
    self: Tensor<Shape, D>,
    that: Tensor<Shape, E> & CheckDType<D, E>,
    axes?: number | readonly [ofSelf: Dims, ofThat: Dims]
  ): Tensor<Shape, D>
  <E extends DType>(
    that: Tensor<Shape, E>,
    axes?: number | readonly [ofSelf: Dims, ofThat: Dims]
  ): <D extends DType>(self: Tensor<Shape, D> & CheckDType<D, E>) => Tensor<Shape, D>
} = forms(
  (args) => isTensor(args[1]),
  (self: Tensor, that: Tensor, axes: number | readonly [Dims, Dims] = 2) => {
    commonDType("tensorDot", [self, that])
    const rank = self.shape.length
    const given = typeof axes === "number" ? [range(axes).map((i) => rank - axes + i), range(axes)] : axes
    const [left, right] = [self, that].map((tensor, i) =>
      given[i].map((axis) => normalizeAxis("tensorDot", axis, tensor.shape.length))
    )
    if (left.length !== right.length || new Set(left).size + new Set(right).size !== 2 * left.length) {
      throw new ArgumentError({
        operation: "tensorDot",
        expected: "as many axes of one tensor as of the other, each once",
        received: `[${given[0].join(", ")}] and [${given[1].join(", ")}]`
      })
    }
    if (left.some((axis, i) => self.shape[axis] !== that.shape[right[i]])) {
      throw new ShapeError({
        operation: "tensorDot",
        expected: `equal extents along axes [${left.join(", ")}] and [${right.join(", ")}]`,
        received: [self.shape, that.shape]
      })
    }
    return dotGeneral(self, that, { contract: [left, right], batch: [[], []] })
  }
)

/**
 * Sums of products by an equation: a letter names an axis, operands are separated by commas, and what stands after
 * `->` is the result; letters that it lacks are summed over. Without `->` the result has the letters that occur once,
 * in alphabetical order. `...` stands for leading axes, which broadcast; a letter twice in one operand is a diagonal.
 *
 * **Throws** `ArgumentError` for a malformed equation, `ShapeError` where axes of one letter differ in extent.
 *
 * **Numerics** Operands are contracted in pairs from left to right.
 *
 * **Example** (Attention scores)
 *
 * ```ts run
 * const [q, k] = [Tensor.ones([1, 2, 3]), Tensor.ones([1, 2, 3])]
 * await evaluate(Tensor.einsum("bqd,bkd->bqk", q, k)) // => [[[3, 3], [3, 3]]]
 * ```
 */
export const einsum: {
  <D extends DType, E extends DType = D>(
    equation: string,
    first: Tensor<Shape, D>,
    ...rest: ReadonlyArray<Tensor<Shape, E> & CheckDType<D, E>>
  ): Tensor<Shape, D>
} = typed((equation: string, ...tensors: ReadonlyArray<Tensor>) => {
  const { operands, output } = parse(equation, tensors)
  return contract("einsum", operands, output)
})
