/**
 * Elements chosen by data: by index and by order. Indices are clamped to the axis they point into.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts"
import { moved, part, permute, positions, range } from "../internal/axes.ts"
import { forms, tensorFirst } from "../internal/forms.ts"
import { commonDType, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { isTensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import { equal } from "../primitive/discrete.ts"
import { iota } from "../primitive/leaf.ts"
import * as Linear from "../primitive/linear.ts"
import { argSort as argSortOf } from "../primitive/routine.ts"
import { max, min } from "../primitive/selection.ts"
import * as Window from "../primitive/window.ts"
import type { Dims } from "../Shape.ts"
import { equals, normalizeAxis, size, strides, without } from "../Shape.ts"
import type { CheckAxes, CheckBroadcast, CheckDType, Dim, Shape, Splice } from "../ShapeType.ts"
import type { ResultOf } from "./signature.ts"

const demandIndices = (operation: string, indices: Tensor): void => {
  if (DTypes.isInteger(indices.dtype)) return
  throw new DTypeError({
    operation,
    expected: "integer indices",
    received: [indices.dtype],
    hint: 'convert them with cast(indices, "i32")'
  })
}

const demandRows = (operation: string, extent: number, self: Tensor, indices: Tensor): void => {
  if (extent > 0 || size(indices.shape) === 0) return
  throw new ShapeError({ operation, expected: "at least one element to choose from", received: [self.shape] })
}

/**
 * The slices of `self` along `axis`, the first unless stated, that `indices` name; their axes replace that axis.
 *
 * **Throws** `DTypeError` unless indices are integers, `AxisError` for an axis that `self` has not.
 *
 * **Example** (Rows by number)
 *
 * ```ts run
 * const x = Tensor.of([[1, 2], [3, 4], [5, 6]])
 * await evaluate(Tensor.take(x, Tensor.of([2, 0], "i32"))) // => [[5, 6], [1, 2]]
 * ```
 */
export const take: {
  <S extends Shape, I extends Shape, D extends DType, const A extends number = 0>(
    self: Tensor<S, D>,
    indices: Tensor<I>,
    axis?: A & CheckAxes<S, A>
  ): Tensor<Splice<S, A, I>, D>
  <I extends Shape, const A extends number = 0>(
    indices: Tensor<I>,
    axis?: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckAxes<S, A>) => Tensor<Splice<S, A, I>, D>
} = forms(
  (args) => isTensor(args[1]),
  (self: Tensor, indices: Tensor, axis = 0) => {
    demandIndices("take", indices)
    const rank = self.shape.length
    const at = normalizeAxis("take", axis, rank)
    demandRows("take", self.shape[at], self, indices)
    const rows = Window.gather(permute(self, moved(rank, at, 0)), indices)
    const [leading, rest] = [indices.shape.length, range(rank - 1).map((k) => k + indices.shape.length)]
    return permute(rows, [...rest.slice(0, at), ...range(leading), ...rest.slice(at)])
  }
)

/**
 * Row-major positions in `shape` of the elements that `indices` name: their own index, but for `axis`, where it is the
 * index they hold.
 */
const placesIn = (operation: string, self: Tensor, indices: Tensor, axis: number): Tensor => {
  demandIndices(operation, indices)
  const { shape } = self
  const rest = (dims: Dims): Dims => without(dims, [axis])
  if (indices.shape.length !== shape.length || rest(indices.shape).some((extent, k) => extent > rest(shape)[k])) {
    throw new ShapeError({
      operation,
      expected: `indices no larger than the tensor but along axis ${axis}`,
      received: [shape, indices.shape]
    })
  }
  demandRows(operation, shape[axis], self, indices)
  const type = { shape: indices.shape, dtype: "i32" } as const
  const constant = (value: number): Tensor => fill(operation, type, value)
  const clamped = min(max(Linear.cast(indices, { dtype: "i32" }), constant(0)), constant(Math.max(shape[axis] - 1, 0)))
  const steps = strides(shape)
  return range(shape.length)
    .map((k) => mul(k === axis ? clamped : positions(indices.shape, k), constant(steps[k])))
    .reduce(Linear.add)
}

const flat = (self: Tensor): Tensor => Linear.reshape(self, { shape: [size(self.shape)] })

