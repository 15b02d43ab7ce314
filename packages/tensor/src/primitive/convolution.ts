/**
 * Operations on sliding windows: `windows` ⇄ `overlapAdd`, and `convolution`, whose derivatives are convolutions.
 *
 * All of them slide over spatial axes that follow the others. None pads: padding is a `pad` before them, so that what
 * they load is always there and steps evenly, which is what makes a convolution a matrix product for the compiler.
 */
import * as Affine from "../Affine.ts"
import { ShapeError } from "../errors.ts"
import { covering } from "../internal/covering.ts"
import type { Op, Tensor } from "../Primitive.ts"
import * as Scalar from "../Scalar.ts"
import type { Dims } from "../Shape.ts"
import { equals } from "../Shape.ts"
import { bilinear } from "./bilinear.ts"
import { zeros } from "./leaf.ts"
import { linear, numeric, reshape, reverse, sameType, transpose } from "./linear.ts"
import { pad, slice } from "./window.ts"

/** Along each spatial axis: elements between neighboring windows, and between neighbors within a window. */
export interface Steps {
  readonly stride: Dims
  readonly dilation: Dims
}

/** How many elements a window spans. */
const span = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1

/** How many windows fit along each of the spatial axes. */
export const windowCounts = (spatial: Dims, kernel: Dims, { dilation, stride }: Steps): Dims =>
  spatial.map((extent, i) => Math.max(0, Math.floor((extent - span(kernel[i], dilation[i])) / stride[i]) + 1))

/** The positions of the elements `offset` of the windows `window`. */
const within = (window: Scalar.Index, offset: Scalar.Index, { dilation, stride }: Steps): Scalar.Index =>
  window.map((i, axis) =>
    Affine.toScalar(
      Affine.of(
        Scalar.add(
          Scalar.mul(i, Scalar.constant(stride[axis])),
          Scalar.mul(offset[axis], Scalar.constant(dilation[axis]))
        )
      )
    )
  )

const range = (from: number, count: number): Dims => Array.from({ length: count }, (_, i) => from + i)

/** All windows of the last axes: `[…, …spatial] → […, …windows, …kernel]`. Adjoint: `overlapAdd`. */
export const windows: Op<1, Steps & { readonly kernel: Dims }> = linear({
  name: "windows",
  arity: 1,
  type: ([x], { kernel, ...steps }) => {
    const rank = x.shape.length - kernel.length
    const counts = windowCounts(x.shape.slice(rank), kernel, steps)
    return { shape: [...x.shape.slice(0, rank), ...counts, ...kernel], dtype: x.dtype }
  },
  element: ([x], index, { kernel, ...steps }) => {
    const rank = x.shape.length - kernel.length
    const offset = index.slice(rank + kernel.length)
    return x.at([...index.slice(0, rank), ...within(index.slice(rank, rank + kernel.length), offset, steps)])
  },
  adjoint: ({ inputs: [x], params: { kernel, ...steps }, cotangent }) => [
    overlapAdd(cotangent, { ...steps, spatial: x.shape.slice(x.shape.length - kernel.length) })
  ],
  batch: ({ inputs: [x], params }) => windows(x, params)
})

/**
 * The sum of what windows hold for each element: `[…, …windows, …kernel] → […, …spatial]`. Adjoint: `windows`.
 *
 * **Throws** `ShapeError` unless as many windows fit into `spatial`.
 */
