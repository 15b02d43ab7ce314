/**
 * Pooling: one value for each window of the last axes.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ShapeError } from "../errors.ts"
import { range, spread } from "../internal/axes.ts"
import { forms } from "../internal/forms.ts"
import { demand, fill } from "../internal/operands.ts"
import type { Padding, Slide } from "../internal/spatial.ts"
import { demandWindows, margins, perAxis, spans } from "../internal/spatial.ts"
import type { Tensor } from "../Primitive.ts"
import { windows } from "../primitive/convolution.ts"
import { div } from "../primitive/elementwise.ts"
import * as Linear from "../primitive/linear.ts"
import { reduceMax, where } from "../primitive/selection.ts"
import * as Window from "../primitive/window.ts"
import type { Dims } from "../Shape.ts"
import { size } from "../Shape.ts"
import type { Dim, Shape, ShapeMismatch, ShapeText } from "../ShapeType.ts"

/** Which windows of the spatial axes `P` are pooled. */
export interface PoolOptions<P extends Dims> {
  readonly kernel: number | P
  /** Elements between neighboring windows; as many as the kernel has, unless stated. */
  readonly stride?: number | P
  /** What surrounds the input and never wins a maximum; nothing unless stated. */
  readonly padding?: Padding<P>
  /** Whether a last window may reach beyond the end; not unless stated. */
  readonly ceilMode?: boolean
}

/** Which windows give their greatest. */
export interface MaximumOptions<P extends Dims> extends PoolOptions<P> {
  /** The distance between neighboring elements of a window; 1 unless stated. */
  readonly dilation?: number | P
}

/** Which windows are averaged. */
export interface AverageOptions<P extends Dims> extends PoolOptions<P> {
  /** Whether padding counts as zeros; so unless stated. */
  readonly countIncludePad?: boolean
}

type Leading<S extends Shape, I extends Shape> = S extends readonly [...infer L extends Shape, ...I] ? L : Shape

/** Nothing to ask where `S` ends in the spatial axes `I`, else the reason that it does not. */
export type CheckSpatial<S extends Shape, I extends Shape> = number extends S["length"]
  ? unknown
  : S extends readonly [...Shape, ...I]
    ? unknown
    : ShapeMismatch<`${ShapeText<S>} has fewer than ${I["length"]} spatial axes`>

/** Pooling over the spatial axes `I`, of extents `P`, with options `O`. */
export interface Pooling<I extends Shape, P extends Dims, O> {
  <L extends Shape, D extends DType>(
    self: Tensor<readonly [...L, ...I], D>,
    options: O
  ): Tensor<readonly [...L, ...P], D>
  <S extends Shape, D extends DType>(
    self: Tensor<S, D> & CheckSpatial<S, I>,
    options: O
  ): Tensor<readonly [...Leading<S, I>, ...P], D>
  (
    options: O
  ): <S extends Shape, D extends DType>(
    self: Tensor<S, D> & CheckSpatial<S, I>
  ) => Tensor<readonly [...Leading<S, I>, ...P], D>
}

/** **Throws** `ShapeError` where `self` has fewer than `rank` axes; gives the extents of the last. */
const spatialOf = (operation: string, self: Tensor, rank: number): Dims => {
  if (self.shape.length >= rank) return self.shape.slice(self.shape.length - rank)
  throw new ShapeError({ operation, expected: `at least ${rank} axes, the last spatial`, received: [self.shape] })
}

/** Elements behind the padding that last windows reach; they start before the end of the input. */
const overhang = (spatial: Dims, slide: Slide): Dims =>
  spans(slide).map((span, i) => {
    const { after, before, stride } = slide
    const padded = spatial[i] + before[i] + after[i]
    const further = Math.ceil((padded - span) / stride[i])
    const last = further * stride[i] < spatial[i] + before[i] ? further : further - 1
    return Math.max(0, last * stride[i] + span - padded)
  })

interface Pool extends Slide {
  /** The padding without what windows reach beyond it. */
  readonly inner: Dims
}

const poolOf = (operation: string, spatial: Dims, options: MaximumOptions<Dims>): Pool => {
  const rank = spatial.length
  const kernel = perAxis(operation, "kernel", options.kernel, { rank, least: 1 })
  const stride = perAxis(operation, "stride", options.stride ?? kernel, { rank, least: 1 })
  const dilation = perAxis(operation, "dilation", options.dilation ?? 1, { rank, least: 1 })
  const still = { kernel, stride, dilation }
  const { after, before } = margins(operation, options.padding ?? 0, spatial, still)
  const slide = { ...still, before, after }
  demandWindows(operation, spatial, slide)
  if (options.ceilMode !== true) return { ...slide, inner: after }
  const reach = overhang(spatial, slide)
  return { ...slide, after: after.map((a, i) => a + reach[i]), inner: after }
}

const padded = (x: Tensor, before: Dims, after: Dims): Tensor => {
  const leading = new Array<number>(x.shape.length - before.length).fill(0)
  return Window.pad(x, {
    before: [...leading, ...before],
    after: [...leading, ...after],
    interior: x.shape.map(() => 0)
  })
}

