import {
  Activation,
  Initializer,
  Model,
  avgPool2d,
  batchNorm,
  conv2d,
  flatten,
  globalAvgPool2d,
  linear,
  maxPool2d
} from "@cotangent/nn"
import type { Channels, Rows } from "@cotangent/nn"
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Dim, Shape } from "@cotangent/tensor/ShapeType"
import type { Tensor } from "@cotangent/tensor/Tensor"
import type { Tree } from "@cotangent/tensor/Tree"

/** Images of any number of channels: `[batch, channels, height, width]`. */
export type Images = Channels<number, readonly [Dim, Dim]>

/** Tensors under the names of layers. */
export type Leaves = Tree<Tensor>

/** A part of a network from images to images; its parameters are a tree under the names of layers. */
export type Stage = Model.Model<Leaves, Leaves, Images, Images>

/** A classifier of images: a row of logits for each. Its parameters and state are trees under the names of layers. */
export type ImageClassifier = Model.Model<Leaves, Leaves, Images, Rows<number>>

/** A layer with a name, whatever its parameters. */
type Named = readonly [name: string, model: Model.AnyModel]

type Step = Named | ((input: Images) => Images)

/** Layers from images to images, one after the other. */
const stage = (...steps: ReadonlyArray<Step>): Stage =>
  // Every layer takes images and gives images, as the types of its makers say.
  Model.sequential(...(steps as [])) as unknown as Stage

const classifier = (
  body: ReadonlyArray<Step>,
  head: readonly [pool: (images: Images) => Tensor<Shape, Float>, ...rest: ReadonlyArray<unknown>]
): ImageClassifier =>
  // A head takes images and gives rows.
  Model.sequential(...([...body, ...head] as unknown as [])) as unknown as ImageClassifier

const he = { initializer: Initializer.heNormal } as const

/** What a classifier is given, and how many classes it tells apart. */
export interface ImageOptions {
  /** Channels of an image; 3 unless stated. */
  readonly channels?: number
  readonly classes: number
}

/** The parameters of `lenet`. */
export interface LenetOptions extends ImageOptions {
  /** Height and width of an image, which is a square. */
  readonly size: number
}

/**
 * The convolutional network of the lecture notes, after LeNet-5: two convolutions of five by five, each rectified and pooled,
 * then affine maps to 120, 84 and the classes. Layers are `conv1`, `conv2`, `fc1`, `fc2`, `fc3`.
 *
 * **Shapes** `[batch, channels, size, size] → [batch, classes]`. **Throws** `ArgumentError` where nothing is left of an image
 * after the second pool. **Source** LeCun et al. 1998, section 2.B; Bahng 2023, "Deep Learning", section 4.6.
 *
 * **Example** (Digits)
 *
 * ```ts run
 * const model = lenet({ channels: 1, size: 28, classes: 10 })
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([2, 1, 28, 28])).shape // => [2, 10]
 * Parameters.count(params) // => 44426
 * ```
 */
export const lenet = ({ channels = 3, classes, size }: LenetOptions) => {
  const pooled = (extent: number): number => Math.floor((extent - 4) / 2)
  const last = pooled(pooled(size))
  if (last < 1) {
    throw new ArgumentError({ operation: "lenet", expected: "a size from 16", received: String(size) })
  }
  return Model.sequential(
    ["conv1", conv2d(channels, 6, { kernel: 5, ...he })],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    ["conv2", conv2d(6, 16, { kernel: 5, ...he })],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    flatten,
    ["fc1", linear(16 * last * last, 120, he)],
    Activation.relu,
    ["fc2", linear(120, 84, he)],
    Activation.relu,
    ["fc3", linear(84, classes)]
  )
}

/** How `resnet` is built. */
export interface ResnetOptions extends ImageOptions {
  /** Blocks of each stage; two of each, as in ResNet-18, unless stated. */
  readonly blocks?: ReadonlyArray<number>
  /** Channels of each stage; 64, 128, 256, 512 unless stated. */
  readonly widths?: ReadonlyArray<number>
  /** For photographs a convolution of seven by seven and a pool, which take a sixteenth of the pixels; else three by three. */
  readonly stem?: "photograph" | "small"
}

const convolve = (inputs: number, outputs: number, kernel: number, stride = 1) =>
  conv2d(inputs, outputs, { kernel, stride, padding: (kernel - 1) / 2, bias: false, ...he })

/** Two convolutions, and around them the identity, or where the shape changes a convolution of one by one. */
const basicBlock = (inputs: number, outputs: number, stride: number): Stage => {
  const inner = stage(
    ["conv1", convolve(inputs, outputs, 3, stride)],
    ["bn1", batchNorm(outputs)],
    Activation.relu as Step,
    ["conv2", convolve(outputs, outputs, 3)],
    ["bn2", batchNorm(outputs)]
  )
  if (inputs === outputs && stride === 1) return Model.map(Model.residual(inner), (x) => Activation.relu(x))
  const downsample = stage(["0", convolve(inputs, outputs, 1, stride)], ["1", batchNorm(outputs)])
  // Parameters and states of both are trees, too.
  return Model.map(Model.shortcut({ inner, around: downsample }), (x) => Activation.relu(x)) as Model.AnyModel as Stage
}

