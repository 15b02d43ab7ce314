/**
 * Training a classifier of digits.
 */
import { valueAndGrad } from "@cotangent/autodiff/Gradient"
import * as Dataset from "@cotangent/data/Dataset"
import type { Digits } from "@cotangent/data/Mnist"
import type { Rows } from "@cotangent/nn/layer/linear"
import * as Loss from "@cotangent/nn/Loss"
import * as Metric from "@cotangent/nn/Metric"
import type { Empty, Model } from "@cotangent/nn/Model"
import type { Optimizer } from "@cotangent/optim/Optimizer"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { hostArray } from "@cotangent/tensor/primitive/leaf"
import * as Random from "@cotangent/tensor/Random"
import { size } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Checkpoint from "@cotangent/train/Checkpoint"
import { failWhenNotFinite } from "@cotangent/train/EarlyStopping"
import { start } from "@cotangent/train/Event"
import type { Snapshot, StepResult } from "@cotangent/train/Fit"
import { fit } from "@cotangent/train/Fit"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Request, Run, Task } from "../Recipe.ts"
import type { Assessment } from "./assessment.ts"
import { accuracyOf, assess } from "./assessment.ts"
import * as Data from "./data.ts"
import type { Batch } from "./feed.ts"
import { pixels, shuffled, tensorsOf, whole } from "./feed.ts"

/** What sets one training of a classifier apart from another. */
export interface Classifier<P, O> {
  /** The name of the recipe, which its checkpoints bear. */
  readonly name: string
  /** The model in short. */
  readonly text: string
  /** From pixels between 0 and 1 to logits. */
  readonly model: Model<P, Empty, Rows<784>, Rows<10>>
  /** The optimizer of a training of `steps` steps. */
  readonly optimizer: (steps: number) => Optimizer<O>
  /** Passes over the data, unless told otherwise. */
  readonly epochs: number
  /** What determines every random choice, unless told otherwise. */
  readonly seed: number
  /** How many examples a step sees: shuffled batches of that size, or always the whole set. */
  readonly batch: number | "all"
}

/** Parameters and state of a model. */
interface Fitted<P> {
  readonly params: P
  readonly state: Empty
}

/** All that a training goes on with. */
interface State<P, O> extends Fitted<P> {
  readonly optimizer: O
  readonly key: Random.Key
  readonly settings: { readonly epochs: Tensor.Tensor; readonly limit: Tensor.Tensor }
}

/** The numbers that determine a training. */
interface Settings {
  readonly seed: number
  readonly epochs: number
  readonly limit: number
}

const initial = <P, O>({ model, optimizer }: Classifier<P, O>, { epochs, limit, seed }: Settings): State<P, O> => {
  const key = Random.key(seed)
  const fitted = model.init(Random.split(key)[0])
  return {
    ...fitted,
    optimizer: optimizer(1).init(fitted.params),
    key,
    settings: { epochs: Tensor.scalar(epochs, "i32"), limit: Tensor.scalar(limit, "i32") }
  }
}

/** The settings that a state was made with; it comes from a file, so its tensors hold their numbers. */
const settingsOf = <P, O>({ key, settings }: State<P, O>): Settings => {
  const numbers = (tensor: Tensor.Tensor): ArrayLike<number> => hostArray(tensor)!.data
  const [high, low] = Array.from(numbers(key))
  return { seed: high * 2 ** 32 + low, epochs: numbers(settings.epochs)[0], limit: numbers(settings.limit)[0] }
}

/** The next state, and the loss on one batch. */
const stepOf = <P, O>(model: Classifier<P, O>["model"], optimizer: Optimizer<O>) => {
  const lossOf = (params: P, { key, state }: State<P, O>, { image, label }: Batch) => {
    const next = model.train(params, state, pixels(image), key)
    return [Loss.crossEntropy(next.output, label), next] as const
  }
  return (before: State<P, O>, batch: Batch): StepResult<State<P, O>> => {
    const [loss, gradients, { output, state }] = valueAndGrad(lossOf, { hasAux: true })(before.params, before, batch)
    const next = optimizer.update(gradients, before.optimizer, before.params)
    return {
      state: { ...before, params: next.params, state, optimizer: next.state },
      loss,
      metrics: { accuracy: Metric.accuracy(output, batch.label) }
    }
  }
}

/** A row of probabilities for each image. */
const classify =
  <P>(model: Classifier<P, unknown>["model"]) =>
  ({ params, state }: Fitted<P>, image: Batch["image"]): Tensor.Tensor<Shape, "f32"> =>
    Tensor.cast(Tensor.softmax(model.predict(params, state, pixels(image))), "f32")

