/**
 * Convolutions over one, two or three spatial axes, and their transposes. As everywhere in deep learning, kernels are
 * not reversed: these are cross-correlations.
 */
import type { DType } from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import { range } from "../internal/axes.ts"
import { forms } from "../internal/forms.ts"
import { commonDType } from "../internal/operands.ts"
import type { Padding, Slide } from "../internal/spatial.ts"
import { demandWindows, margins, perAxis, spans } from "../internal/spatial.ts"
import type { Tensor } from "../Primitive.ts"
import { isTensor } from "../Primitive.ts"
import { convolution, transposedKernel } from "../primitive/convolution.ts"
import { add, broadcast, reshape } from "../primitive/linear.ts"
import { pad, slice } from "../primitive/window.ts"
import type { Dims } from "../Shape.ts"
import { without } from "../Shape.ts"
import type { CheckDType, Dim, Shape, ShapeMismatch, ShapeText } from "../ShapeType.ts"

export type { Padding } from "../internal/spatial.ts"

/** How a kernel slides over the spatial axes `P`. */
export interface ConvolutionOptions<P extends Dims, O extends Dim = Dim, G extends number = number> {
  /** Elements between neighboring windows; 1 unless stated. */
  readonly stride?: number | P
  /** Zeros around the input; none unless stated. */
  readonly padding?: Padding<P>
  /** Elements between neighbors within a window; 1 unless stated. */
  readonly dilation?: number | P
  /** Parts that channels are cut into; each part of the output sees one part of the input. 1 unless stated. */
  readonly groups?: G
  /** A number added to each output channel. */
  readonly bias?: Tensor<readonly [O]>
}

/** How a transposed convolution spreads its input over the spatial axes `P`. */
export interface TransposedOptions<P extends Dims, O extends Dim = Dim, G extends number = number> extends Omit<
  ConvolutionOptions<P, O, G>,
  "padding"
> {
  /** What is cut off around the result: the padding of the convolution that this one transposes. */
  readonly padding?: Exclude<Padding<P>, "same">
  /** Elements added behind the result, which a stride leaves open; none unless stated. */
  readonly outputPadding?: number | P
}

type SameDim<A, B> = [A] extends [B] ? true : number extends A | B ? true : false
type Ranked<S extends Shape> = number extends S["length"] ? false : true
type First<S extends Shape> = S extends readonly [infer N extends Dim, ...Shape] ? N : Dim
type Second<S extends Shape> = S extends readonly [Dim, infer C extends Dim, ...Shape] ? C : Dim
type Whole<G extends number> = number extends G ? false : G extends 1 ? true : false

/** Nothing to ask where a kernel of channels `K` fits an input of channels `C`, else the reason that it does not. */
type CheckChannels<S extends Shape, W extends Shape, I extends Shape, C, K> = false extends Ranked<S> | Ranked<W>
  ? unknown
  : S extends readonly [Dim, Dim, ...I]
    ? W extends readonly [Dim, Dim, ...I]
      ? SameDim<C, K> extends true
        ? unknown
        : ShapeMismatch<`cannot convolve ${ShapeText<S>} with a kernel ${ShapeText<W>}: channels differ`>
      : ShapeMismatch<`a kernel has ${I["length"]} spatial axes after two of channels, not ${ShapeText<W>}`>
    : ShapeMismatch<`an input has ${I["length"]} spatial axes after batch and channels, not ${ShapeText<S>}`>

/** What a kernel must also be to fit an input `S`; with several groups, that shows when the program runs. */
export type CheckKernel<S extends Shape, W extends Shape, I extends Shape, G extends number> = CheckChannels<
  S,
  W,
  I,
  Whole<G> extends true ? Second<S> : number,
  Second<W>
>

/** What the kernel of a transposed convolution must also be to fit an input `S`. */
export type CheckTransposed<S extends Shape, W extends Shape, I extends Shape> = CheckChannels<
  S,
  W,
  I,
  Second<S>,
  First<W>
>

