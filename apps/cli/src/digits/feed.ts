/**
 * Digits on their way to a model.
 */
import * as Dataset from "@cotangent/data/Dataset"
import type { Digits } from "@cotangent/data/Mnist"
import type { Rows } from "@cotangent/nn/layer/linear"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Cursor } from "@cotangent/train/Event"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** What a step sees. */
export interface Batch {
  /** **Shapes** `[n, 28, 28]` of bytes, or `[n, 784]` of pixels from 0 to 1. */
  readonly image: Tensor.Tensor<Shape, "u8"> | Rows<784>
  readonly label: Tensor.Tensor<Shape, "u8">
}

/** Pixels from 0 to 1, in rows. Bytes travel to the device and are scaled there. */
export const pixels = (image: Batch["image"]): Rows<784> =>
  isScaled(image) ? image : Tensor.mul(Tensor.cast(Tensor.reshape(image, [image.shape[0], 784]), "f32"), 1 / 255)

const isScaled = (image: Batch["image"]): image is Rows<784> => image.dtype === "f32"

/** The columns of a dataset as tensors. */
export const tensorsOf = ({ image, label }: Digits["columns"]): Batch => ({
  image: Tensor.fromHostArray(image),
  label: Tensor.fromHostArray(label)
})

/** The batches of a training. */
export interface Feed {
  /** Examples of one batch. */
  readonly batch: number
  /** How often the batches are gone through. */
  readonly epochs: number
  readonly stepsPerEpoch: number
  /** Steps between two readings of the loss. */
  readonly readEvery: number
  /** Steps between two checkpoints within an epoch. */
  readonly checkpointEvery: number
  readonly start: Cursor
  readonly from: (cursor: Cursor) => Stream.Stream<Batch, DeviceError, Device>
}

/** How a training goes through its examples. */
export interface Passes {
  readonly epochs: number
  readonly start: Cursor
}

/** Batches of `size` examples, shuffled anew in each epoch; examples that fill no batch wait for another epoch. */
export const shuffled = (
  digits: Digits,
  { epochs, key, size, start }: Passes & { readonly key: Random.Key; readonly size: number }
): Feed => {
  const options = { size: Math.min(size, digits.size), key, dropLast: true }
  const stepsPerEpoch = Dataset.countBatches(digits, options)
  return {
    batch: options.size,
    epochs,
    stepsPerEpoch,
    readEvery: Math.max(1, Math.min(5, Math.floor(stepsPerEpoch / 20))),
    checkpointEvery: 1000,
    start,
    from: ({ batch, epoch }) => Stream.map(Dataset.batches(digits, { ...options, epoch, from: batch }), tensorsOf)
  }
}

/** All examples in each step: one epoch of as many steps as there are passes. They are uploaded and scaled once. */
export const whole = (
  digits: Digits,
  { epochs, start: { step } }: Passes
): Effect.Effect<Feed, DeviceError, Device | Scope.Scope> =>
  Effect.gen(function* () {
    const device = yield* Device
    const { image, label } = tensorsOf(digits.columns)
    const all: Batch = yield* device.realize({ image: pixels(image), label })
    const isDone = step >= epochs
    return {
      batch: digits.size,
      epochs: 1,
      stepsPerEpoch: epochs,
      readEvery: 1,
      checkpointEvery: 50,
      start: isDone ? { epoch: 1, batch: 0, step } : { epoch: 0, batch: step, step },
      from: ({ batch }) => Stream.map(Stream.range(batch, epochs - 1, 1), () => all)
    }
  })