/** The windows of `x`, and the axes that hold their elements. */
const windowsOf = (x: Tensor, { dilation, kernel, stride }: Slide): readonly [Tensor, Dims] => {
  const result = windows(x, { kernel, stride, dilation })
  return [result, range(result.shape.length).slice(x.shape.length)]
}

const pooling = <I extends Shape, P extends Dims, O extends PoolOptions<Dims>>(
  operation: string,
  rank: number,
  rule: (self: Tensor, pool: Pool, options: O) => Tensor
): Pooling<I, P, O> =>
  forms(2, (self: Tensor, options: O) => {
    demand(operation, self, "floats", DTypes.isFloat)
    return rule(self, poolOf(operation, spatialOf(operation, self, rank), options), options)
  })

const greatest = (self: Tensor, pool: Pool): Tensor => {
  const framed = padded(self, pool.before, pool.after)
  const inside = padded(fill("maxPool", { shape: self.shape, dtype: "bool" }, 1), pool.before, pool.after)
  const isFramed = size(framed.shape) !== size(self.shape)
  const x = isFramed ? where(inside, framed, fill("maxPool", framed, -Infinity)) : self
  const [values, axes] = windowsOf(x, pool)
  return reduceMax(values, { axes })
}

/** The sum of each window. */
const sums = (self: Tensor, pool: Pool): Tensor => {
  const [values, axes] = windowsOf(padded(self, pool.before, pool.after), pool)
  return Linear.sum(values, { axes })
}

const average = (self: Tensor, pool: Pool, { countIncludePad = true }: AverageOptions<Dims>): Tensor => {
  const total = sums(self, pool)
  const { after, before, inner, kernel } = pool
  const isWhole = countIncludePad ? after.every((a, i) => a === inner[i]) : [...before, ...after].every((m) => m === 0)
  if (isWhole) return div(total, fill("avgPool", total, size(kernel)))
  // Elements that count are ones, all others zeros: their sums are the sizes of the windows.
  const spatial = self.shape.slice(self.shape.length - kernel.length)
  const counted = fill("avgPool", { shape: spatial, dtype: self.dtype }, 1)
  const sizes = countIncludePad
    ? sums(fill("avgPool", { ...counted, shape: spatial.map((e, i) => e + before[i] + inner[i]) }, 1), {
        ...pool,
        before: before.map(() => 0),
        after: after.map((a, i) => a - inner[i])
      })
    : sums(counted, pool)
  return div(total, spread(sizes, total, range(total.shape.length - kernel.length)))
}

/** Pooling over one, two and three spatial axes. */
type Pooling1d<O> = Pooling<readonly [Dim], readonly [number], O>
type Pooling2d<O> = Pooling<readonly [Dim, Dim], readonly [number, number], O>
type Pooling3d<O> = Pooling<readonly [Dim, Dim, Dim], readonly [number, number, number], O>

/** The greatest of each window of sequences; see `maxPool2d`. */
export const maxPool1d: Pooling1d<MaximumOptions<readonly [number]>> = pooling("maxPool1d", 1, greatest)

/**
 * The greatest of each window of images. Ties share the gradient equally.
 *
 * **Shapes** `[…, height, width]` → `[…, windows, windows]`
 *
 * **Throws** `ShapeError` where no window fits, `DTypeError` unless floats, `ArgumentError`.
 *
 * **Example** (Half the resolution)
 *
 * ```ts run
 * await evaluate(Tensor.maxPool2d(Tensor.of([[1, 5, 2, 0], [3, 4, 8, 6]]), { kernel: 2 })) // => [[5, 8]]
 * ```
 */
export const maxPool2d: Pooling2d<MaximumOptions<readonly [number, number]>> = pooling("maxPool2d", 2, greatest)

/** The greatest of each window of volumes; see `maxPool2d`. */
export const maxPool3d: Pooling3d<MaximumOptions<readonly [number, number, number]>> = pooling("maxPool3d", 3, greatest)

/** The mean of each window of sequences; see `avgPool2d`. */
export const avgPool1d: Pooling1d<AverageOptions<readonly [number]>> = pooling("avgPool1d", 1, average)

/**
 * The mean of each window of images. **Shapes**, **Throws** as `maxPool2d`.
 *
 * **Example** (Half the resolution)
 *
 * ```ts run
 * await evaluate(Tensor.avgPool2d(Tensor.of([[1, 5, 2, 0], [3, 3, 8, 6]]), { kernel: 2 })) // => [[3, 4]]
 * ```
 */
export const avgPool2d: Pooling2d<AverageOptions<readonly [number, number]>> = pooling("avgPool2d", 2, average)

/** The mean of each window of volumes; see `avgPool2d`. */
export const avgPool3d: Pooling3d<AverageOptions<readonly [number, number, number]>> = pooling("avgPool3d", 3, average)