/** A convolution over the spatial axes `I`, of extents `P`. */
export interface Convolution<I extends Shape, P extends Dims> {
  <N extends Dim, C extends Dim, O extends Dim, D extends DType>(
    self: Tensor<readonly [N, C, ...I], D>,
    weight: Tensor<readonly [O, NoInfer<C>, ...I], NoInfer<D>>,
    options?: ConvolutionOptions<P, NoInfer<O>, 1>
  ): Tensor<readonly [N, O, ...P], D>
  <S extends Shape, W extends Shape, D extends DType, E extends DType, const G extends number = 1>(
    self: Tensor<S, D>,
    weight: Tensor<W, E> & CheckKernel<S, W, I, G> & CheckDType<D, E>,
    options?: ConvolutionOptions<P, Dim, G>
  ): Tensor<readonly [First<S>, First<W>, ...P], D>
  <W extends Shape, E extends DType, const G extends number = 1>(
    weight: Tensor<W, E>,
    options?: ConvolutionOptions<P, Dim, G>
  ): <S extends Shape, D extends DType>(
    self: Tensor<S, D> & CheckKernel<S, W, I, G> & CheckDType<D, E>
  ) => Tensor<readonly [First<S>, First<W>, ...P], D>
}

/** A transposed convolution over the spatial axes `I`, of extents `P`. */
export interface TransposedConvolution<I extends Shape, P extends Dims> {
  <N extends Dim, C extends Dim, O extends Dim, D extends DType>(
    self: Tensor<readonly [N, C, ...I], D>,
    weight: Tensor<readonly [NoInfer<C>, O, ...I], NoInfer<D>>,
    options?: TransposedOptions<P, NoInfer<O>, 1>
  ): Tensor<readonly [N, O, ...P], D>
  <S extends Shape, W extends Shape, D extends DType, E extends DType, const G extends number = 1>(
    self: Tensor<S, D>,
    weight: Tensor<W, E> & CheckTransposed<S, W, I> & CheckDType<D, E>,
    options?: TransposedOptions<P, Dim, G>
  ): Tensor<readonly [First<S>, Whole<G> extends true ? Second<W> : number, ...P], D>
  <W extends Shape, E extends DType, const G extends number = 1>(
    weight: Tensor<W, E>,
    options?: TransposedOptions<P, Dim, G>
  ): <S extends Shape, D extends DType>(
    self: Tensor<S, D> & CheckTransposed<S, W, I> & CheckDType<D, E>
  ) => Tensor<readonly [First<S>, Whole<G> extends true ? Second<W> : number, ...P], D>
}

const weightFirst = (args: IArguments): boolean => isTensor(args[1])

/** **Throws** `ShapeError` unless both have two axes and then `rank` spatial ones, `DTypeError` unless dtypes agree. */
const demandRanks = (operation: string, rank: number, [self, weight]: readonly [Tensor, Tensor]): void => {
  commonDType(operation, [self, weight])
  if (self.shape.length === rank + 2 && weight.shape.length === rank + 2) return
  throw new ShapeError({
    operation,
    expected: `an input and a kernel of ${rank + 2} axes, the last ${rank} spatial`,
    received: [self.shape, weight.shape],
    ...(self.shape.length === rank + 1 ? { hint: "give a single example a batch axis with expandDims(x, 0)" } : {})
  })
}

/** **Throws** `ArgumentError` unless `groups` is whole and divides `channels`. */
const demandGroups = (operation: string, groups: number, channels: Dims): void => {
  if (Number.isSafeInteger(groups) && groups >= 1 && channels.every((count) => count % groups === 0)) return
  throw new ArgumentError({
    operation,
    expected: `groups: a whole number from 1 that divides ${channels.join(" and ")} channels`,
    received: String(groups)
  })
}

/** `result` with the number of each channel added, as `[batch, channels, …]`. */
const joined = (operation: string, result: Tensor, bias: Tensor | undefined): Tensor => {
  const [batch, groups, outputs, ...spatial] = result.shape
  const whole = reshape(result, { shape: [batch, groups * outputs, ...spatial] })
  if (bias === undefined) return whole
  commonDType(operation, [result, bias])
  if (bias.shape.length !== 1 || bias.shape[0] !== whole.shape[1]) {
    throw new ShapeError({
      operation,
      expected: `a bias for each of ${whole.shape[1]} output channels`,
      received: [bias.shape]
    })
  }
  return add(whole, broadcast(bias, { shape: whole.shape, axes: without(range(whole.shape.length), [1]) }))
}

