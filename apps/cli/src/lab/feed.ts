/**
 * Examples on their way to a model.
 */
import type { Columns, Dataset } from "@cotangent/data/Dataset"
import * as Datasets from "@cotangent/data/Dataset"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Cursor } from "@cotangent/train/Event"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** The columns of a dataset as tensors. */
export type TensorsOf<C extends Columns> = {
  readonly [K in keyof C]: C[K] extends HostArray<infer D> ? Tensor.Tensor<Shape, D> : never
}

/** The columns of a dataset as tensors. */
export const tensorsOf = <C extends Columns>(columns: C): TensorsOf<C> =>
  // The same names, each with a tensor of its dtype.
  Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, Tensor.fromHostArray(column)])
  ) as TensorsOf<C>

/** What a model is given, and what it should make of it. */
export interface Example<In, Target> {
  readonly input: In
  readonly target: Target
}

/** A batch as it comes from the dataset, or made ready once for all steps. */
export type Batch<C extends Columns, In, Target> =
  | { readonly columns: TensorsOf<C> }
  | { readonly ready: Example<In, Target> }

/** The examples of a batch, made ready if they are not. */
export const exampleOf = <C extends Columns, In, Target>(
  prepare: (columns: TensorsOf<C>) => Example<In, Target>,
  batch: Batch<C, In, Target>
): Example<In, Target> => ("ready" in batch ? batch.ready : prepare(batch.columns))

/** The batches of a training. */
export interface Feed<B> {
  /** How many examples there are. */
  readonly examples: number
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
  readonly from: (cursor: Cursor) => Stream.Stream<B, DeviceError, Device>
}

/** How a training goes through its examples. */
export interface Passes {
  readonly epochs: number
  readonly start: Cursor
}

/** Batches of `size` examples, shuffled anew in each epoch; examples that fill no batch wait for another epoch. */
export const shuffled = <C extends Columns>(
  examples: Dataset<C>,
  { epochs, key, size, start }: Passes & { readonly key: Random.Key; readonly size: number }
): Feed<TensorsOf<C>> => {
  const options = { size: Math.min(size, examples.size), key, dropLast: true }
  const stepsPerEpoch = Datasets.countBatches(examples, options)
  return {
    examples: examples.size,
    batch: options.size,
    epochs,
    stepsPerEpoch,
    readEvery: Math.max(1, Math.min(5, Math.floor(stepsPerEpoch / 20))),
    checkpointEvery: 1000,
    start,
    from: ({ batch, epoch }) => Stream.map(Datasets.batches(examples, { ...options, epoch, from: batch }), tensorsOf)
  }
}

/**
 * The same batch in each step: one epoch of as many steps as there are passes. It is uploaded, and computed as far as
 * it is an expression, once.
 */
export const whole = <B extends object>(
  batch: B,
  examples: number,
  { epochs, start: { step } }: Passes
): Effect.Effect<Feed<B>, DeviceError, Device | Scope.Scope> =>
  Effect.gen(function* () {
    const device = yield* Device
    const all = yield* device.realize(batch)
    const isDone = step >= epochs
    return {
      examples,
      batch: examples,
      epochs: 1,
      stepsPerEpoch: epochs,
      readEvery: 1,
      checkpointEvery: 50,
      start: isDone ? { epoch: 1, batch: 0, step } : { epoch: 0, batch: step, step },
      from: ({ batch }) => Stream.map(Stream.range(batch, epochs - 1, 1), () => all)
    }
  })
