/**
 * Convolutions, pooling and resampling as operations.
 */
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attributes } from "./Attributes.ts"
import type { Inputs, Operation } from "./operations.ts"

/** Options of one number for all axes or one for each. The operation checks how many; types take it for what is wanted. */
const axial = (attributes: Attributes, ...names: ReadonlyArray<string>): Readonly<Record<string, never>> =>
  Object.fromEntries(names.filter(attributes.has).map((name) => [name, attributes.perAxis(name) as never]))

const biased = ({ bias }: Inputs) => (bias === undefined ? {} : { bias: Tensor.flatten(bias) })

const convolution = (convolve: typeof Tensor.conv1d | typeof Tensor.conv2d | typeof Tensor.conv3d): Operation => {
  // One of three functions that differ in the number of axes alone.
  const ofAny = convolve as typeof Tensor.conv2d
  return (inputs, attributes) =>
    ofAny(inputs.x, inputs.weight, {
      ...axial(attributes, "stride", "padding", "dilation"),
      ...biased(inputs),
      groups: attributes.number("groups", 1)
    })
}

const transposed = (
  convolve: typeof Tensor.convTranspose1d | typeof Tensor.convTranspose2d | typeof Tensor.convTranspose3d
): Operation => {
  // As above.
  const ofAny = convolve as typeof Tensor.convTranspose2d
  return (inputs, attributes) =>
    ofAny(inputs.x, inputs.weight, {
      ...axial(attributes, "stride", "padding", "outputPadding", "dilation"),
      ...biased(inputs),
      groups: attributes.number("groups", 1)
    })
}

const pool = (attributes: Attributes) => ({
  ...axial(attributes, "stride", "padding"),
  // As above.
  kernel: attributes.perAxis("kernel") as never,
  ceilMode: attributes.flag("ceilMode", false)
})

const maximum = (pooling: typeof Tensor.maxPool1d | typeof Tensor.maxPool2d | typeof Tensor.maxPool3d): Operation => {
  // As above.
  const ofAny = pooling as typeof Tensor.maxPool2d
  return ({ x }, attributes) => ofAny(x, { ...pool(attributes), ...axial(attributes, "dilation") })
}

const average = (pooling: typeof Tensor.avgPool1d | typeof Tensor.avgPool2d | typeof Tensor.avgPool3d): Operation => {
  // As above.
  const ofAny = pooling as typeof Tensor.avgPool2d
  return ({ x }, attributes) =>
    ofAny(x, { ...pool(attributes), countIncludePad: attributes.flag("countIncludePad", true) })
}

const adaptive =
  (rank: number): Operation =>
  ({ x }, attributes) => {
    const size = attributes.perAxis("outputSize")
    return Tensor.adaptiveAvgPool(x, typeof size === "number" ? new Array<number>(rank).fill(size) : size)
  }

/** What modes are called for one, two and three axes. */
const modes = ["nearest", "linear", "bilinear", "trilinear", "area"] as const

const interpolation: Operation = ({ x }, attributes) => {
  const size = attributes.numbers("size")
  const mode = attributes.choice("mode", modes, "nearest")
  const alignCorners = attributes.flag("alignCorners", false)
  // PyTorch calls it an interpolation too.
  if (mode === "area") return Tensor.adaptiveAvgPool(x, size)
  return Tensor.interpolate(x, { size, mode: mode === "nearest" ? mode : "linear", alignCorners })
}

/** Everything on sliding windows and on resolutions. */
export const convolutions: Readonly<Record<string, Operation>> = {
  conv1d: convolution(Tensor.conv1d),
  conv2d: convolution(Tensor.conv2d),
  conv3d: convolution(Tensor.conv3d),
  convTranspose1d: transposed(Tensor.convTranspose1d),
  convTranspose2d: transposed(Tensor.convTranspose2d),
  convTranspose3d: transposed(Tensor.convTranspose3d),
  maxPool1d: maximum(Tensor.maxPool1d),
  maxPool2d: maximum(Tensor.maxPool2d),
  maxPool3d: maximum(Tensor.maxPool3d),
  avgPool1d: average(Tensor.avgPool1d),
  avgPool2d: average(Tensor.avgPool2d),
  avgPool3d: average(Tensor.avgPool3d),
  adaptiveAvgPool1d: adaptive(1),
  adaptiveAvgPool2d: adaptive(2),
  adaptiveAvgPool3d: adaptive(3),
  interpolate: interpolation
}
