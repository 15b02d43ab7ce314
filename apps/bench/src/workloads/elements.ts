/**
 * Element by element, by rows, and over everything.
 */
import { vjp } from "@cotangent/autodiff/Vjp"
import * as Normalization from "@cotangent/nn/Normalization"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import { fill } from "../data.ts"
import type { Calculation } from "../Workload.ts"
import { calculation } from "../Workload.ts"

type Floats = Tensor.Tensor<Shape, "f32">
type Images = Tensor.Tensor<readonly [number, number, number, number], "f32">

const meanAbs = (x: Floats): ReadonlyArray<Tensor.Tensor> => [Tensor.mean(Tensor.abs(x))]

const chain: Calculation = calculation<readonly [Floats, Floats, Floats], Floats>({
  name: "chain_4M",
  text: "tanh(a · b + c) · σ(a) + exp(−c²), 4M elements",
  bytes: 4 * 4 * 4194304,
  inputs: () => [fill([4194304], 1), fill([4194304], 2), fill([4194304], 3)],
  run: (a, b, c) => {
    const product = Tensor.mul(Tensor.tanh(Tensor.add(Tensor.mul(a, b), c)), Tensor.sigmoid(a))
    return Tensor.add(product, Tensor.exp(Tensor.neg(Tensor.mul(c, c))))
  },
  check: meanAbs
})

const softmax: Calculation = calculation<readonly [Floats], Floats>({
  name: "softmax",
  text: "rows of 4096 × 1024",
  bytes: 2 * 4 * 4096 * 1024,
  inputs: () => [fill([4096, 1024], 1, -4, 4)],
  run: (x) => Tensor.softmax(x, -1),
  check: (y) => [Tensor.sum(Tensor.slice(y, { stop: [4096, 1] }))]
})

const layerNorm: Calculation = calculation<readonly [Floats, Floats, Floats], Floats>({
  name: "layernorm",
  text: "rows of 4096 × 768",
  bytes: 2 * 4 * 4096 * 768,
  inputs: () => [fill([4096, 768], 1, -4, 4), fill([768], 2), fill([768], 3)],
  run: (x, weight, bias) => Normalization.layerNorm(x, { weight, bias }) as Floats,
  check: meanAbs
})

const sum: Calculation = calculation<readonly [Floats], Tensor.Tensor>({
  name: "sum_16M",
  text: "the sum of 16M elements",
  bytes: 4 * 16777216,
  inputs: () => [fill([16777216], 1)],
  run: (x) => Tensor.sum(x),
  check: (total) => [total]
})

const convolution: Calculation = calculation<readonly [Images, Images, Images], readonly [Images, Images]>({
  name: "conv_fb",
  text: "both gradients of a 3 × 3 convolution, 32 images of 64 × 32 × 32",
  operations: 3 * 2 * 32 * 64 * 64 * 9 * 32 * 32,
  inputs: () => [fill([32, 64, 32, 32], 1), fill([64, 64, 3, 3], 2, -1 / 24, 1 / 24), fill([32, 64, 32, 32], 3)],
  run: (x, w, cotangent) => {
    const [y, pullback] = vjp((images: Images, kernel: Images) => Tensor.conv2d(images, kernel, { padding: 1 }))(x, w)
    const [dx, dw] = pullback(cotangent as typeof y)
    return [dx, dw]
  },
  check: (gradients) => gradients.flatMap((gradient) => meanAbs(gradient as Tensor.Tensor as Floats))
})

export const elements: ReadonlyArray<Calculation> = [chain, softmax, layerNorm, sum, convolution]
