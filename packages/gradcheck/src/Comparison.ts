/**
 * When two arrays agree: the same shape and dtype, and elements within a tolerance. NaN agrees with NaN, an infinity
 * with itself.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { describe } from "@cotangent/tensor/Primitive"
import type { Dims, TensorType } from "@cotangent/tensor/Shape"
import { equals, strides } from "@cotangent/tensor/Shape"

/** `received` is near `expected` if `|received − expected| ≤ absolute + relative · |expected|`. */
export interface Tolerance {
  readonly absolute: number
  readonly relative: number
}

/** No tolerance. */
export const exact: Tolerance = { absolute: 0, relative: 0 }

/** `relative` to the largest finite magnitude of `values`, at least `floor`. */
export const ofLargest = (relative: number, values: ArrayLike<number>, floor = 0): Tolerance => ({
  absolute: relative * largest(values, floor),
  relative: 0
})

/** The largest finite magnitude of `values`, at least `floor`. */
export const largest = (values: ArrayLike<number>, floor = 0): number => {
  let result = floor
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i])
    if (magnitude > result && magnitude < Infinity) result = magnitude
  }
  return result
}

/** A way in which an array differs from what was expected. */
export interface Mismatch {
  /** The index of the element; empty for a scalar, and where the types differ. */
  readonly index: Dims
  readonly expected: string
  readonly received: string
}

/** Whether two numbers agree. */
export const near = (expected: number, received: number, { absolute, relative }: Tolerance): boolean =>
  expected === received ||
  (Number.isNaN(expected) && Number.isNaN(received)) ||
  Math.abs(received - expected) <= absolute + relative * Math.abs(expected)

/** The first difference between two arrays; undefined where they agree. Integers and bool agree exactly. */
export const mismatch = (expected: HostArray, received: HostArray, tolerance: Tolerance): Mismatch | undefined => {
  if (!sameType(expected, received)) return { index: [], expected: describe(expected), received: describe(received) }
  const allowed = DTypes.isFloat(expected.dtype) ? tolerance : exact
  const at = expected.data.findIndex((value, i) => !near(value, received.data[i], allowed))
  return at < 0
    ? undefined
    : {
        index: strides(expected.shape).map((stride, axis) => Math.floor(at / stride) % expected.shape[axis]),
        expected: String(expected.data[at]),
        received: String(received.data[at])
      }
}

const sameType = (self: TensorType, that: TensorType): boolean =>
  self.dtype === that.dtype && equals(self.shape, that.shape)

/** A mismatch as text: `y[0, 2]: expected 1, received 2`. */
export const format = (name: string, { expected, index, received }: Mismatch): string =>
  `${name}${index.length === 0 ? "" : `[${index.join(", ")}]`}: expected ${expected}, received ${received}`

/** An array as text: `f64[2, 2] 1, 2, 3, 4`. */
export const show = (array: HostArray): string => `${describe(array)} ${array.data.join(", ")}`