/** Examples that are classified at a time. */
const chunk = 1000

/** Compares what the model makes of all `digits` with their labels. */
const assessor = Effect.fnUntraced(function* <P>(
  model: Classifier<P, unknown>["model"],
  digits: Digits
): Effect.fn.Return<(fitted: Fitted<P>) => Effect.Effect<Assessment, DeviceError>, never, Device | Scope.Scope> {
  const device = yield* Device
  const run = yield* device.compile(classify(model), { name: "classify" })
  return ({ params, state }) =>
    Dataset.batches(digits, { size: chunk }).pipe(
      Stream.mapEffect((columns) =>
        Effect.scoped(Effect.flatMap(run({ params, state }, tensorsOf(columns).image), device.read))
      ),
      Stream.runFold(
        () => ({ rows: new Float32Array(10 * digits.size), filled: 0 }),
        ({ filled, rows }, { data }) => {
          rows.set(data, filled)
          return { rows, filled: filled + data.length }
        }
      ),
      Effect.map(({ rows }) =>
        assess({ probabilities: rows, labels: digits.columns.label.data, images: digits.columns.image.data })
      )
    )
})

/** Where a training begins: at a checkpoint, or from nothing. What the request does not say, a checkpoint does. */
const begin = Effect.fnUntraced(function* <P, O>(
  classifier: Classifier<P, O>,
  { epochs, limit, resume, seed }: Request
) {
  const usual: Settings = { seed: seed ?? classifier.seed, epochs: classifier.epochs, limit: most }
  const snapshot: Snapshot<State<P, O>> | undefined =
    resume === undefined
      ? undefined
      : yield* Checkpoint.load({ path: resume, model: classifier.name }, initial(classifier, usual))
  const before = snapshot === undefined ? usual : settingsOf(snapshot.state)
  const settings = { ...before, epochs: epochs ?? before.epochs, limit: limit ?? before.limit }
  const fresh = initial(classifier, settings)
  return {
    settings,
    cursor: snapshot?.cursor ?? start,
    state: snapshot === undefined ? fresh : { ...snapshot.state, settings: fresh.settings }
  }
})

/** No limit. */
const most = 2 ** 31 - 1

const countParameters = (params: unknown): number =>
  Tree.leaves(params).reduce((total, { shape }) => total + size(shape), 0)

const prepare = Effect.fnUntraced(function* <P, O>(classifier: Classifier<P, O>, request: Request) {
  const { batch, model, name, optimizer, text } = classifier
  const { cursor, settings, state } = yield* begin(classifier, request)
  const { test, train } = yield* Data.load({ folder: request.data, limit: settings.limit })
  const passes = { epochs: settings.epochs, start: cursor }
  const feed =
    batch === "all"
      ? yield* whole(train, passes)
      : shuffled(train, { ...passes, key: Random.split(state.key)[1], size: batch })
  const steps = feed.epochs * feed.stepsPerEpoch
  const assessNow = yield* assessor(model, test)
  let latest: Assessment | undefined
  const training = yield* fit({
    initial: state,
    step: stepOf(model, optimizer(steps)),
    batches: feed.from,
    epochs: feed.epochs,
    cursor: feed.start,
    readEvery: feed.readEvery,
    evaluate: (now) =>
      Effect.map(assessNow(now), (assessment) => {
        latest = assessment
        return { accuracy: accuracyOf(assessment) }
      }),
    checkpoint: Checkpoint.keep({ path: request.checkpoint, model: name }, { everySteps: feed.checkpointEvery }),
    stop: request.stop
  })
  const run: Run = {
    plan: {
      ...settings,
      model: text,
      parameters: countParameters(state.params),
      steps,
      examples: train.size,
      batch: feed.batch,
      start: feed.start
    },
    events: failWhenNotFinite(training.events),
    // Nothing has changed since the last epoch ended.
    assess: Effect.suspend(() =>
      latest === undefined ? Effect.flatMap(training.state, assessNow) : Effect.succeed(latest)
    )
  }
  return run
})

/** The task of training `classifier`. */
export const task = <P, O>(classifier: Classifier<P, O>): Task => ({
  prepare: (request) => prepare(classifier, request),
  classify: Effect.fnUntraced(function* (checkpoint, images) {
    const device = yield* Device
    const fitted = yield* Checkpoint.loadPart(
      { path: checkpoint, model: classifier.name },
      classifier.model.init(Random.key(0))
    )
    return yield* device.read(classify(classifier.model)(fitted, Tensor.fromHostArray(images)))
  })
})
