import type { Float } from "@cotangent/tensor/DType"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Dim, Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Initializer } from "../Initializer.ts"
import { xavierUniform, zeros } from "../Initializer.ts"
import type { Empty, Model, Outline } from "../Model.ts"
import { stateless } from "../Model.ts"

/** Examples of `C` channels over the spatial axes `I`. */
export type Channels<C extends number, I extends Shape> = Tensor.Tensor<readonly [Dim, C, ...I], Float>

/** A kernel of `O` output channels whose windows have the extents `P`. */
export interface Kernel<O extends number, P extends Dims> {
  readonly weight: Tensor.Tensor<readonly [O, number, ...P], Float>
}

/** A kernel and a number that is added to each output channel. */
export interface BiasedKernel<O extends number, P extends Dims> extends Kernel<O, P> {
  readonly bias: Tensor.Tensor<readonly [O], Float>
}

/** How a layer slides its kernel over the spatial axes `P`, and how its parameters begin. */
export interface ConvolutionLayerOptions<P extends Dims> extends Omit<Tensor.ConvolutionOptions<P>, "bias"> {
  /** Extents of a window. */
  readonly kernel: number | P
  /** How kernels are drawn; Xavier's uniform unless stated. */
  readonly initializer?: Initializer
  /** How biases are drawn; zeros unless stated. */
  readonly biasInitializer?: Initializer
}

/** Makes layers of convolutions over the spatial axes `I`, of extents `P`. */
export interface ConvolutionLayer<I extends Shape, P extends Dims> {
  <const C extends number, const O extends number, const B extends boolean = true>(
    inputs: C,
    outputs: O,
    options: ConvolutionLayerOptions<P> & { readonly bias?: B }
  ): Model<B extends false ? Kernel<O, P> : BiasedKernel<O, P>, Empty, Channels<C, I>, Channels<O, I>>
}

/** The parameters of a layer as its rule sees them. */
interface AnyKernel {
  readonly weight: Tensor.Tensor<Shape, Float>
  readonly bias?: Tensor.Tensor<readonly [number], Float>
}

interface AnyOptions extends ConvolutionLayerOptions<never> {
  readonly bias?: boolean
}

/** One of the three convolutions, on whatever the types of its layer let pass. */
type Convolve = (
  input: Tensor.Tensor<Shape, Float>,
  weight: Tensor.Tensor<Shape, Float>,
  options: Tensor.ConvolutionOptions<never>
) => Tensor.Tensor<Shape, Float>

const layerOf = (convolve: Convolve, rank: number) => {
  const kind = `conv${rank}d`
  const make = (inputs: number, outputs: number, options: AnyOptions): Model<AnyKernel, Empty, never, unknown> => {
    const { bias: hasBias = true, biasInitializer = zeros, initializer = xavierUniform, kernel, ...slide } = options
    const window: Dims = typeof kernel === "number" ? new Array<number>(rank).fill(kernel) : kernel
    const shape = [outputs, inputs / (slide.groups ?? 1), ...window]
    return stateless({
      kind,
      init: (key): AnyKernel => {
        if (!hasBias) return { weight: initializer(key, shape) }
        const [first, second] = Random.split(key)
        return { weight: initializer(first, shape), bias: biasInitializer(second, [outputs]) }
      },
      apply: ({ bias, weight }, input: Tensor.Tensor<Shape, Float>) =>
        convolve(input, weight, { ...slide, ...(bias === undefined ? {} : { bias }) })
    })
  }
  // The signatures of layers say in types what this rule does for any number of axes.
  return make as never
}

/** A convolution over sequences, with learned kernels; see `conv2d`. */
export const conv1d: ConvolutionLayer<readonly [Dim], readonly [number]> = layerOf(Tensor.conv1d as Convolve, 1)

