/**
 * Trainings of a model on examples that say what is wanted of it: the trial of a model, a loss and a dataset.
 */
import type { Columns, Dataset } from "@cotangent/data/Dataset"
import * as Datasets from "@cotangent/data/Dataset"
import type { Model } from "@cotangent/nn/Model"
import * as Parameters from "@cotangent/nn/Parameters"
import type { Rate } from "@cotangent/optim/GradientTransformation"
import type { Optimizer } from "@cotangent/optim/Optimizer"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import { evaluator } from "@cotangent/train/Evaluation"
import type { TrainState } from "@cotangent/train/TrainState"
import * as TrainStates from "@cotangent/train/TrainState"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { examination } from "./examination.ts"
import type { Batch, Example, TensorsOf } from "./feed.ts"
import { exampleOf, shuffled, tensorsOf, whole } from "./feed.ts"
import type { Lab, Measure, Pass, Trial } from "./Lab.ts"

/** Scalars by name. */
export type Metrics = Readonly<Record<string, Tensor.Tensor>>

/** What sets a training of a model apart from another. */
export interface Supervised<P, S, O, C extends Columns, In, Out, Target> {
  /** The name of the training. */
  readonly name: string
  /** The model in short. */
  readonly text: string
  readonly model: Model<P, S, In, Out>
  /** Parameters to begin with; drawn by the model unless stated. */
  readonly params?: P
  readonly train: Dataset<C>
  /** What the model is measured on after each epoch. */
  readonly test?: Dataset<C>
  /** Examples held out of the training, whose measures have names that begin with `validation`. */
  readonly validation?: Dataset<C>
  /** Makes examples from columns. Bytes travel to the device and are scaled there. */
  readonly prepare: (columns: TensorsOf<C>) => Example<In, Target>
  /** A random change of the inputs of a step. */
  readonly augment?: (input: In, key: Random.Key) => In
  readonly loss: (output: Out, target: Target) => Tensor.Tensor
  /** The loss that theory expects of a model that knows nothing; the training can be examined where it is stated. */
  readonly expectedLoss?: number
  /** What is added to the loss of a step. */
  readonly penalty?: (params: P) => Tensor.Tensor
  readonly metrics?: (output: Out, target: Target) => Metrics
  readonly optimizer: (learningRate: Rate) => Optimizer<O>
  /** The learning rate of a training of `steps` steps. */
  readonly learningRate: (steps: number) => Rate
  readonly epochs: number
  /** How many examples a step sees: shuffled batches of that size, or always the whole set. */
  readonly batch: number | "all"
  readonly pass: Pass
  readonly unit: string
  /** What measures a state, unless it is the loss and the metrics on the test set. */
  readonly measure?: Trial<TrainState<P, S, O>, never>["measure"]
  readonly watch?: Trial<never, never>["watch"]
  readonly mayDiverge?: boolean
}

/** The keys of a training: of its parameters, of the order of its examples, of the randomness of its steps. */
const keysOf = ({ key }: Lab): readonly [init: Random.Key, order: Random.Key, steps: Random.Key] => {
  const [init, order, steps] = Random.split(key, 3)
  return [init, order, steps]
}

/** The step on a batch that is ready or is made ready there. */
const stepOf = <P, S, O, C extends Columns, In, Out, Target>(
  { augment, loss, metrics, model, penalty, prepare }: Supervised<P, S, O, C, In, Out, Target>,
  optimizer: Optimizer<O>
) =>
  TrainStates.step({
    optimizer,
    loss: (params: P, state: S, batch: Batch<C, In, Target>, key) => {
      const { input, target } = exampleOf(prepare, batch)
      const [changing, running] = augment === undefined ? [key, key] : Random.split(key)
      const seen = augment === undefined ? input : augment(input, changing)
      const next = model.train(params, state, seen, running)
      const fit = loss(next.output, target)
      return {
        loss: penalty === undefined ? fit : Tensor.add(fit, penalty(params)),
        state: next.state,
        metrics: metrics?.(next.output, target) ?? {}
      }
    }
  })

/** Examples that are measured at a time. */
const chunk = 1000

/** Measures the loss and the metrics on the test set, and on what is held out. */
const measureOf = <P, S, O, C extends Columns, In, Out, Target>({
  loss,
  metrics,
  model,
  prepare,
  test,
  validation
}: Supervised<P, S, O, C, In, Out, Target>) =>
  Effect.map(
    evaluator(({ params, state }: { readonly params: P; readonly state: S }, columns: TensorsOf<C>): Metrics => {
      const { input, target } = prepare(columns)
      const output = model.predict(params, state, input)
      return { loss: loss(output, target), ...metrics?.(output, target) }
    }),
    (evaluate): Measure<TrainState<P, S, O>> => {
      const on = (examples: Dataset<C> | undefined, prefix: string, { params, state }: TrainState<P, S, O>) =>
        examples === undefined || examples.size === 0
          ? Effect.succeed({})
          : Effect.map(
              evaluate({ params, state }, Stream.map(Datasets.batches(examples, { size: chunk }), tensorsOf)),
              (means) => Object.fromEntries(Object.entries(means).map(([name, mean]) => [`${prefix}${name}`, mean]))
            )
      return (now) =>
        Effect.zipWith(on(test, "", now), on(validation, "validation ", now), (first, second) => ({
          ...first,
          ...second
        }))
    }
  )

/** The trial of a model on examples. */
export const supervised = <P, S, O, C extends Columns, In, Out, Target>(
  lab: Lab,
  options: Supervised<P, S, O, C, In, Out, Target>
): Trial<TrainState<P, S, O>, Batch<C, In, Target>> => {
  const { batch, epochs, expectedLoss, learningRate, measure, model, name, optimizer, pass, prepare, test, text } =
    options
  const [init, order, steps] = keysOf(lab)
  const drawn = model.init(init)
  const params = options.params ?? drawn.params
  const feedOf =
    (train: Dataset<C>): Trial<never, Batch<C, In, Target>>["feed"] =>
    (passes) =>
      batch === "all"
        ? whole({ ready: prepare(tensorsOf(train.columns)) }, train.size, passes)
        : Effect.sync(() => {
            const feed = shuffled(train, { ...passes, key: order, size: batch })
            return { ...feed, from: (cursor) => Stream.map(feed.from(cursor), (columns) => ({ columns })) }
          })
  const begin = { params, state: drawn.state, key: steps }
  return {
    name,
    epochs,
    pass,
    unit: options.unit,
    mayDiverge: options.mayDiverge ?? false,
    ...(options.watch === undefined ? {} : { watch: options.watch }),
    model: text,
    parameters: Parameters.count(params),
    state: TrainStates.make({ ...begin, optimizer: optimizer(learningRate(1)) }),
    step: (count) => stepOf(options, optimizer(learningRate(count))),
    ...(measure === undefined && test === undefined ? {} : { measure: measure ?? measureOf(options) }),
    feed: feedOf(options.train),
    ...(expectedLoss === undefined ? {} : { examine: examination(options, { ...begin, expectedLoss, feedOf }) })
  }
}
