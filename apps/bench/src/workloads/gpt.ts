/**
 * Transformers that continue texts: a small one of four blocks, and GPT-2 in its smallest size.
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

/** How large a transformer is, and what it reads. */
export interface Size {
  readonly name: string
  readonly text: string
  readonly width: number
  readonly heads: number
  readonly blocks: number
  readonly context: number
  readonly texts: number
  readonly tokens: number
  /** What products are computed in; everything else is in `f32`. */
  readonly products: "f32" | "bf16"
}

// Host data is of the dtype that it says.
const floats = (array: HostArray<"f32">): Floats => constant(array) as Floats
const affine = (inputs: number, outputs: number, seed: number) => ({
  weight: floats(dense(inputs, outputs, seed)),
  bias: floats(full([outputs], 0))
})
const norm = (width: number) => ({ weight: floats(full([width], 1)), bias: floats(full([width], 0)) })

type Affine = ReturnType<typeof affine>

const block = (width: number, number: number) => ({
  before: norm(width),
  qkv: affine(width, 3 * width, 20 + 10 * number),
  projection: affine(width, width, 21 + 10 * number),
  between: norm(width),
  wide: affine(width, 4 * width, 22 + 10 * number),
  narrow: affine(4 * width, width, 23 + 10 * number)
})

const paramsOf = ({ blocks, context, tokens, width }: Size) => ({
  characters: floats(fill([tokens, width], 10, -0.05, 0.05)),
  positions: floats(fill([context, width], 11, -0.05, 0.05)),
  blocks: Array.from({ length: blocks }, (_, number) => block(width, number)),
  last: norm(width),
  head: floats(dense(width, tokens, 12))
})

type Params = ReturnType<typeof paramsOf>

const normed = (x: Floats, gains: ReturnType<typeof norm>): Floats => Normalization.layerNorm(x, gains) as Floats

/** Of one size: from parameters and numbers of characters to scores of the next. */
const logitsOf = ({ context, heads, products, texts, width }: Size) => {
  const rounded = (x: Floats): Floats => Tensor.cast(x, products) as Tensor.Tensor as Floats
  const product = (x: Floats, weight: Floats): Floats =>
    Tensor.cast(Tensor.matmul(rounded(x), rounded(weight)), "f32") as Floats
  const through = (x: Floats, { bias, weight }: Affine): Floats => Tensor.add(product(x, weight), bias) as Floats
  const attend = (x: Floats): Floats => {
    const [query, key, value] = Tensor.split(x, 3, -1).map((part) =>
      rounded(
        Tensor.transpose(
          Tensor.reshape(part, [texts, context, heads, width / heads]),
          [0, 2, 1, 3]
        ) as Tensor.Tensor as Floats
      )
    )
    const attended = Attention.scaledDotProductAttention({ query, key, value }, { causal: true })
    const merged = Tensor.reshape(Tensor.transpose(attended, [0, 2, 1, 3]), [texts, context, width])
    return Tensor.cast(merged, "f32") as Tensor.Tensor as Floats
  }
  const apply = (x: Floats, { before, between, narrow, projection, qkv, wide }: ReturnType<typeof block>): Floats => {
    const attended = through(attend(through(normed(x, before), qkv)), projection)
    const y = Tensor.add(x, attended) as Floats
    const hidden = Activation.gelu(through(normed(y, between), wide), { approximate: "tanh" }) as Floats
    return Tensor.add(y, through(hidden, narrow)) as Floats
  }
  return ({ blocks, characters, head, last, positions }: Params, x: Tensor.Tensor<Shape, "i32">): Floats => {
    const embedded = Tensor.add(Tensor.embedding(characters as never, x), positions) as Tensor.Tensor as Floats
    return product(normed(blocks.reduce(apply, embedded), last), head)
  }
}

/** Training of a transformer of some size. */
export const transformer = (size: Size): Training => {
  const { blocks, context, name, text, texts, tokens, width } = size
  const characters = texts * context
  const perBlock = characters * 12 * width * width + texts * 2 * context * context * width
  const logits = logitsOf(size)
  return training({
    name,
    text,
    operations: 2 * 3 * (blocks * perBlock + characters * width * tokens),
    params: () => paramsOf(size),
    optimizer: Optimizer.adamW({ learningRate: 3e-4, weightDecay: 0.01 }),
    data: () => [ints([texts, context], 1, tokens), ints([characters], 2, tokens)],
    loss: (all: Params, x, y) =>
      Loss.crossEntropy(Tensor.reshape(logits(all, x), [characters, tokens]) as never, y) as never
  })
}

export const gpt: Training = transformer({
  name: "gpt",
  text: "4 blocks of 256, 4 heads, 16 × 128 characters, AdamW",
  width: 256,
  heads: 4,
  blocks: 4,
  context: 128,
  texts: 16,
  tokens: 256,
  products: "f32"
})

/** GPT-2 in its smallest size. */
export const gpt2Size: Size = {
  name: "gpt2_124m",
  text: "12 blocks of 768, 12 heads, 16 × 1024 tokens, products in bf16, AdamW",
  width: 768,
  heads: 12,
  blocks: 12,
  context: 1024,
  texts: 16,
  tokens: 50304,
  products: "bf16"
}

export const gpt2: Training = transformer(gpt2Size)