export const overlapAdd: Op<1, Steps & { readonly spatial: Dims }> = linear({
  name: "overlapAdd",
  arity: 1,
  type: ([x], { spatial, ...steps }) => {
    const rank = x.shape.length - 2 * spatial.length
    const counts = windowCounts(spatial, x.shape.slice(rank + spatial.length), steps)
    if (!equals(counts, x.shape.slice(rank, rank + spatial.length))) {
      throw new ShapeError({
        operation: "overlapAdd",
        expected: "as many windows as fit",
        received: [x.shape, spatial]
      })
    }
    return numeric("overlapAdd", { shape: [...x.shape.slice(0, rank), ...spatial], dtype: x.dtype })
  },
  element: ([x], index, { dilation, spatial, stride }) => {
    const rank = x.shape.length - 2 * spatial.length
    const counts = x.shape.slice(rank, rank + spatial.length)
    const zero = Scalar.constant(0, x.dtype)
    if (counts.includes(0)) return zero
    const coverings = counts.map((count, axis) =>
      covering(index[rank + axis], {
        count,
        kernel: x.shape[rank + spatial.length + axis],
        stride: stride[axis],
        dilation: dilation[axis]
      })
    )
    const value = (round: Scalar.Index): Scalar.Scalar => {
      const covers = coverings.map(({ at }, axis) => at(round[axis]))
      const found = x.at([
        ...index.slice(0, rank),
        ...covers.map(({ window }) => window),
        ...covers.map(({ offset }) => offset)
      ])
      const conditions = covers.flatMap((cover) => cover.conditions)
      return conditions.length === 0 ? found : Scalar.select(conditions.reduce(Scalar.and), found, zero)
    }
    const rounds = coverings.map((axis) => axis.rounds)
    // Where no windows overlap, there is nothing to add.
    return rounds.every((count) => count === 1)
      ? value(rounds.map(() => Scalar.constant(0)))
      : Scalar.reduce("add", rounds, value)
  },
  adjoint: ({ inputs: [x], params: { spatial, ...steps }, cotangent }) => [
    windows(cotangent, { ...steps, kernel: x.shape.slice(x.shape.length - spatial.length) })
  ],
  batch: ({ inputs: [x], params }) => overlapAdd(x, params)
})

/** Exchanges two of the axes before the spatial ones. */
const exchanged = (x: Tensor, first: number, second: number): Tensor =>
  transpose(x, {
    permutation: x.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis))
  })

/** The kernel of the transposed convolution: inputs and outputs exchanged, windows read backwards. */
export const transposedKernel = (weight: Tensor): Tensor =>
  exchanged(reverse(weight, { axes: range(3, weight.shape.length - 3) }), 1, 2)

/** `x` with zeros around and between the elements of its spatial axes. */
const spaced = (x: Tensor, before: Dims, after: Dims, interior: Dims): Tensor =>
  pad(x, { before: [0, 0, 0, ...before], after: [0, 0, 0, ...after], interior: [0, 0, 0, ...interior] })

/** The cotangent of the input: the cotangent of the result, spread by the stride, under the transposed kernel. */
const towardsInput = (x: Tensor, weight: Tensor, cotangent: Tensor, { dilation, stride }: Steps): Tensor => {
  const [windowsPerAxis, kernel] = [cotangent.shape.slice(3), weight.shape.slice(3)]
  const margin = kernel.map((extent, i) => span(extent, dilation[i]) - 1)
  // Elements behind the last window.
  const rest = x.shape.slice(3).map((extent, i) => extent - margin[i] - span(windowsPerAxis[i], stride[i]))
  const spread = spaced(
    cotangent,
    margin,
    margin.map((m, i) => m + rest[i]),
    stride.map((s) => s - 1)
  )
  return convolution(spread, transposedKernel(weight), { stride: stride.map(() => 1), dilation })
}

/** The cotangent of the kernel: the input under the cotangent of the result, with stride and dilation exchanged. */
const towardsKernel = (x: Tensor, weight: Tensor, cotangent: Tensor, { dilation, stride }: Steps): Tensor => {
  const [windowsPerAxis, kernel] = [cotangent.shape.slice(3), weight.shape.slice(3)]
  const used = kernel.map((extent, i) => span(extent, dilation[i]) + span(windowsPerAxis[i], stride[i]) - 1)
  const seen = slice(x, {
    start: x.shape.map(() => 0),
    stop: [...x.shape.slice(0, 3), ...used],
    step: x.shape.map(() => 1)
  })
  // [channels, groups, batch, …] under [groups, outputs, batch, …] gives [channels, groups, outputs, …kernel].
  const byBatch = transpose(cotangent, { permutation: [1, 2, 0, ...range(3, kernel.length)] })
  const result = convolution(exchanged(seen, 0, 2), byBatch, { stride: dilation, dilation: stride })
  return transpose(result, { permutation: [1, 2, 0, ...range(3, kernel.length)] })
}

