/**
 * Shapes as values: the extents of a tensor's axes, outermost first. `[]` is the shape of a scalar.
 */
import type { DType } from "./DType.ts"
import { AxisError, ShapeError } from "./errors.ts"

/** The extents of a tensor's axes as numbers. */
export type Dims = ReadonlyArray<number>

/** Shape and element type. */
export interface TensorType {
  readonly shape: Dims
  readonly dtype: DType
}

/** The number of elements. */
export const size = (shape: Dims): number => shape.reduce((total, extent) => total * extent, 1)

/** Whether both shapes have the same extents. */
export const equals = (self: Dims, that: Dims): boolean =>
  self.length === that.length && self.every((extent, axis) => extent === that[axis])

/** `[2, 3]` as text. */
export const format = (shape: Dims): string => `[${shape.join(", ")}]`

/** Elements between neighbors along each axis in row-major order. */
export const strides = (shape: Dims): Dims => {
  const result = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = stride
    stride *= shape[axis]
  }
  return result
}

/** `items` without the places `axes`. */
export const without = <A>(items: ReadonlyArray<A>, axes: Dims): ReadonlyArray<A> =>
  items.filter((_, axis) => !axes.includes(axis))

/** `items` widened so that `inserted[i]` stands at `axes[i]` of the result; `axes` ascend. */
export const insert = <A>(items: ReadonlyArray<A>, axes: Dims, inserted: ReadonlyArray<A>): ReadonlyArray<A> => {
  const result = [...items]
  axes.forEach((axis, i) => result.splice(axis, 0, inserted[i]))
  return result
}

/** `axis` counted from the front. **Throws** `AxisError` outside `[-rank, rank)`. */
export const normalizeAxis = (operation: string, axis: number, rank: number): number => {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) throw new AxisError({ operation, axis, rank })
  return axis < 0 ? axis + rank : axis
}

/** `axes` counted from the front, ascending; all axes where undefined. **Throws** `AxisError` for repeats. */
export const normalizeAxes = (operation: string, axes: number | Dims | undefined, rank: number): Dims => {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis)
  const list = (typeof axes === "number" ? [axes] : [...axes]).map((axis) => normalizeAxis(operation, axis, rank))
  const sorted = list.toSorted((a, b) => a - b)
  const repeated = sorted.find((axis, i) => i > 0 && axis === sorted[i - 1])
  if (repeated !== undefined) throw new AxisError({ operation, axis: repeated, rank, repeated: true })
  return sorted
}

/** The shape both operands are broadcast to. **Throws** `ShapeError` unless extents are equal or 1. */
export const broadcast = (operation: string, self: Dims, that: Dims): Dims => {
  const rank = Math.max(self.length, that.length)
  return Array.from({ length: rank }, (_, axis) => {
    const a = self[axis - rank + self.length] ?? 1
    const b = that[axis - rank + that.length] ?? 1
    if (a === b || b === 1) return a
    if (a === 1) return b
    throw new ShapeError({
      operation,
      expected: "shapes whose extents, aligned at the last axis, are equal or 1",
      received: [self, that],
      hint: hintForBroadcast(self, that)
    })
  })
}

const hintForBroadcast = (self: Dims, that: Dims): string =>
  self.length === that.length + 1 && self[0] === that[0]
    ? `to align ${format(that)} with the first axis of ${format(self)}, reshape it to ${format([that[0], ...that.slice(1), 1])}`
    : `cannot broadcast ${format(self)} with ${format(that)}`

/** **Throws** `ShapeError` unless every extent is a whole number from 0. */
export const check = (operation: string, shape: Dims): void => {
  if (shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
    throw new ShapeError({ operation, expected: "extents that are whole numbers from 0", received: [shape] })
  }
}