/** `x` with `before` and `after` zeros around its spatial axes; below 0, so many elements less. */
const moved = (x: Tensor, before: Dims, after: Dims, interior: Dims): Tensor => {
  const positive = (amounts: Dims): Dims => [0, 0, 0, ...amounts.map((amount) => Math.max(amount, 0))]
  const negative = (amounts: Dims): Dims => [0, 0, 0, ...amounts.map((amount) => Math.max(-amount, 0))]
  const padded = pad(x, { before: positive(before), after: positive(after), interior: [0, 0, 0, ...interior] })
  const [start, cut] = [negative(before), negative(after)]
  const stop = padded.shape.map((extent, axis) => extent - cut[axis])
  return start.every((s, axis) => s === 0 && cut[axis] === 0)
    ? padded
    : slice(padded, { start, stop, step: start.map(() => 1) })
}

const grouped = (x: Tensor, axis: number, groups: number): Tensor =>
  reshape(x, { shape: x.shape.toSpliced(axis, 1, groups, x.shape[axis] / groups) })

const steps = (
  operation: string,
  rank: number,
  { dilation = 1, stride = 1 }: { readonly dilation?: number | Dims; readonly stride?: number | Dims }
): Pick<Slide, "dilation" | "stride"> => ({
  stride: perAxis(operation, "stride", stride, { rank, least: 1 }),
  dilation: perAxis(operation, "dilation", dilation, { rank, least: 1 })
})

const convolutionOver = <I extends Shape, P extends Dims>(operation: string, rank: number): Convolution<I, P> =>
  forms(weightFirst, (self: Tensor, weight: Tensor, options: ConvolutionOptions<Dims> = {}) => {
    const { bias, groups = 1, padding = 0 } = options
    demandRanks(operation, rank, [self, weight])
    const [[, channels, ...spatial], [outputs, inputs, ...kernel]] = [self.shape, weight.shape]
    demandGroups(operation, groups, [channels, outputs])
    if (inputs * groups !== channels) {
      throw new ShapeError({
        operation,
        expected: `a kernel of ${channels / groups} input channels${groups === 1 ? "" : ` in each of ${groups} groups`}`,
        received: [self.shape, weight.shape],
        ...(channels % inputs === 0 ? { hint: `this kernel fits groups: ${channels / inputs}` } : {})
      })
    }
    const windows = { kernel, ...steps(operation, rank, options) }
    const slide = { ...windows, ...margins(operation, padding, spatial, windows) }
    demandWindows(operation, spatial, slide)
    const still = kernel.map(() => 0)
    const padded = moved(grouped(self, 1, groups), slide.before, slide.after, still)
    const { dilation, stride } = slide
    return joined(operation, convolution(padded, grouped(weight, 0, groups), { stride, dilation }), bias)
  })

const transposedOver = <I extends Shape, P extends Dims>(
  operation: string,
  rank: number
): TransposedConvolution<I, P> =>
  forms(weightFirst, (self: Tensor, weight: Tensor, options: TransposedOptions<Dims> = {}) => {
    const { bias, groups = 1, outputPadding = 0, padding = 0 } = options
    demandRanks(operation, rank, [self, weight])
    const [[, channels, ...spatial], [inputs, , ...kernel]] = [self.shape, weight.shape]
    demandGroups(operation, groups, [channels])
    if (inputs !== channels) {
      throw new ShapeError({
        operation,
        expected: `a kernel [${channels}, outputs, ...spatial]`,
        received: [self.shape, weight.shape],
        ...(weight.shape[1] === channels ? { hint: "kernels of transposed convolutions have inputs first" } : {})
      })
    }
    const windows = { kernel, ...steps(operation, rank, options) }
    const { after, before } = margins(operation, padding, spatial, windows)
    const extra = perAxis(operation, "outputPadding", outputPadding, { rank, least: 0 })
    const reach = spans(windows).map((span) => span - 1)
    const spread = moved(
      grouped(self, 1, groups),
      reach.map((r, i) => r - before[i]),
      reach.map((r, i) => r - after[i] + extra[i]),
      windows.stride.map((s) => s - 1)
    )
    const unit = kernel.map(() => 1)
    // [groups, inputs, outputs, …] becomes [groups, outputs, inputs, …].
    const turned = transposedKernel(grouped(weight, 0, groups))
    return joined(operation, convolution(spread, turned, { stride: unit, dilation: windows.dilation }), bias)
  })

