/**
 * Normalizations: elements moved to mean 0 and variance 1, or to length 1, along some axes.
 *
 * They differ in the elements that share a mean: those of a row (`layerNorm`), of a channel in all examples
 * (`batchNorm`), of a channel in one example (`instanceNorm`), of some channels in one example (`groupNorm`).
 *
 * **Numerics** Variances are taken in two passes, the mean first and then the deviations, so that nothing cancels.
 * Statistics of `f16` and `bf16` are computed in `f32`.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ShapeError } from "@cotangent/tensor/errors"
import type { Dims } from "@cotangent/tensor/Shape"
import { equals, normalizeAxes, size, without } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Adjustable, Configured, Floats } from "./internal/forms.ts"
import { adjustable, configured } from "./internal/forms.ts"

/** What keeps a quotient finite where nothing varies. */
export interface Epsilon {
  readonly epsilon?: number
}

/** What scales and then shifts normalized elements; nothing unless stated. */
export interface Gains {
  readonly weight?: Floats
  readonly bias?: Floats
}

/** The axes that are normalized over; the last unless stated. */
export interface Over {
  readonly axes?: number | ReadonlyArray<number>
}

/** A mean and a variance for each channel. */
export interface Statistics<C extends number = number, D extends Float = Float> {
  readonly mean: Tensor.Tensor<readonly [C], D>
  readonly variance: Tensor.Tensor<readonly [C], D>
}

/** Applies `rule` in `f32` to halves, whose squares would leave their range. */
const widened = (x: Floats, rule: (wide: Floats) => Floats): Floats =>
  x.dtype === "f16" || x.dtype === "bf16" ? Tensor.cast(rule(Tensor.cast(x, "f32")), x.dtype) : rule(x)

const keepDims = { keepDims: true } as const

const standardized = (x: Floats, axes: Dims, epsilon: number): Floats => {
  const centered = Tensor.sub(x, Tensor.mean(x, axes, keepDims))
  const variance = Tensor.mean(Tensor.square(centered), axes, keepDims)
  return Tensor.mul(centered, Tensor.rsqrt(Tensor.add(variance, epsilon)))
}

/** `values`, one for each place along `axes` of `x`, ready to be combined with `x`. **Throws** unless they fit. */
const placed = (operation: string, values: Floats, x: Floats, axes: Dims): Floats => {
  const shape = axes.map((axis) => x.shape[axis])
  if (!equals(values.shape, shape)) {
    throw new ShapeError({
      operation,
      expected: `parameters of [${shape.join(", ")}] for axes [${axes.join(", ")}]`,
      received: [x.shape, values.shape]
    })
  }
  return Tensor.reshape(
    values,
    x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1))
  )
}

/** `x · weight + bias` with a weight and a bias for each place along `axes`. */
const gained = (operation: string, x: Floats, axes: Dims, { bias, weight }: Gains): Floats => {
  const scaled = weight === undefined ? x : Tensor.mul(x, placed(operation, weight, x, axes))
  return bias === undefined ? scaled : Tensor.add(scaled, placed(operation, bias, x, axes))
}

/**
 * `(x − mean) / √(variance + epsilon) · weight + bias`, with the mean and the population variance over `axes`; epsilon
 * is 10⁻⁵ unless stated.
 *
 * **Shapes** weight and bias have the extents of `axes`. **Throws** `ShapeError`, `AxisError`.
 *
 * **Source** Ba et al. 2016, equation 4.
 *
 * **Example** (A row of mean 0 and variance 1)
 *
 * ```ts run
 * await evaluate(Normalization.layerNorm(Tensor.of([[1, 3], [-5, 5]]), { epsilon: 0 })) // => [[-1, 1], [-1, 1]]
 * ```
 */
export const layerNorm: Adjustable<Over & Epsilon & Gains> = adjustable<Over & Epsilon & Gains>(
  (x, { axes = -1, epsilon = 1e-5, ...gains }) => {
    const over = normalizeAxes("layerNorm", axes, x.shape.length)
    return gained(
      "layerNorm",
      widened(x, (wide) => standardized(wide, over, epsilon)),
      over,
      gains
    )
  }
)