/**
 * One element of `self` for each of `indices`, which stand for the index along `axis`:
 * `result[i, j] = self[indices[i, j], j]` for axis 0 of two.
 *
 * **Shapes** The result has the shape of `indices`, which is no larger than `self` along the other axes.
 *
 * **Throws** `ShapeError` for larger indices, `DTypeError` unless they are integers, `AxisError`.
 *
 * **Example** (The score of each label)
 *
 * ```ts run
 * const scores = Tensor.of([[0.1, 0.9], [0.8, 0.2]])
 * await evaluate(Tensor.gather(scores, Tensor.of([[1], [1]], "i32"), 1)) // => [[0.9], [0.2]]
 * ```
 */
export const gather: {
  <I extends Shape, D extends DType>(self: Tensor<Shape, D>, indices: Tensor<I>, axis: number): Tensor<I, D>
  <I extends Shape>(indices: Tensor<I>, axis: number): <D extends DType>(self: Tensor<Shape, D>) => Tensor<I, D>
} = forms(3, (self: Tensor, indices: Tensor, axis: number) => {
  const at = normalizeAxis("gather", axis, self.shape.length)
  return Window.gather(flat(self), placesIn("gather", self, indices, at))
})

/**
 * `self` plus each of `updates` at the place that `indices` name as in `gather`; repeats add up.
 *
 * **Throws** as `gather`, and `ShapeError` unless updates and indices have one shape.
 *
 * **Example** (Counting)
 *
 * ```ts run
 * const indices = Tensor.of([1, 1, 0], "i32")
 * await evaluate(Tensor.scatterAdd(Tensor.zeros([3]), indices, Tensor.ones([3]), 0)) // => [1, 2, 0]
 * ```
 */
export const scatterAdd: {
  <S extends Shape, I extends Shape, U extends Shape, D extends DType, E extends DType>(
    self: Tensor<S, D>,
    indices: Tensor<I>,
    updates: Tensor<U, E> & CheckBroadcast<I, U> & CheckDType<D, E>,
    axis: number
  ): Tensor<S, D>
  <I extends Shape, U extends Shape, E extends DType>(
    indices: Tensor<I>,
    updates: Tensor<U, E> & CheckBroadcast<I, U>,
    axis: number
  ): <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckDType<D, E>) => Tensor<S, D>
} = forms(
  (args) => args.length > 3,
  (self: Tensor, indices: Tensor, updates: Tensor, axis: number) => {
    commonDType("scatterAdd", [self, updates])
    const at = normalizeAxis("scatterAdd", axis, self.shape.length)
    if (!equals(indices.shape, updates.shape)) {
      throw new ShapeError({
        operation: "scatterAdd",
        expected: "indices and updates of one shape",
        received: [indices.shape, updates.shape]
      })
    }
    const places = placesIn("scatterAdd", self, indices, at)
    return Linear.reshape(Window.scatterAdd(flat(self), flat(updates), flat(places)), { shape: self.shape })
  }
)

/** The rows of `table` that `indices` name. **Shapes** `[n, …row]`, `[…i]` → `[…i, …row]`. **Throws** as `take`. */
export const embedding: {
  <R extends Shape, I extends Shape, D extends DType>(
    table: Tensor<readonly [Dim, ...R], D>,
    indices: Tensor<I>
  ): Tensor<readonly [...I, ...R], D>
  <D extends DType>(table: Tensor<Shape, D>, indices: Tensor): Tensor<Shape, D>
  <I extends Shape>(
    indices: Tensor<I>
  ): <R extends Shape, D extends DType>(table: Tensor<readonly [Dim, ...R], D>) => Tensor<readonly [...I, ...R], D>
} = forms(2, (table: Tensor, indices: Tensor) => take(table, indices, 0))

/**
 * 1 at the place that each index names among `classes`, 0 elsewhere, along a new last axis; `f32` unless stated.
 * An index outside gives zeros.
 *
 * **Throws** `DTypeError` unless indices are integers.
 *
 * **Example** (Labels)
 *
 * ```ts run
 * await evaluate(Tensor.oneHot(Tensor.of([2, 0], "i32"), 3)) // => [[0, 0, 1], [1, 0, 0]]
 * ```
 */
