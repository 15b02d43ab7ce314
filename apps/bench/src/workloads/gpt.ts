/**
 * A small transformer: four blocks of width 256, four heads, 16 texts of 128 characters.
 */
import * as Activation from "@cotangent/nn/Activation"
import * as Attention from "@cotangent/nn/Attention"
import * as Loss from "@cotangent/nn/Loss"
import * as Normalization from "@cotangent/nn/Normalization"
import * as Optimizer from "@cotangent/optim/Optimizer"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import { dense, fill, full, ints } from "../data.ts"
import type { Training } from "../Workload.ts"
import { training } from "./training.ts"

type Floats = Tensor.Tensor<Shape, "f32">

const [width, heads, context, texts] = [256, 4, 128, 16]

// Host data is of the dtype that it says.
const floats = (array: HostArray<"f32">): Floats => constant(array) as Floats
const affine = (inputs: number, outputs: number, seed: number) => ({
  weight: floats(dense(inputs, outputs, seed)),
  bias: floats(full([outputs], 0))
})
const norm = () => ({ weight: floats(full([width], 1)), bias: floats(full([width], 0)) })

type Affine = ReturnType<typeof affine>

const block = (number: number) => ({
  before: norm(),
  qkv: affine(width, 3 * width, 20 + 10 * number),
  projection: affine(width, width, 21 + 10 * number),
  between: norm(),
  wide: affine(width, 4 * width, 22 + 10 * number),
  narrow: affine(4 * width, width, 23 + 10 * number)
})

const params = () => ({
  characters: floats(fill([256, width], 10, -0.05, 0.05)),
  positions: floats(fill([context, width], 11, -0.05, 0.05)),
  blocks: [0, 1, 2, 3].map(block),
  last: norm(),
  head: floats(dense(width, 256, 12))
})

type Params = ReturnType<typeof params>

const through = (x: Floats, { bias, weight }: Affine): Floats => Tensor.add(Tensor.matmul(x, weight), bias) as Floats

const normed = (x: Floats, gains: ReturnType<typeof norm>): Floats => Normalization.layerNorm(x, gains) as Floats

const attend = (x: Floats): Floats => {
  const [query, key, value] = Tensor.split(x, 3, -1).map((part) =>
    Tensor.transpose(Tensor.reshape(part, [texts, context, heads, width / heads]), [0, 2, 1, 3])
  ) as ReadonlyArray<Tensor.Tensor> as ReadonlyArray<Floats>
  const attended = Attention.scaledDotProductAttention({ query, key, value }, { causal: true })
  return Tensor.reshape(Tensor.transpose(attended, [0, 2, 1, 3]), [texts, context, width]) as Tensor.Tensor as Floats
}

const apply = (x: Floats, { before, between, narrow, projection, qkv, wide }: ReturnType<typeof block>): Floats => {
  const attended = through(attend(through(normed(x, before), qkv)), projection)
  const y = Tensor.add(x, attended) as Floats
  const hidden = Activation.gelu(through(normed(y, between), wide), { approximate: "tanh" }) as Floats
  return Tensor.add(y, through(hidden, narrow)) as Floats
}

const logits = ({ blocks, characters, head, last, positions }: Params, x: Tensor.Tensor<Shape, "i32">): Floats => {
  const embedded = Tensor.add(Tensor.embedding(characters as never, x), positions) as Tensor.Tensor as Floats
  return Tensor.matmul(normed(blocks.reduce(apply, embedded), last), head) as Floats
}

const perBlock = 2048 * (3 * width * width + width * width + 8 * width * width) + texts * 2 * context * context * width

export const gpt: Training = training({
  name: "gpt",
  text: "4 blocks of 256, 4 heads, 16 × 128 characters, AdamW",
  operations: 2 * 3 * (4 * perBlock + 2048 * width * 256),
  params,
  optimizer: Optimizer.adamW({ learningRate: 3e-4, weightDecay: 0.01 }),
  data: () => [ints([texts, context], 1, 256), ints([texts * context], 2, 256)],
  loss: (all, x, y) => Loss.crossEntropy(Tensor.reshape(logits(all, x), [texts * context, 256]) as never, y) as never
})