/**
 * Slides a kernel over a sequence; see `conv2d`.
 *
 * **Shapes** `[batch, inputs, length]`, `[outputs, inputs / groups, kernel]` → `[batch, outputs, windows]`
 */
export const conv1d: Convolution<readonly [Dim], readonly [number]> = convolutionOver("conv1d", 1)

/**
 * Slides a kernel over images and sums the products of each window. Padding may be a number, one for each axis, pairs
 * `[before, after]`, `"same"` or `"valid"`.
 *
 * **Shapes** `[batch, inputs, height, width]`, `[outputs, inputs / groups, height, width]` →
 * `[batch, outputs, height, width]`, with `⌊(extent + padding − dilation · (kernel − 1) − 1) / stride⌋ + 1` windows
 * along each axis.
 *
 * **Throws** `ShapeError` where channels differ or no window fits, `DTypeError`, `ArgumentError`.
 *
 * **Example** (Differences of neighbors)
 *
 * ```ts run
 * const image = Tensor.of([[[[1, 4, 9], [2, 3, 5]]]])
 * const kernel = Tensor.of([[[[-1, 1]]]])
 * await evaluate(Tensor.conv2d(image, kernel)) // => [[[[3, 5], [1, 2]]]]
 * ```
 */
export const conv2d: Convolution<readonly [Dim, Dim], readonly [number, number]> = convolutionOver("conv2d", 2)

/**
 * Slides a kernel over volumes; see `conv2d`.
 *
 * **Shapes** `[batch, inputs, depth, height, width]`, `[outputs, inputs / groups, depth, height, width]` →
 * `[batch, outputs, depth, height, width]`
 */
export const conv3d: Convolution<readonly [Dim, Dim, Dim], readonly [number, number, number]> = convolutionOver(
  "conv3d",
  3
)

/**
 * The transposed convolution of sequences; see `convTranspose2d`.
 *
 * **Shapes** `[batch, inputs, length]`, `[inputs, outputs / groups, kernel]` → `[batch, outputs, length]`
 */
export const convTranspose1d: TransposedConvolution<readonly [Dim], readonly [number]> = transposedOver(
  "convTranspose1d",
  1
)

/**
 * The adjoint of `conv2d` with the same stride, padding, dilation and groups: each element of the input adds a kernel
 * to the result, `stride` elements apart.
 *
 * **Shapes** `[batch, inputs, height, width]`, `[inputs, outputs / groups, height, width]` →
 * `[batch, outputs, height, width]`, with
 * `(extent − 1) · stride − 2 · padding + dilation · (kernel − 1) + outputPadding + 1` elements along each axis.
 *
 * **Throws** as `conv2d`.
 *
 * **Example** (Twice as many elements)
 *
 * ```ts run
 * const x = Tensor.of([[[[1, 2]]]])
 * await evaluate(Tensor.convTranspose2d(x, Tensor.ones([1, 1, 1, 2]), { stride: [1, 2] })) // => [[[[1, 1, 2, 2]]]]
 * ```
 */
export const convTranspose2d: TransposedConvolution<readonly [Dim, Dim], readonly [number, number]> = transposedOver(
  "convTranspose2d",
  2
)

/**
 * The transposed convolution of volumes; see `convTranspose2d`.
 *
 * **Shapes** `[batch, inputs, depth, height, width]`, `[inputs, outputs / groups, depth, height, width]` →
 * `[batch, outputs, depth, height, width]`
 */
export const convTranspose3d: TransposedConvolution<readonly [Dim, Dim, Dim], readonly [number, number, number]> =
  transposedOver("convTranspose3d", 3)
