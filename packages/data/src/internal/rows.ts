/** Examples as the rows of arrays: what the leading axis counts. */
import type { DType } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { allocate } from "@cotangent/tensor/HostArray"
import { size } from "@cotangent/tensor/Shape"

/** Elements of one row. */
const widthOf = ({ shape }: HostArray): number => size(shape.slice(1))

/** The rows from `begin` to `end`, not copied. */
export const view = <D extends DType>(array: HostArray<D>, begin: number, end: number): HostArray<D> => {
  const width = widthOf(array)
  const data = array.data.subarray(begin * width, end * width) as HostArray<D>["data"] // Part of an array of its type.
  return { shape: [end - begin, ...array.shape.slice(1)], dtype: array.dtype, data }
}

/** The rows that `order` names, in that order, copied. */
export const gather = <D extends DType>(array: HostArray<D>, order: Int32Array): HostArray<D> => {
  const width = widthOf(array)
  const source = array.data
  const data = allocate(array.dtype, order.length * width)
  if (width === 1) {
    for (let i = 0; i < order.length; i++) data[i] = source[order[i]]
  } else {
    for (let i = 0; i < order.length; i++)
      data.set(source.subarray(order[i] * width, (order[i] + 1) * width), i * width)
  }
  return { shape: [order.length, ...array.shape.slice(1)], dtype: array.dtype, data }
}