export const oneHot: {
  <S extends Shape, const C extends number, D extends DType = "f32">(
    indices: Tensor<S>,
    classes: C,
    dtype?: D
  ): Tensor<readonly [...S, C], D>
  <const C extends number, D extends DType = "f32">(
    classes: C,
    dtype?: D
  ): <S extends Shape>(indices: Tensor<S>) => Tensor<readonly [...S, C], D>
} = forms(tensorFirst, (indices: Tensor, classes: number, dtype: DType = "f32") => {
  demandIndices("oneHot", indices)
  if (!Number.isSafeInteger(classes) || classes < 0) {
    throw new ArgumentError({ operation: "oneHot", expected: "a whole number of classes", received: String(classes) })
  }
  const rank = indices.shape.length
  const shape = [...indices.shape, classes]
  const wide = Linear.cast(indices, { dtype: "i32" })
  const place = Linear.broadcast(iota({ shape: [classes], dtype: "i32" }), { shape, axes: range(rank) })
  return Linear.cast(equal(Linear.broadcast(wide, { shape, axes: [rank] }), place), { dtype })
})

/** Which way values are put in order. */
export interface Order {
  readonly descending?: boolean
}

/** The positions that put the last axis of `self`, moved there from `at`, in order; and how to move it back. */
const ordered = (self: Tensor, at: number, descending: boolean): readonly [rows: Tensor, order: Tensor] => {
  const rank = self.shape.length
  const rows = permute(self, moved(rank, at, rank - 1))
  return [rows, argSortOf(Linear.stopGradient(rows), { descending })]
}

const back = (rows: Tensor, at: number): Tensor => permute(rows, moved(rows.shape.length, rows.shape.length - 1, at))

/** An ordering along one axis, the last unless stated; `R` is the dtype of the result. */
export interface Ordering<R extends DType = never> {
  (axis?: number, options?: Order): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<S, ResultOf<R, D>>
  <S extends Shape, D extends DType>(self: Tensor<S, D>, axis?: number, options?: Order): Tensor<S, ResultOf<R, D>>
}

/**
 * The positions that put the values along an axis in order: ascending unless stated, stable. NaN counts as greatest.
 *
 * **Throws** `AxisError` for an axis that `self` has not.
 */
export const argSort: Ordering<"i32"> = forms(
  tensorFirst,
  (self: Tensor, axis = -1, { descending = false }: Order = {}) => {
    const at = normalizeAxis("argSort", axis, self.shape.length)
    return back(ordered(self, at, descending)[1], at)
  }
)

/**
 * The values along an axis in order: ascending unless stated, stable. NaN counts as greatest. **Throws** as `argSort`.
 *
 * **Example** (Descending)
 *
 * ```ts run
 * await evaluate(Tensor.sort(Tensor.of([1, 3, 2]), 0, { descending: true })) // => [3, 2, 1]
 * ```
 */
export const sort: Ordering = forms(tensorFirst, (self: Tensor, axis = -1, { descending = false }: Order = {}) => {
  const at = normalizeAxis("sort", axis, self.shape.length)
  const [rows, order] = ordered(self, at, descending)
  return back(gather(rows, order, -1), at)
})

/** The greatest values and where they stood. */
export interface TopK<S extends Shape, D extends DType> {
  readonly values: Tensor<S, D>
  readonly indices: Tensor<S, "i32">
}

/**
 * The `k` greatest values along an axis, the last unless stated, greatest first, and their positions. NaN counts as the
 * greatest, as for `argMax`.
 *
 * **Throws** `AxisError`, and `ArgumentError` unless the axis has so many.
 *
 * **Example** (The best two)
 *
 * ```ts run
 * const { values, indices } = Tensor.topK(Tensor.of([1, 3, 2]), 2)
 * await evaluate(values) // => [3, 2]
 * await evaluate(indices) // => [1, 2]
 * ```
 */
export const topK: {
  <S extends Shape, const K extends number, D extends DType, const A extends number = -1>(
    self: Tensor<S, D>,
    k: K,
    axis?: A & CheckAxes<S, A>
  ): TopK<Splice<S, A, readonly [K]>, D>
  <const K extends number, const A extends number = -1>(
    k: K,
    axis?: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => TopK<Splice<S, A, readonly [K]>, D>
} = forms(tensorFirst, (self: Tensor, k: number, axis = -1) => {
  const at = normalizeAxis("topK", axis, self.shape.length)
  if (!Number.isSafeInteger(k) || k < 0 || k > self.shape[at]) {
    throw new ArgumentError({ operation: "topK", expected: `k from 0 to ${self.shape[at]}`, received: String(k) })
  }
  const [rows, order] = ordered(self, at, true)
  const best = part(order, order.shape.length - 1, 0, k)
  return { values: back(gather(rows, best, -1), at), indices: back(best, at) }
})
