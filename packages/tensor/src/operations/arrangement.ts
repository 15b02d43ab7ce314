/**
 * Parts of tensors, and tensors put together from parts.
 */
import type { DType } from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import { part, range } from "../internal/axes.ts"
import { forms, tensorFirst, typed } from "../internal/forms.ts"
import { commonDType, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import * as Linear from "../primitive/linear.ts"
import { where } from "../primitive/selection.ts"
import * as Window from "../primitive/window.ts"
import type { Dims } from "../Shape.ts"
import { equals, normalizeAxis } from "../Shape.ts"
import type { Insert, Loose, Reduce, Shape, Splice } from "../ShapeType.ts"

/** Bounds per axis as in `slice`; axes that are left out are taken whole. */
export interface Bounds {
  /** The first element of each axis; below 0 it counts from the end. */
  readonly start?: ReadonlyArray<number | undefined>
  /** The first element of each axis that is no longer taken; below 0 it counts from the end. */
  readonly stop?: ReadonlyArray<number | undefined>
  /** The distance between elements; below 0 the axis is read backwards. 1 unless stated. */
  readonly step?: ReadonlyArray<number | undefined>
}

type Range = readonly [start: number, stop: number, step: number]

const bounded = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)

/** The range on an axis, read backwards first where `step` is negative; then `step` is positive. */
const rangeOn = (
  extent: number,
  [from, to, step]: readonly [number | undefined, number | undefined, number]
): Range => {
  const place = (value: number): number => (value < 0 ? value + extent : value)
  if (step > 0) return [bounded(place(from ?? 0), 0, extent), bounded(place(to ?? extent), 0, extent), step]
  const start = bounded(place(from ?? extent - 1), -1, extent - 1)
  const stop = to === undefined ? -1 : bounded(place(to), -1, extent - 1)
  return [extent - 1 - start, extent - 1 - stop, -step]
}

/**
 * Elements `start, start + step, …` before `stop` of each axis. Bounds beyond the ends are moved to them.
 *
 * **Throws** `ArgumentError` for more bounds than axes, or bounds that are not whole, or a step of 0.
 *
 * **Example** (Every other row, the last column)
 *
 * ```ts run
 * const x = Tensor.of([[1, 2], [3, 4], [5, 6]])
 * await evaluate(Tensor.slice(x, { start: [0, -1], step: [2] })) // => [[2], [6]]
 * ```
 */
export const slice: {
  <S extends Shape, D extends DType>(self: Tensor<S, D>, bounds: Bounds): Tensor<Loose<S>, D>
  (bounds: Bounds): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Loose<S>, D>
} = forms(2, (self: Tensor, { start = [], step = [], stop = [] }: Bounds) => {
  const rank = self.shape.length
  const given = [...start, ...stop, ...step].filter((value) => value !== undefined)
  if (
    [start, stop, step].some((bounds) => bounds.length > rank) ||
    !given.every(Number.isSafeInteger) ||
    step.includes(0)
  ) {
    throw new ArgumentError({
      operation: "slice",
      expected: `whole bounds and steps that are not 0, for at most ${rank} axes`,
      received: JSON.stringify({ start, stop, step })
    })
  }
  const ranges = self.shape.map((extent, axis) => rangeOn(extent, [start[axis], stop[axis], step[axis] ?? 1]))
  const backwards = range(rank).filter((axis) => (step[axis] ?? 1) < 0)
  const source = backwards.length === 0 ? self : Linear.reverse(self, { axes: backwards })
  const isWhole = ranges.every(([from, to, by], axis) => from === 0 && to === self.shape[axis] && by === 1)
  if (isWhole) return source
  return Window.slice(source, {
    start: ranges.map(([from]) => from),
    stop: ranges.map(([from, to]) => Math.max(from, to)),
    step: ranges.map(([, , by]) => by)
  })
})

const checkTensors = (operation: string, tensors: ReadonlyArray<Tensor>): void => {
  if (tensors.length === 0) {
    throw new ArgumentError({ operation, expected: "at least one tensor", received: "none" })
  }
  commonDType(operation, tensors)
}

/** The dimensions of `tensors` one after the other along `A`. */
export type Concatenated<T extends ReadonlyArray<Tensor>, A extends number> = Splice<ShapeOf<T>, A, readonly [number]>

/** The dimensions of `tensors` along a new axis `A`. */
export type Stacked<T extends ReadonlyArray<Tensor>, A extends number> = Insert<ShapeOf<T>, A, readonly [T["length"]]>

type ShapeOf<T extends ReadonlyArray<Tensor>> = T[0] extends Tensor<infer S> ? S : Shape
type DTypeOf<T extends ReadonlyArray<Tensor>> = T[0]["dtype"]