/**
 * A residual network of basic blocks; unless told otherwise ResNet-18 for small images. Layers are `conv1`, `bn1`, blocks
 * `layer1.0`, `layer1.1`, …, and `fc`.
 *
 * **Shapes** `[batch, channels, height, width] → [batch, classes]`. **Throws** `ArgumentError` unless each stage has a width.
 *
 * **Source** He et al. 2016, sections 3.3 and 4.2.
 *
 * **Example** (A small one)
 *
 * ```ts run
 * const model = resnet({ channels: 1, classes: 10, blocks: [1, 1], widths: [8, 16] })
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([2, 1, 28, 28])).shape // => [2, 10]
 * Parameters.count(resnet({ classes: 1000, stem: "photograph" }).init(Random.key(0)).params) // => 11689512
 * ```
 */
export const resnet = ({
  blocks = [2, 2, 2, 2],
  channels = 3,
  classes,
  stem = "small",
  widths = [64, 128, 256, 512]
}: ResnetOptions): ImageClassifier => {
  if (blocks.length === 0 || blocks.length !== widths.length) {
    const received = `${blocks.length} and ${widths.length}`
    throw new ArgumentError({ operation: "resnet", expected: "as many widths as stages of blocks, from 1", received })
  }
  const [first] = widths
  const isSmall = stem === "small"
  const stages = widths.map((width, i): Named => {
    const before = i === 0 ? first : widths[i - 1]
    const chain = Array.from({ length: blocks[i] }, (_, k): Named => [
      String(k),
      basicBlock(k === 0 ? before : width, width, k === 0 && i > 0 ? 2 : 1)
    ])
    return [`layer${i + 1}`, stage(...chain)]
  })
  const pool = maxPool2d({ kernel: 3, stride: 2, padding: 1 })
  return classifier(
    [
      ["conv1", isSmall ? convolve(channels, first, 3) : convolve(channels, first, 7, 2)],
      ["bn1", batchNorm(first)],
      Activation.relu as Step,
      ...(isSmall ? [] : [((x: Images) => pool.predict({}, {}, x)) as Step]),
      ...stages
    ],
    [globalAvgPool2d, ["fc", linear(widths[widths.length - 1], classes)]]
  )
}

/** What torchvision calls a parameter of `resnet`, for `PyTorch.load`: it has the blocks and their shortcuts in one record. */
export const torchvisionName = (path: string): string =>
  path.replace(/\.inner\./, ".").replace(/\.around\./, ".downsample.")

/** How `densenet` is built. */
export interface DensenetOptions extends ImageOptions {
  /** Layers of each block; four of each of three unless stated. */
  readonly blocks?: ReadonlyArray<number>
  /** Channels that each layer adds; 12 unless stated. */
  readonly growth?: number
  /** The share of channels that are left between blocks; ½ unless stated. */
  readonly compression?: number
}

/**
 * A network in which every layer of a block sees what all before it gave: each adds `growth` channels to those that it
 * received. Between blocks a convolution of one by one and a pool make them fewer and smaller. Layers are `stem`, blocks
 * `block1.0`, …, `transition1`, …, `norm` and `fc`.
 *
 * **Shapes** `[batch, channels, height, width] → [batch, classes]`. **Throws** `ArgumentError` unless the compression is above 0
 * and at most 1. **Source** Huang et al. 2017, section 3.
 *
 * **Example** (Two blocks of two layers)
 *
 * ```ts run
 * const model = densenet({ channels: 1, classes: 10, blocks: [2, 2], growth: 4 })
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([2, 1, 28, 28])).shape // => [2, 10]
 * ```
 */
export const densenet = ({
  blocks = [4, 4, 4],
  channels = 3,
  classes,
  compression = 0.5,
  growth = 12
}: DensenetOptions): ImageClassifier => {
  if (!(compression > 0 && compression <= 1)) {
    const expected = "a compression above 0 and at most 1"
    throw new ArgumentError({ operation: "densenet", expected, received: String(compression) })
  }
  const activated = (inputs: number): ReadonlyArray<Step> => [["norm", batchNorm(inputs)], Activation.relu as Step]
  let width = 2 * growth
  const body: Array<Step> = [["stem", convolve(channels, width, 3)]]
  blocks.forEach((layers, i) => {
    const start = width
    const grow = (k: number): Named => {
      const inputs = start + k * growth
      return [String(k), Model.dense(stage(...activated(inputs), ["conv", convolve(inputs, growth, 3)]))]
    }
    body.push([`block${i + 1}`, stage(...Array.from({ length: layers }, (_, k) => grow(k)))])
    width = start + layers * growth
    if (i === blocks.length - 1) return
    const fewer = Math.floor(width * compression)
    const pool = avgPool2d({ kernel: 2 })
    const smaller = stage(...activated(width), ["conv", convolve(width, fewer, 1)], (x) => pool.predict({}, {}, x))
    body.push([`transition${i + 1}`, smaller])
    width = fewer
  })
  return classifier([...body, ...activated(width)], [globalAvgPool2d, ["fc", linear(width, classes)]])
}
