import { Activation, Initializer, Model, conv2d, dropout, flatten, linear, maxPool2d } from "@cotangent/nn"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { ImageOptions } from "./images.ts"

/** The parameters of `convnet`. */
export interface ConvnetOptions extends ImageOptions {
  /** Height and width of an image, which is a square. */
  readonly size: number
  /** Units of the dense layer; 128 unless stated. */
  readonly hidden?: number
  /** The share of those that is away in a step of training; there is no dropout unless stated. */
  readonly dropout?: number
}

/**
 * A small convolutional network: two convolutions of three by three to 16 and 32 channels, each rectified and pooled, then a
 * dense layer and the classes. Layers are `first`, `second`, `hidden`, `output`.
 *
 * **Shapes** `[batch, channels, size, size] → [batch, classes]`. **Throws** `ArgumentError` where nothing is left of an image
 * after the second pool.
 *
 * **Example** (Digits)
 *
 * ```ts run
 * const model = convnet({ channels: 1, size: 28, classes: 10 })
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([2, 1, 28, 28])).shape // => [2, 10]
 * Parameters.count(params) // => 206922
 * ```
 */
export const convnet = ({ channels = 3, classes, dropout: rate, hidden = 128, size }: ConvnetOptions) => {
  const last = Math.floor(Math.floor(size / 2) / 2)
  if (!(last >= 1)) {
    throw new ArgumentError({ operation: "convnet", expected: "a size from 4", received: String(size) })
  }
  const he = { initializer: Initializer.heNormal } as const
  const convolution = { kernel: 3, padding: 1, ...he } as const
  const features = [
    ["first", conv2d(channels, 16, convolution)],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    ["second", conv2d(16, 32, convolution)],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    flatten,
    ["hidden", linear(32 * last * last, hidden, he)],
    Activation.relu
  ] as const
  const output = ["output", linear(hidden, classes)] as const
  const plain = Model.sequential(...features, output)
  // Dropout has no parameters, so its place in the types may be left out.
  return rate === undefined ? plain : (Model.sequential(...features, dropout(rate), output) as unknown as typeof plain)
}