/**
 * `x / √(mean(x²) + epsilon) · weight`, with the mean over `axes`; epsilon is 10⁻⁶ unless stated.
 *
 * **Shapes** weight has the extents of `axes`. **Throws** `ShapeError`, `AxisError`.
 *
 * **Source** Zhang & Sennrich 2019, equation 4.
 *
 * **Example** (A row of mean square 1)
 *
 * ```ts run
 * await evaluate(Normalization.rmsNorm(Tensor.of([2, -2]), { epsilon: 0 })) // => [1, -1]
 * ```
 */
export const rmsNorm: Adjustable<Over & Epsilon & Pick<Gains, "weight">> = adjustable<
  Over & Epsilon & Pick<Gains, "weight">
>((x, { axes = -1, epsilon = 1e-6, ...gains }) => {
  const over = normalizeAxes("rmsNorm", axes, x.shape.length)
  const scaled = widened(x, (wide) => {
    const power = Tensor.mean(Tensor.square(wide), over, keepDims)
    return Tensor.mul(wide, Tensor.rsqrt(Tensor.add(power, epsilon)))
  })
  return gained("rmsNorm", scaled, over, gains)
})

/** The axes of `[batch, channels, …]`. **Throws** unless there are so many. */
const channelAxis = (operation: string, { shape }: Floats, rank = 2): Dims => {
  if (shape.length >= rank) return [1]
  throw new ShapeError({
    operation,
    expected: rank === 2 ? "[batch, channels, ...]" : "[batch, channels, length, ...]",
    received: [shape]
  })
}

/**
 * Normalizes the elements of each of so many `groups` of neighboring channels, within each example, as `layerNorm`.
 *
 * **Shapes** `[batch, channels, …]`; weight and bias `[channels]`. **Throws** `ShapeError`, also unless `groups` divides
 * the channels.
 *
 * **Source** Wu & He 2018, equations 1 and 7.
 *
 * **Example** (Two channels in one group)
 *
 * ```ts run
 * await evaluate(Normalization.groupNorm(Tensor.of([[1, 3]]), { groups: 1, epsilon: 0 })) // => [[-1, 1]]
 * ```
 */
export const groupNorm: Configured<{ readonly groups: number } & Epsilon & Gains> = configured<
  { readonly groups: number } & Epsilon & Gains
>((x, { epsilon = 1e-5, groups, ...gains }) => {
  const axes = channelAxis("groupNorm", x)
  const [batch, channels, ...rest] = x.shape
  if (!Number.isInteger(channels / groups)) {
    throw new ShapeError({
      operation: "groupNorm",
      expected: `channels that divide by ${groups} groups`,
      received: [x.shape]
    })
  }
  const grouped = Tensor.reshape(x, [batch, groups, (channels / groups) * size(rest)])
  const normal = widened(grouped, (wide) => standardized(wide, [2], epsilon))
  return gained("groupNorm", Tensor.reshape(normal, x.shape), axes, gains)
})

/**
 * Normalizes the elements of each channel within each example, as `layerNorm`.
 *
 * **Shapes** `[batch, channels, length, …]`; weight and bias `[channels]`. **Throws** `ShapeError`.
 *
 * **Source** Ulyanov et al. 2016, equation 6.
 */
export const instanceNorm: Adjustable<Epsilon & Gains> = adjustable<Epsilon & Gains>(
  (x, { epsilon = 1e-5, ...gains }) => {
    const axes = channelAxis("instanceNorm", x, 3)
    const inner = x.shape.flatMap((_, axis) => (axis > 1 ? [axis] : []))
    return gained(
      "instanceNorm",
      widened(x, (wide) => standardized(wide, inner, epsilon)),
      axes,
      gains
    )
  }
)

/**
 * `(x − mean) / √(variance + epsilon) · weight + bias` with the mean and the variance given for each channel: batch
 * normalization at inference. The statistics are cast to the dtype of `x`, or to `f32` for halves.
 *
 * **Shapes** `[batch, channels, …]`; the others `[channels]`. **Throws** `ShapeError`.
 *
 * **Source** Ioffe & Szegedy 2015, algorithm 2.
 *
 * **Example** (With given statistics)
 *
 * ```ts run
 * const statistics = { mean: Tensor.of([1, 2]), variance: Tensor.of([1, 4]) }
 * await evaluate(Normalization.batchNorm(Tensor.of([[2, 6]]), { ...statistics, epsilon: 0 })) // => [[1, 2]]
 * ```
 */
