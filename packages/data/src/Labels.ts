/**
 * Columns that tell the class of each example, as whole numbers from 0.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError, DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { view } from "@cotangent/tensor/HostArray"

const check = ({ dtype, shape }: HostArray): void => {
  if (!DTypes.isInteger(dtype)) throw new DTypeError({ operation: "Labels", expected: "integers", received: [dtype] })
  if (shape.length !== 1) {
    throw new ShapeError({ operation: "Labels", expected: "[n], one for each example", received: [shape] })
  }
}

/**
 * How many examples each class has, in the order in which classes come up.
 *
 * **Throws** `DTypeError`, `ShapeError` unless there is one integer for each example.
 *
 * **Example** (Counting classes)
 *
 * ```ts run
 * const counts = Labels.counts({ shape: [3], dtype: "u8", data: new Uint8Array([7, 2, 7]) })
 * Array.from(counts) // => [[7, 2], [2, 1]]
 * ```
 */
export const counts = (column: HostArray): ReadonlyMap<number, number> => {
  check(column)
  const result = new Map<number, number>()
  for (let i = 0; i < column.data.length; i++) result.set(column.data[i], (result.get(column.data[i]) ?? 0) + 1)
  return result
}

/**
 * A row for each example, with a 1 at its class and 0 elsewhere. `Tensor.oneHot` does so on a device.
 *
 * **Shapes** `[n] → [n, classes]`
 *
 * **Throws** `ArgumentError`, which names the example, for a class that is not from 0 to `classes − 1`; `DTypeError`,
 * `ShapeError` unless there is one integer for each example.
 *
 * **Example** (Encoding classes)
 *
 * ```ts run
 * const { data, shape } = Labels.oneHot({ shape: [2], dtype: "u8", data: new Uint8Array([2, 0]) }, 3)
 * shape // => [2, 3]
 * Array.from(data) // => [0, 0, 1, 1, 0, 0]
 * ```
 */
export const oneHot = (column: HostArray, classes: number): HostArray<"f32"> => {
  check(column)
  const { data } = column
  const rows = new Float32Array(data.length * classes)
  for (let i = 0; i < data.length; i++) {
    if (data[i] < 0 || data[i] >= classes) {
      const expected = `classes from 0 to ${classes - 1}`
      throw new ArgumentError({ operation: "Labels.oneHot", expected, received: `${data[i]} for example ${i}` })
    }
    rows[i * classes + data[i]] = 1
  }
  return view([data.length, classes], "f32", rows)
}
