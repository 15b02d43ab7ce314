/**
 * Mean and spread of each feature, to bring features to one scale. They are taken from the training examples and
 * applied to all.
 */
import { ShapeError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { allocate, view } from "@cotangent/tensor/HostArray"
import { equals, size } from "@cotangent/tensor/Shape"

/** Mean and standard deviation of each feature, over examples. */
export interface Moments {
  readonly mean: HostArray<"f64">
  readonly std: HostArray<"f64">
}

/**
 * The moments of the features of `column`.
 *
 * **Shapes** `[n, …features] → […features]`
 *
 * **Throws** `ShapeError` for a scalar or for no examples.
 *
 * **Numerics** Two passes in double precision; the deviation is that of the examples themselves, divided by `n`.
 *
 * **Example** (Measuring a column)
 *
 * ```ts run
 * const { mean, std } = Moments.of({ shape: [2], dtype: "f32", data: new Float32Array([1, 3]) })
 * mean.data[0] // => 2
 * std.data[0] // => 1
 * ```
 */
export const of = ({ data, shape }: HostArray): Moments => {
  const [count, ...features] = shape
  if (!(count > 0)) {
    throw new ShapeError({ operation: "Moments.of", expected: "[n, …] with an example or more", received: [shape] })
  }
  const width = size(features)
  const average = (term: (value: number, feature: number) => number): Float64Array => {
    const total = new Float64Array(width)
    for (let i = 0; i < data.length; i++) total[i % width] += term(data[i], i % width)
    return total.map((sum) => sum / count)
  }
  const mean = average((value) => value)
  const variance = average((value, feature) => (value - mean[feature]) ** 2)
  return { mean: view(features, "f64", mean), std: view(features, "f64", variance.map(Math.sqrt)) }
}

/**
 * `(column − mean) / std` of each feature, as `f32`. A feature that never varied becomes its distance from the mean.
 *
 * **Shapes** `[n, …features]`
 *
 * **Throws** `ShapeError` unless the moments are of these features.
 */
export const standardize = (column: HostArray, { mean, std }: Moments): HostArray<"f32"> => {
  const { data, shape } = column
  if (shape.length === 0 || !equals(shape.slice(1), mean.shape)) {
    const expected = "a column and the moments of its features"
    throw new ShapeError({ operation: "Moments.standardize", expected, received: [shape, mean.shape] })
  }
  const width = mean.data.length
  const result = allocate("f32", data.length)
  for (let i = 0; i < data.length; i++) {
    const feature = i % width
    result[i] = (data[i] - mean.data[feature]) / (std.data[feature] || 1)
  }
  return view(shape, "f32", result)
}
