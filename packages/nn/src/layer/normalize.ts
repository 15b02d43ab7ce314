import type { Float } from "@cotangent/tensor/DType"
import type { Dim, Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Floats } from "../internal/forms.ts"
import type { ChannelPreserving, Empty, ShapePreserving } from "../Model.ts"
import type { Epsilon, Momentum, Statistics } from "../Normalization.ts"
import * as Normalization from "../Normalization.ts"

/** A scale for each feature. */
export interface Scale<N extends number> {
  readonly weight: Tensor.Tensor<readonly [N], Float>
}

/** A scale and an offset for each feature. */
export interface Gain<N extends number> extends Scale<N> {
  readonly bias: Tensor.Tensor<readonly [N], Float>
}

const gain = <N extends number>(count: N): Gain<N> => ({ weight: Tensor.ones([count]), bias: Tensor.zeros([count]) })

/** A model of the rows of its input, without state. `apply` keeps shape and dtype. */
const ofRows = <P, N extends number>(
  kind: string,
  params: P,
  apply: (params: P, x: Floats) => Floats
): ShapePreserving<P, Empty, readonly [N]> => ({
  init: () => ({ params, state: {} }),
  // The type of the input is that of the output.
  train: (given, state, input) => ({ output: apply(given, input) as never, state }),
  predict: (given, _, input) => apply(given, input) as never,
  outline: { kind }
})

/** The same of the channels of its input. */
const ofChannels = <P, C extends number>(
  kind: string,
  params: P,
  apply: (params: P, x: Floats) => Floats
): ChannelPreserving<P, Empty, C> =>
  // A model that keeps any shape keeps that of channels.
  ofRows(kind, params, apply) as never

/**
 * Moves each row along the last axis to mean 0 and variance 1, then scales and shifts its elements by learned numbers,
 * as `Normalization.layerNorm`.
 *
 * **Shapes** `[…, features] → […, features]`. **Source** Ba et al. 2016, equation 4.
 */
export const layerNorm = <const N extends number>(
  features: N,
  options: Epsilon = {}
): ShapePreserving<Gain<N>, Empty, readonly [N]> =>
  ofRows("layerNorm", gain(features), (params, x) => Normalization.layerNorm(x, { ...options, ...params }))

/**
 * Moves each row along the last axis to mean square 1, then scales its elements by learned numbers, as
 * `Normalization.rmsNorm`.
 *
 * **Shapes** `[…, features] → […, features]`. **Source** Zhang & Sennrich 2019, equation 4.
 */
export const rmsNorm = <const N extends number>(
  features: N,
  options: Epsilon = {}
): ShapePreserving<Scale<N>, Empty, readonly [N]> =>
  ofRows("rmsNorm", { weight: Tensor.ones([features]) }, (params, x) =>
    Normalization.rmsNorm(x, { ...options, ...params })
  )

/**
 * Normalizes so many `groups` of neighboring channels within each example, as `Normalization.groupNorm`, with a learned
 * scale and offset for each channel.
 *
 * **Shapes** `[batch, channels, …]` → the same. **Source** Wu & He 2018.
 */
export const groupNorm = <const C extends number>(
  channels: C,
  { groups, ...options }: { readonly groups: number } & Epsilon
): ChannelPreserving<Gain<C>, Empty, C> =>
  ofChannels("groupNorm", gain(channels), (params, x) => Normalization.groupNorm(x, { ...options, groups, ...params }))

/**
 * Normalizes each channel within each example, as `Normalization.instanceNorm`, with a learned scale and offset for each
 * channel.
 *
 * **Shapes** `[batch, channels, length, …]` → the same. **Source** Ulyanov et al. 2016.
 */
export const instanceNorm = <const C extends number>(
  channels: C,
  options: Epsilon = {}
): ChannelPreserving<Gain<C>, Empty, C> =>
  ofChannels("instanceNorm", gain(channels), (params, x) => Normalization.instanceNorm(x, { ...options, ...params }))

/**
 * Normalizes each channel over the batch while training, and by the running statistics of training, which are its state,
 * at inference; with a learned scale and offset for each channel.
 *
 * **Shapes** `[batch, channels, …]` → the same. **Source** Ioffe & Szegedy 2015, algorithms 1 and 2.
 *
 * **Example** (Training moves the state)
 *
 * ```ts run
 * const layer = batchNorm(1, { momentum: 0.5 })
 * const { params, state } = layer.init(Random.key(0))
 * const next = layer.train(params, state, Tensor.of([[1], [3]]), Random.key(1))
 * await evaluate(next.state.mean) // => [1]
 * await evaluate(next.state.variance) // => [1.5]
 * ```
 */
export const batchNorm = <const C extends number>(
  channels: C,
  options: Momentum & Epsilon = {}
): ChannelPreserving<Gain<C>, Statistics<C>, C> => ({
  init: () => ({
    params: gain(channels),
    state: { mean: Tensor.zeros([channels]), variance: Tensor.ones([channels]) }
  }),
  train: (params, state, input) => {
    const { output, running } = Normalization.batchNormTraining(input, state, { ...options, ...params })
    return { output, state: running }
  },
  predict: <B extends Dim, R extends Shape, D extends Float>(
    params: Gain<C>,
    state: Statistics<C>,
    input: Tensor.Tensor<readonly [B, C, ...R], D>
  ) => Normalization.batchNorm(input, { ...options, ...state, ...params }),
  outline: { kind: "batchNorm" }
})