export const batchNorm: Configured<Statistics & Epsilon & Gains> = configured<Statistics & Epsilon & Gains>(
  (x, { epsilon = 1e-5, mean, variance, ...gains }) => {
    const axes = channelAxis("batchNorm", x)
    const normal = widened(x, (wide) => {
      const at = (values: Floats): Floats => placed("batchNorm", Tensor.cast(values, wide.dtype), wide, axes)
      return Tensor.mul(Tensor.sub(wide, at(mean)), Tensor.rsqrt(Tensor.add(at(variance), epsilon)))
    })
    return gained("batchNorm", normal, axes, gains)
  }
)

/** The share of the batch in the next running statistics. */
export interface Momentum {
  readonly momentum?: number
}

/**
 * Batch normalization while training: normalizes by the mean and the population variance of each channel of this batch,
 * and gives the next running statistics, `(1 − momentum) · running + momentum · batch`, for `batchNorm` to use. The
 * running variance takes the unbiased estimate, over `n − 1`; momentum is 0.1 unless stated. Running statistics keep
 * their dtype and have no derivative.
 *
 * **Shapes** `[batch, channels, …]`; the others `[channels]`. **Throws** `ShapeError`, also for a single element per
 * channel, which has no variance.
 *
 * **Source** Ioffe & Szegedy 2015, algorithm 1; the moving averages of section 3.1.
 *
 * **Example** (One step)
 *
 * ```ts run
 * const running = { mean: Tensor.of([0]), variance: Tensor.of([1]) }
 * const next = Normalization.batchNormTraining(Tensor.of([[1], [3]]), running, { momentum: 0.5, epsilon: 0 })
 * await evaluate(next.output) // => [[-1], [1]]
 * await evaluate(next.running.mean) // => [1]
 * await evaluate(next.running.variance) // => [1.5]
 * ```
 */
export const batchNormTraining = <S extends Shape, D extends Float, C extends number, E extends Float>(
  self: Tensor.Tensor<S, D>,
  running: Statistics<C, E>,
  { epsilon = 1e-5, momentum = 0.1, ...gains }: Momentum & Epsilon & Gains = {}
): { readonly output: Tensor.Tensor<S, D>; readonly running: Statistics<C, E> } => {
  const x: Floats = self
  const channels = channelAxis("batchNorm", x)
  const others = without(
    x.shape.map((_, axis) => axis),
    channels
  )
  const count = size(others.map((axis) => x.shape[axis]))
  if (count === 1) {
    throw new ShapeError({
      operation: "batchNorm",
      expected: "more than one element per channel to train on",
      received: [x.shape]
    })
  }
  const wide = x.dtype === "f64" ? x : Tensor.cast(x, "f32")
  const mean = Tensor.mean(wide, others)
  const variance = Tensor.mean(Tensor.square(Tensor.sub(wide, placed("batchNorm", mean, wide, channels))), others)
  /** The running average of one statistic. */
  const average = (before: Tensor.Tensor<readonly [C], E>, batch: Floats): Tensor.Tensor<readonly [C], E> => {
    const now = Tensor.cast(Tensor.stopGradient(batch), before.dtype)
    // One number for each channel, as before.
    return Tensor.add(Tensor.mul(before, 1 - momentum), Tensor.mul(now, momentum)) as Tensor.Tensor<readonly [C], E>
  }
  // Means over all other axes have one axis.
  const batch = { mean, variance } as Statistics
  const output = batchNorm(x, { ...batch, epsilon, ...gains })
  return {
    // Batch normalization keeps shape and dtype.
    output: output as Tensor.Tensor as Tensor.Tensor<S, D>,
    running: {
      mean: average(running.mean, mean),
      variance: average(running.variance, Tensor.mul(variance, count / (count - 1)))
    }
  }
}

/**
 * `x / max(‖x‖, epsilon)`, with the Euclidean length along `axis`, the last unless stated; epsilon is 10⁻¹² unless
 * stated. Where `x` is 0 so is the result, and its derivative is `1 / epsilon`.
 *
 * **Throws** `AxisError` for an axis that `x` has not.
 *
 * **Example** (A direction)
 *
 * ```ts run
 * await evaluate(Normalization.l2Normalize(Tensor.of([0, 4]))) // => [0, 1]
 * ```
 */
export const l2Normalize: Adjustable<{ readonly axis?: number } & Epsilon> = adjustable<
  { readonly axis?: number } & Epsilon
>((x, { axis = -1, epsilon = 1e-12 }) =>
  widened(x, (wide) => Tensor.div(wide, Tensor.maximum(Tensor.norm(wide, axis, keepDims), epsilon)))
)