/**
 * `tensors` one after the other along `axis`, the first unless stated.
 *
 * **Throws** `ShapeError` unless they differ along that axis only, `DTypeError`, `AxisError`, `ArgumentError`.
 *
 * **Example** (Side by side)
 *
 * ```ts run
 * await evaluate(Tensor.concatenate([Tensor.of([[1], [2]]), Tensor.of([[3], [4]])], 1)) // => [[1, 3], [2, 4]]
 * ```
 */
export const concatenate: {
  <const T extends ReadonlyArray<Tensor>, const A extends number = 0>(
    tensors: T,
    axis?: A
  ): Tensor<Concatenated<T, A>, DTypeOf<T>>
} = typed((tensors: ReadonlyArray<Tensor>, axis = 0) => {
  checkTensors("concatenate", tensors)
  const at = normalizeAxis("concatenate", axis, tensors[0].shape.length)
  return tensors.length === 1 ? tensors[0] : Window.concatenate(tensors, { axis: at })
})

/**
 * `tensors` of one shape along a new axis, the first unless stated. **Throws** as `concatenate`.
 *
 * **Example** (Rows)
 *
 * ```ts run
 * await evaluate(Tensor.stack([Tensor.of([1, 2]), Tensor.of([3, 4])])) // => [[1, 2], [3, 4]]
 * ```
 */
export const stack: {
  <const T extends ReadonlyArray<Tensor>, const A extends number = 0>(
    tensors: T,
    axis?: A
  ): Tensor<Stacked<T, A>, DTypeOf<T>>
} = typed((tensors: ReadonlyArray<Tensor>, axis = 0) => {
  checkTensors("stack", tensors)
  const [{ shape }] = tensors
  const other = tensors.find((tensor) => !equals(tensor.shape, shape))
  if (other !== undefined) {
    throw new ShapeError({ operation: "stack", expected: "tensors of one shape", received: [shape, other.shape] })
  }
  const at = normalizeAxis("stack", axis, shape.length + 1)
  const widened = tensors.map((tensor) => Linear.reshape(tensor, { shape: shape.toSpliced(at, 0, 1) }))
  return widened.length === 1 ? widened[0] : Window.concatenate(widened, { axis: at })
})

/**
 * `self` in pieces along `axis`, the first unless stated: so many equal ones, or pieces of the given extents.
 *
 * **Throws** `AxisError`, and `ShapeError` unless the pieces make up the axis.
 */
