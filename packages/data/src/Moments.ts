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
  const { mean, std } = measured(data, width, (i) => i % width)
  return { mean: view(features, "f64", mean), std: view(features, "f64", std) }
}

/** The moments of `groups` groups of as many elements each; `groupOf` tells which an element belongs to. */
const measured = (data: HostArray["data"], groups: number, groupOf: (i: number) => number) => {
  const average = (term: (value: number, group: number) => number): Float64Array => {
    const total = new Float64Array(groups)
    for (let i = 0; i < data.length; i++) total[groupOf(i)] += term(data[i], groupOf(i))
    return total.map((sum) => (sum * groups) / data.length)
  }
  const mean = average((value) => value)
  return { mean, std: average((value, group) => (value - mean[group]) ** 2).map(Math.sqrt) }
}

/**
 * The moments of each channel of pictures, over examples and pixels.
 *
 * **Shapes** `[n, channels, …space] → [channels, 1, …]`, an axis for each of space
 *
 * **Throws** `ShapeError` for fewer than two axes or for no elements.
 *
 * **Numerics** As `of`.
 *
 * **Example** (Measuring two channels)
 *
 * ```ts run
 * const image = { shape: [1, 2, 1, 2], dtype: "u8", data: new Uint8Array([1, 3, 5, 5]) } as const
 * const { mean, std } = Moments.perChannel(image)
 * mean.shape // => [2, 1, 1]
 * Array.from(mean.data) // => [2, 5]
 * Array.from(std.data) // => [1, 0]
 * ```
 */
export const perChannel = ({ data, shape }: HostArray): Moments => {
  const [, channels, ...space] = shape
  if (channels === undefined || data.length === 0) {
    throw new ShapeError({
      operation: "Moments.perChannel",
      expected: "[n, channels, …] with elements",
      received: [shape]
    })
  }
  const area = size(space)
  const moments = measured(data, channels, (i) => Math.floor(i / area) % channels)
  const one = [channels, ...space.map(() => 1)]
  return { mean: view(one, "f64", moments.mean), std: view(one, "f64", moments.std) }
}

/**
 * `(column − mean) / std` of each feature or channel, as `f32`. One that never varied becomes its distance from the mean.
 *
 * **Shapes** `[n, …features]`, and moments with as many axes as there are of features
 *
 * **Throws** `ShapeError` unless the moments are of these features, or of their channels.
 */
export const standardize = (column: HostArray, { mean, std }: Moments): HostArray<"f32"> => {
  const { data, shape } = column
  const features = shape.slice(1)
  const isOfChannels = mean.shape.length > 0 && equals(mean.shape, [features[0], ...features.slice(1).map(() => 1)])
  if (shape.length === 0 || !(isOfChannels || equals(features, mean.shape))) {
    const expected = "a column and the moments of its features or channels"
    throw new ShapeError({ operation: "Moments.standardize", expected, received: [shape, mean.shape] })
  }
  const width = mean.data.length
  // Elements of a feature, one after the other.
  const run = isOfChannels ? size(features.slice(1)) : 1
  const result = allocate("f32", data.length)
  for (let i = 0; i < data.length; i++) {
    const feature = Math.floor(i / run) % width
    result[i] = (data[i] - mean.data[feature]) / (std.data[feature] || 1)
  }
  return view(shape, "f32", result)
}