/**
 * Sums products of a kernel with every window:
 * `out[n, g, o, p…] = Σ_c Σ_k weight[g, o, c, k…] · x[n, g, c, p · stride + k · dilation …]`.
 *
 * **Shapes** `x: [batch, groups, inputs, …spatial]`, `weight: [groups, outputs, inputs, …kernel]` →
 * `[batch, groups, outputs, …windows]`.
 *
 * **Throws** `ShapeError` where groups, inputs or ranks differ.
 */
export const convolution: Op<2, Steps> = bilinear<Steps>({
  name: "convolution",
  arity: 2,
  type: ([x, weight], steps) => {
    const { dtype } = sameType("convolution", [
      { shape: [], dtype: x.dtype },
      { shape: [], dtype: weight.dtype }
    ])
    const [batch, groups, inputs, ...spatial] = x.shape
    const [sameGroups, outputs, sameInputs, ...kernel] = weight.shape
    if (groups !== sameGroups || inputs !== sameInputs || spatial.length !== kernel.length) {
      throw new ShapeError({
        operation: "convolution",
        expected: "[batch, groups, inputs, ...spatial] and [groups, outputs, inputs, ...kernel]",
        received: [x.shape, weight.shape]
      })
    }
    return numeric("convolution", { shape: [batch, groups, outputs, ...windowCounts(spatial, kernel, steps)], dtype })
  },
  element: ([x, weight], [batch, group, output, ...window], steps) =>
    Scalar.reduce("add", weight.shape.slice(2), ([input, ...offset]) =>
      Scalar.mul(
        weight.at([group, output, input, ...offset]),
        x.at([batch, group, input, ...within(window, offset, steps)])
      )
    ),
  adjoints: ({ inputs: [x, weight], output, params, cotangent }) =>
    output.shape.slice(3).includes(0)
      ? [zeros(x), zeros(weight)]
      : [towardsInput(x, weight, cotangent, params), towardsKernel(x, weight, cotangent, params)],
  batch: ({ inputs: [x, weight], mapped: [xMapped, weightMapped], params, size }) => {
    if (!weightMapped) {
      const [, batch, ...rest] = x.shape
      const result = convolution(reshape(x, { shape: [size * batch, ...rest] }), weight, params)
      return reshape(result, { shape: [size, batch, ...result.shape.slice(1)] })
    }
    return xMapped ? asGroups(x, weight, params) : asOutputs(x, weight, params)
  }
})

/** A kernel for each example: its groups are groups of their own. */
const asGroups = (x: Tensor, weight: Tensor, params: Steps): Tensor => {
  const [size, batch, groups, ...rest] = x.shape
  const inputs = reshape(exchanged(x, 0, 1), { shape: [batch, size * groups, ...rest] })
  const kernels = reshape(weight, { shape: [size * groups, ...weight.shape.slice(2)] })
  const result = convolution(inputs, kernels, params)
  return exchanged(reshape(result, { shape: [batch, size, groups, ...result.shape.slice(2)] }), 0, 1)
}

/** Several kernels for one input: their outputs are outputs of one. */
const asOutputs = (x: Tensor, weight: Tensor, params: Steps): Tensor => {
  const [size, groups, outputs, ...rest] = weight.shape
  const kernels = reshape(exchanged(weight, 0, 1), { shape: [groups, size * outputs, ...rest] })
  const result = convolution(x, kernels, params)
  const [batch, , , ...counts] = result.shape
  const parts = reshape(result, { shape: [batch, groups, size, outputs, ...counts] })
  return transpose(parts, { permutation: [2, 0, 1, 3, ...range(4, counts.length)] })
}