export const split: {
  <S extends Shape, D extends DType>(
    self: Tensor<S, D>,
    pieces: number | Dims,
    axis?: number
  ): ReadonlyArray<Tensor<Loose<S>, D>>
  (
    pieces: number | Dims,
    axis?: number
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => ReadonlyArray<Tensor<Loose<S>, D>>
} = forms(tensorFirst, (self: Tensor, pieces: number | Dims, axis = 0) => {
  const at = normalizeAxis("split", axis, self.shape.length)
  const extent = self.shape[at]
  const extents = typeof pieces === "number" ? Array.from({ length: pieces }, () => extent / pieces) : pieces
  if (!extents.every((e) => Number.isSafeInteger(e) && e >= 0) || extents.reduce((a, b) => a + b, 0) !== extent) {
    throw new ShapeError({
      operation: "split",
      expected: typeof pieces === "number" ? `an axis that divides by ${pieces}` : `extents that add up to ${extent}`,
      received: [self.shape, ...(typeof pieces === "number" ? [] : [pieces])]
    })
  }
  let end = 0
  return extents.map((e) => part(self, at, end, (end += e)))
})

/**
 * The slices of `self` along `axis`, the first unless stated, each without it: the inverse of `stack`.
 *
 * **Throws** `AxisError`.
 *
 * **Example** (Rows)
 *
 * ```ts run
 * const [, second] = Tensor.unstack(Tensor.of([[1, 2], [3, 4]]))
 * await evaluate(second) // => [3, 4]
 * ```
 */
export const unstack: {
  <S extends Shape, D extends DType, const A extends number = 0>(
    self: Tensor<S, D>,
    axis?: A
  ): ReadonlyArray<Tensor<Reduce<S, A, false>, D>>
  <const A extends number = 0>(
    axis?: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => ReadonlyArray<Tensor<Reduce<S, A, false>, D>>
} = forms(tensorFirst, (self: Tensor, axis = 0) => {
  const at = normalizeAxis("unstack", axis, self.shape.length)
  const shape = self.shape.toSpliced(at, 1)
  return range(self.shape[at]).map((i) => Linear.reshape(part(self, at, i, i + 1), { shape }))
})

/**
 * The coordinates of a grid: of vectors of `n₁, …, nₖ` elements as many tensors `[n₁, …, nₖ]`, of which each varies along its
 * own axis.
 *
 * **Throws** `ShapeError` unless all have one axis, `DTypeError`, `ArgumentError` for none.
 *
 * **Example** (Rows and columns)
 *
 * ```ts run
 * const [row, column] = Tensor.meshGrid([Tensor.of([1, 2]), Tensor.of([5, 6])])
 * await evaluate(row) // => [[1, 1], [2, 2]]
 * await evaluate(column) // => [[5, 6], [5, 6]]
 * ```
 */
export const meshGrid: <D extends DType>(vectors: ReadonlyArray<Tensor<Shape, D>>) => ReadonlyArray<Tensor<Shape, D>> =
  typed((vectors: ReadonlyArray<Tensor>) => {
    checkTensors("meshGrid", vectors)
    const other = vectors.find(({ shape }) => shape.length !== 1)
    if (other !== undefined) {
      throw new ShapeError({ operation: "meshGrid", expected: "vectors [n]", received: [other.shape] })
    }
    const shape = vectors.map((vector) => vector.shape[0])
    return vectors.map((vector, axis) =>
      Linear.broadcast(vector, { shape, axes: range(shape.length).filter((other) => other !== axis) })
    )
  })

/** How much is put before and after each axis, and what. */
export interface PadOptions {
  readonly before: Dims
  readonly after: Dims
  /** `value` all around (the default), the tensor mirrored at its edge elements, or its edge elements repeated. */
  readonly mode?: "constant" | "reflect" | "edge"
  /** What a constant padding puts; 0 unless stated. */
  readonly value?: number
}

const constantPadding = (self: Tensor, { after, before, value = 0 }: PadOptions): Tensor => {
  const amounts = { before, after, interior: self.shape.map(() => 0) }
  const padded = Window.pad(self, amounts)
  if (value === 0) return padded
  const inside = Window.pad(fill("pad", { shape: self.shape, dtype: "bool" }, 1), amounts)
  return where(inside, padded, fill("pad", padded, value))
}

const border = (self: Tensor, axis: number, mode: "reflect" | "edge", sides: readonly [number, number]): Tensor => {
  const [before, after] = sides
  const extent = self.shape[axis]
  if (extent <= (mode === "reflect" ? Math.max(before, after) : 0) && before + after > 0) {
    throw new ShapeError({
      operation: "pad",
      expected: `an extent above ${mode === "reflect" ? Math.max(before, after) : 0} along axis ${axis} to ${mode === "reflect" ? "mirror" : "repeat"}`,
      received: [self.shape]
    })
  }
  const mirrored = (from: number, count: number): Tensor =>
    Linear.reverse(part(self, axis, from, from + count), { axes: [axis] })
  const repeated = (at: number, count: number): Tensor => repeat(part(self, axis, at, at + 1), count, axis)
  const [left, right] =
    mode === "reflect"
      ? [mirrored(1, before), mirrored(extent - 1 - after, after)]
      : [repeated(0, before), repeated(extent - 1, after)]
  return Window.concatenate([...(before > 0 ? [left] : []), self, ...(after > 0 ? [right] : [])], { axis })
}

/**
 * `self` with elements put before and after each axis.
 *
 * **Throws** `ArgumentError` unless both amounts are whole from 0, one for each axis; `ShapeError` where the axis is
 * too short to be mirrored.
 *
 * **Example** (A mirrored border)
 *
 * ```ts run
 * const x = Tensor.of([1, 2, 3])
 * await evaluate(Tensor.pad(x, { before: [1], after: [2] })) // => [0, 1, 2, 3, 0, 0]
 * await evaluate(Tensor.pad(x, { before: [1], after: [2], mode: "reflect" })) // => [2, 1, 2, 3, 2, 1]
 * ```
 */
export const pad: {
  <S extends Shape, D extends DType>(self: Tensor<S, D>, options: PadOptions): Tensor<Loose<S>, D>
  (options: PadOptions): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Loose<S>, D>
} = forms(2, (self: Tensor, options: PadOptions) => {
  const { after, before, mode = "constant" } = options
  const isAmount = (amounts: Dims): boolean =>
    amounts.length === self.shape.length && amounts.every((amount) => Number.isSafeInteger(amount) && amount >= 0)
  if (!isAmount(before) || !isAmount(after)) {
    throw new ArgumentError({
      operation: "pad",
      expected: `${self.shape.length} whole amounts from 0 before and after`,
      received: JSON.stringify({ before, after }),
      hint: "to take elements away, use slice"
    })
  }
  if (mode === "constant") return constantPadding(self, options)
  return range(self.shape.length).reduce(
    (result, axis) =>
      before[axis] + after[axis] === 0 ? result : border(result, axis, mode, [before[axis], after[axis]]),
    self
  )
})

/**
 * `self` moved by `shifts` along `axes`; what leaves at one end comes in at the other. Shifts and axes pair up.
 *
 * **Throws** `AxisError` for axes that `self` has not, `ArgumentError` unless there is a whole shift for each axis.
 *
 * **Example** (A ring)
 *
 * ```ts run
 * await evaluate(Tensor.roll(Tensor.of([1, 2, 3]), 1, 0)) // => [3, 1, 2]
 * ```
 */
export const roll: {
  <S extends Shape, D extends DType>(self: Tensor<S, D>, shifts: number | Dims, axes: number | Dims): Tensor<S, D>
  (shifts: number | Dims, axes: number | Dims): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<S, D>
} = forms(3, (self: Tensor, shifts: number | Dims, axes: number | Dims) => {
  const [by, along] = [shifts, axes].map((value) => (typeof value === "number" ? [value] : value))
  if (by.length !== along.length || !by.every(Number.isSafeInteger)) {
    throw new ArgumentError({
      operation: "roll",
      expected: "a whole shift for each axis",
      received: `shifts [${by.join(", ")}] and axes [${along.join(", ")}]`
    })
  }
  return along.reduce((result, axis, i) => {
    const at = normalizeAxis("roll", axis, self.shape.length)
    const extent = self.shape[at]
    const cut = extent === 0 ? 0 : ((-by[i] % extent) + extent) % extent
    if (cut === 0) return result
    return Window.concatenate([part(result, at, cut, extent), part(result, at, 0, cut)], { axis: at })
  }, self)
})

/**
 * Copies of `self` side by side: `repeats` per axis, aligned at the last; more repeats than axes add leading axes.
 *
 * **Throws** `ArgumentError` unless repeats are whole from 0.
 *
 * **Example** (Two copies)
 *
 * ```ts run
 * await evaluate(Tensor.tile(Tensor.of([1, 2]), [2])) // => [1, 2, 1, 2]
 * ```
 */
export const tile: {
  <D extends DType>(self: Tensor<Shape, D>, repeats: Dims): Tensor<ReadonlyArray<number>, D>
  (repeats: Dims): <D extends DType>(self: Tensor<Shape, D>) => Tensor<ReadonlyArray<number>, D>
} = forms(2, (self: Tensor, repeats: Dims) => {
  checkRepeats("tile", repeats)
  const rank = Math.max(self.shape.length, repeats.length)
  const aligned = (values: Dims): Dims => [...new Array<number>(rank - values.length).fill(1), ...values]
  const [counts, extents] = [aligned(repeats), aligned(self.shape)]
  const repeated = range(rank).filter((axis) => counts[axis] !== 1)
  const shape = extents.flatMap((extent, axis) => (repeated.includes(axis) ? [counts[axis], extent] : [extent]))
  const copies = Linear.broadcast(Linear.reshape(self, { shape: extents }), {
    shape,
    axes: repeated.map((axis, i) => axis + i)
  })
  return Linear.reshape(copies, { shape: extents.map((extent, axis) => extent * counts[axis]) })
})

const checkRepeats = (operation: string, repeats: Dims): void => {
  if (repeats.every((count) => Number.isSafeInteger(count) && count >= 0)) return
  throw new ArgumentError({ operation, expected: "whole repeats from 0", received: `[${repeats.join(", ")}]` })
}

/**
 * Each element `count` times in a row along `axis`.
 *
 * **Throws** `AxisError`, and `ArgumentError` unless `count` is whole from 0.
 *
 * **Example** (Twice each)
 *
 * ```ts run
 * await evaluate(Tensor.repeat(Tensor.of([1, 2]), 2, 0)) // => [1, 1, 2, 2]
 * ```
 */
export const repeat: {
  <S extends Shape, const A extends number, D extends DType>(
    self: Tensor<S, D>,
    count: number,
    axis: A
  ): Tensor<Splice<S, A, readonly [number]>, D>
  <const A extends number>(
    count: number,
    axis: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Splice<S, A, readonly [number]>, D>
} = forms(3, (self: Tensor, count: number, axis: number): Tensor => {
  checkRepeats("repeat", [count])
  const at = normalizeAxis("repeat", axis, self.shape.length)
  const copies = Linear.broadcast(self, { shape: self.shape.toSpliced(at + 1, 0, count), axes: [at + 1] })
  return Linear.reshape(copies, { shape: self.shape.map((extent, k) => (k === at ? extent * count : extent)) })
})