/**
 * A convolution over images, with learned kernels: `kernel ⋆ x + bias`, without the latter if `bias` is false.
 *
 * **Shapes** `[batch, inputs, height, width] → [batch, outputs, height, width]`; weight
 * `[outputs, inputs / groups, …kernel]`, bias `[outputs]`. **Throws** as `Tensor.conv2d`.
 *
 * **Example** (As many outputs as inputs along each axis)
 *
 * ```ts run
 * const layer = conv2d(3, 8, { kernel: 5, padding: "same" })
 * const { params, state } = layer.init(Random.key(0))
 * params.weight.shape // => [8, 3, 5, 5]
 * layer.predict(params, state, Tensor.ones([2, 3, 32, 32])).shape // => [2, 8, 32, 32]
 * ```
 */
export const conv2d: ConvolutionLayer<readonly [Dim, Dim], readonly [number, number]> = layerOf(
  Tensor.conv2d as Convolve,
  2
)

/** A convolution over volumes, with learned kernels; see `conv2d`. */
export const conv3d: ConvolutionLayer<readonly [Dim, Dim, Dim], readonly [number, number, number]> = layerOf(
  Tensor.conv3d as Convolve,
  3
)

/** A model without parameters that keeps examples and channels, and changes the spatial axes `I` to extents `P`. */
export interface Pool<I extends Shape, P extends Dims> {
  readonly init: (key: Random.Key) => { readonly params: Empty; readonly state: Empty }
  readonly train: <N extends Dim, C extends Dim, D extends Float>(
    params: Empty,
    state: Empty,
    input: Tensor.Tensor<readonly [N, C, ...I], D>,
    key: Random.Key
  ) => { readonly output: Tensor.Tensor<readonly [N, C, ...P], D>; readonly state: Empty }
  readonly predict: <N extends Dim, C extends Dim, D extends Float>(
    params: Empty,
    state: Empty,
    input: Tensor.Tensor<readonly [N, C, ...I], D>
  ) => Tensor.Tensor<readonly [N, C, ...P], D>
  readonly outline?: Outline
}

/** The model of `pool`. */
const poolOf = <I extends Shape, P extends Dims>(
  kind: string,
  pool: <N extends Dim, C extends Dim, D extends Float>(
    input: Tensor.Tensor<readonly [N, C, ...I], D>
  ) => Tensor.Tensor<readonly [N, C, ...P], D>
): Pool<I, P> => ({
  init: () => ({ params: {}, state: {} }),
  train: (_, state, input) => ({ output: pool(input), state }),
  predict: (_, __, input) => pool(input),
  outline: { kind }
})

type Images = readonly [Dim, Dim]
type Sizes = readonly [number, number]

/** The greatest of each window of sequences. */
export const maxPool1d = (options: Tensor.MaximumOptions<readonly [number]>): Pool<readonly [Dim], readonly [number]> =>
  poolOf("maxPool1d", (input) => Tensor.maxPool1d(input, options))

/**
 * The greatest of each window of images.
 *
 * **Example** (A stage of a classifier)
 *
 * ```ts run
 * const stage = Model.sequential(["convolve", conv2d(3, 8, { kernel: 3 })], Activation.relu, maxPool2d({ kernel: 2 }))
 * const { params, state } = stage.init(Random.key(0))
 * stage.predict(params, state, Tensor.ones([2, 3, 32, 32])).shape // => [2, 8, 15, 15]
 * ```
 */
export const maxPool2d = (options: Tensor.MaximumOptions<Sizes>): Pool<Images, Sizes> =>
  poolOf("maxPool2d", (input) => Tensor.maxPool2d(input, options))

/** The mean of each window of sequences. */
export const avgPool1d = (options: Tensor.AverageOptions<readonly [number]>): Pool<readonly [Dim], readonly [number]> =>
  poolOf("avgPool1d", (input) => Tensor.avgPool1d(input, options))

/** The mean of each window of images. */
export const avgPool2d = (options: Tensor.AverageOptions<Sizes>): Pool<Images, Sizes> =>
  poolOf("avgPool2d", (input) => Tensor.avgPool2d(input, options))

/** The mean of all elements of each channel. **Shapes** `[batch, channels, height, width] → [batch, channels]` */
export const globalAvgPool2d = <N extends Dim, C extends Dim, D extends Float>(
  input: Tensor.Tensor<readonly [N, C, Dim, Dim], D>
): Tensor.Tensor<readonly [N, C], D> => Tensor.mean(Tensor.mean(input, -1), -1)
