/**
 * Convolutions, pooling and resampling as operations.
 */
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attributes } from "./Attributes.ts"
import type { Inputs, Operation } from "./operations.ts"

/** A number for each axis. How many there are the operation checks; types take it for whatever is wanted. */
const perAxis = (attributes: Attributes, name: string, otherwise?: ReadonlyArray<number>): never =>
  attributes.numbers(name, otherwise) as never

const slide = (attributes: Attributes) => ({
  stride: perAxis(attributes, "stride"),
  padding: perAxis(attributes, "padding")
})

const biased = ({ bias }: Inputs) => (bias === undefined ? {} : { bias: Tensor.flatten(bias) })

const convolution = (convolve: typeof Tensor.conv1d | typeof Tensor.conv2d | typeof Tensor.conv3d): Operation => {
  // One of three functions that differ in the number of axes alone.
  const ofAny = convolve as typeof Tensor.conv2d
  return (inputs, attributes) =>
    ofAny(inputs.x, inputs.weight, {
      ...slide(attributes),
      ...biased(inputs),
      dilation: perAxis(attributes, "dilation"),
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
      ...slide(attributes),
      ...biased(inputs),
      outputPadding: perAxis(attributes, "outputPadding"),
      groups: attributes.number("groups", 1),
      ...(attributes.has("dilation") ? { dilation: perAxis(attributes, "dilation") } : {})
    })
}

const pool = (attributes: Attributes) => ({ ...slide(attributes), kernel: perAxis(attributes, "kernel") })

const maximum = (pooling: typeof Tensor.maxPool1d | typeof Tensor.maxPool2d | typeof Tensor.maxPool3d): Operation => {
  // As above.
  const ofAny = pooling as typeof Tensor.maxPool2d
  return ({ x }, attributes) => ofAny(x, { ...pool(attributes), ceilMode: attributes.flag("ceilMode", false) })
}

const average = (pooling: typeof Tensor.avgPool1d | typeof Tensor.avgPool2d | typeof Tensor.avgPool3d): Operation => {
  // As above.
  const ofAny = pooling as typeof Tensor.avgPool2d
  return ({ x }, attributes) =>
    ofAny(x, {
      ...pool(attributes),
      ceilMode: attributes.flag("ceilMode", false),
      countIncludePad: attributes.flag("countIncludePad", true)
    })
}

const adaptive: Operation = ({ x }, attributes) => Tensor.adaptiveAvgPool(x, attributes.numbers("outputSize"))

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
  adaptiveAvgPool1d: adaptive,
  adaptiveAvgPool2d: adaptive,
  adaptiveAvgPool3d: adaptive,
  interpolate: ({ x }, attributes) =>
    Tensor.interpolate(x, {
      size: attributes.numbers("size"),
      mode: attributes.text("mode", "nearest") === "nearest" ? "nearest" : "linear",
      alignCorners: attributes.flag("alignCorners", false)
    })
}
