/**
 * The numbers of all workloads: the same for every library, so that results can be compared.
 */
import * as HostArray from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"

/** Bits that look random, from a position and a seed; 32-bit unsigned arithmetic. */
const bits = (position: number, seed: number): number => {
  let x = (position + Math.imul(seed, 0x9e3779b9)) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/** Numbers spread evenly over `[low, high)`, rounded to f32. */
export const fill = (shape: Dims, seed: number, low = -1, high = 1): HostArray.HostArray<"f32"> =>
  HostArray.make(
    shape,
    "f32",
    Float32Array.from({ length: size(shape) }, (_, i) => low + ((high - low) * bits(i, seed)) / 2 ** 32)
  )

/** Whole numbers below `count`. */
export const ints = (shape: Dims, seed: number, count: number): HostArray.HostArray<"i32"> =>
  HostArray.make(
    shape,
    "i32",
    Int32Array.from({ length: size(shape) }, (_, i) => bits(i, seed) % count)
  )

/** The same number everywhere. */
export const full = (shape: Dims, value: number): HostArray.HostArray<"f32"> =>
  HostArray.make(shape, "f32", new Float32Array(size(shape)).fill(value))

/** Weights of a dense layer, `[inputs, outputs]`, evenly below `1/√inputs`. */
export const dense = (inputs: number, outputs: number, seed: number): HostArray.HostArray<"f32"> =>
  fill([inputs, outputs], seed, -1 / Math.sqrt(inputs), 1 / Math.sqrt(inputs))

/** Weights of a convolution, `[outputs, inputs, height, width]`, evenly below `1/√(inputs · height · width)`. */
export const kernel = (shape: readonly [number, number, number, number], seed: number): HostArray.HostArray<"f32"> => {
  const [, inputs, height, width] = shape
  const bound = 1 / Math.sqrt(inputs * height * width)
  return fill(shape, seed, -bound, bound)
}

/** A matrix with rows and columns exchanged. */
export const transposed = (array: HostArray.HostArray<"f32">): HostArray.HostArray<"f32"> => {
  const [rows, columns] = array.shape
  const data = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows]
    return array.data[row * columns + column]
  })
  return HostArray.make([columns, rows], "f32", data)
}
