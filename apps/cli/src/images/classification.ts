/**
 * Training classifiers of pictures.
 */
import * as Datasets from "@cotangent/data/Dataset"
import type { Float } from "@cotangent/tensor/DType"
import type { Rows } from "@cotangent/nn/layer/linear"
import * as Loss from "@cotangent/nn/Loss"
import * as Metric from "@cotangent/nn/Metric"
import type { Model } from "@cotangent/nn/Model"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import * as Random from "@cotangent/tensor/Random"
import type { Dim, Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Checkpoint from "@cotangent/train/Checkpoint"
import { uniformLoss } from "@cotangent/train/Finding"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { tensorsOf } from "../lab/feed.ts"
import type { Lab, Pass } from "../lab/Lab.ts"
import type { Supervised } from "../lab/supervised.ts"
import { supervised } from "../lab/supervised.ts"
import type { Task } from "../Recipe.ts"
import { alone } from "../Recipe.ts"
import { architectureOf } from "./architecture.ts"
import type { Assessment } from "./assessment.ts"
import { accuracyOf, assess } from "./assessment.ts"
import { conclude } from "./conclusion.ts"
import type { Images, ImageSet, ImageSets } from "./sets.ts"

/** Bytes of pictures. */
type Bytes = Tensor.Tensor<Shape, "u8">

/** Pictures of one channel. */
export type Planes = Tensor.Tensor<readonly [Dim, 1, Dim, Dim], Float>

/** How bytes become the input of a model. */
export type Scale<In> = (image: Bytes) => In

/** Pixels from 0 to 1, a picture in a row. */
export const rows: Scale<Rows<784>> = (image) =>
  Tensor.mul(Tensor.cast(Tensor.reshape(image, [image.shape[0], 784]), "f32"), 1 / 255)

/** Pixels from 0 to 1, as planes of one channel. */
export const planes: Scale<Planes> = (image) => {
  const [count, height, width] = image.shape
  return Tensor.mul(Tensor.cast(Tensor.reshape(image, [count, 1, height, width]), "f32"), 1 / 255)
}

/** A model that gives logits, and how it sees pictures. */
export interface Seeing<P, S, In> {
  readonly model: Model<P, S, In, Rows<number>>
  readonly scale: Scale<In>
}

/** Parameters and state of a model. */
export interface Fitted<P, S> {
  readonly params: P
  readonly state: S
}

/** A row of probabilities for each picture. */
const classify =
  <P, S, In>({ model, scale }: Seeing<P, S, In>) =>
  ({ params, state }: Fitted<P, S>, image: Bytes): Tensor.Tensor<Shape, "f32"> =>
    Tensor.cast(Tensor.softmax(model.predict(params, state, scale(image))), "f32")

/** Examples that are classified at a time. */
const chunk = 1000

/** Compares what a model makes of all `images` with their labels. */
export const assessor = Effect.fnUntraced(function* <P, S, In>(
  seeing: Seeing<P, S, In>,
  images: Images,
  classes: number
): Effect.fn.Return<(fitted: Fitted<P, S>) => Effect.Effect<Assessment, DeviceError>, never, Device | Scope.Scope> {
  const device = yield* Device
  const run = yield* device.compile(classify(seeing), { name: "classify" })
  return ({ params, state }) =>
    Datasets.batches(images, { size: chunk }).pipe(
      Stream.mapEffect((columns) =>
        Effect.scoped(Effect.flatMap(run({ params, state }, tensorsOf(columns).image), device.read))
      ),
      Stream.runFold(
        () => ({ rows: new Float32Array(classes * images.size), filled: 0 }),
        ({ filled, rows }, { data }) => {
          rows.set(data, filled)
          return { rows, filled: filled + data.length }
        }
      ),
      Effect.map(({ rows }) => {
        const { image, label } = images.columns
        return assess({ classes, probabilities: rows, labels: label.data, images: image.data })
      })
    )
})

/** How epochs of classifiers are reported. */
export const byEpochs: Pass = {
  name: "epoch",
  reportEvery: 1,
  metric: "accuracy",
  label: "test accuracy",
  form: "percent"
}

/** How classifiers are reported whose every iteration sees all examples. */
export const byIterations: Pass = {
  name: "iteration",
  reportEvery: 10,
  metric: "accuracy",
  label: "training accuracy",
  form: "percent"
}

/** What all trainings of classifiers have in common. */
export const classifying = <P, S, In>({ model, scale }: Seeing<P, S, In>, { classes, test, train }: ImageSet) =>
  ({
    model,
    train,
    test,
    prepare: ({ image, label }: { readonly image: Bytes; readonly label: Bytes }) => ({
      input: scale(image),
      target: label
    }),
    loss: (logits: Rows<number>, label: Bytes) => Loss.crossEntropy(logits, label),
    expectedLoss: uniformLoss(classes.length),
    metrics: (logits: Rows<number>, label: Bytes) => ({ accuracy: Metric.accuracy(logits, label) }),
    pass: byEpochs,
    unit: "image"
  }) as const

/** A classifier and its training. */
export interface Classifier<P, S, O, In>
  extends
    Seeing<P, S, In>,
    Pick<
      Supervised<P, S, O, Images["columns"], In, Rows<number>, Bytes>,
      "augment" | "batch" | "epochs" | "learningRate" | "optimizer"
    > {
  /** The name of the recipe. */
  readonly name: string
  /** The model in short. */
  readonly text: string
  readonly load: ImageSets
  readonly seed: number
}

/** The first picture to test, as a model sees it. */
export const oneOf = <P, S, In>({ scale }: Seeing<P, S, In>, { test }: ImageSet): In =>
  scale(tensorsOf(Datasets.take(test, 1).columns).image)

/** Trains a classifier, measured on all pictures of the test set after each epoch. */
const run = Effect.fnUntraced(function* <P, S, O, In>(classifier: Classifier<P, S, O, In>, lab: Lab) {
  const { augment, batch, epochs, learningRate, load, optimizer, text } = classifier
  const set = yield* load(lab)
  let latest: Assessment | undefined
  const measure = Effect.map(
    assessor(classifier, set.test, set.classes.length),
    (assessNow) => (fitted: Fitted<P, S>) =>
      Effect.map(assessNow(fitted), (assessment) => {
        latest = assessment
        return { accuracy: accuracyOf(assessment) }
      })
  )
  const trained = yield* lab.train(
    supervised(lab, {
      ...classifying(classifier, set),
      ...(augment === undefined ? {} : { augment }),
      name: alone,
      text,
      optimizer,
      learningRate,
      epochs,
      batch,
      measure,
      ...(batch === "all" ? { pass: byIterations } : {})
    })
  )
  // Nothing has changed since the last epoch ended. A training that was done before has measured nothing.
  const assessment =
    latest ??
    (yield* Effect.scoped(
      Effect.flatMap(assessor(classifier, set.test, set.classes.length), (assessNow) => assessNow(trained.state))
    ))
  const conclusion = conclude(trained, assessment, set)
  return { ...conclusion, figures: [...conclusion.figures, architectureOf(classifier.model, oneOf(classifier, set))] }
})

/** The task of training `classifier`. */
export const classification = <P, S, O, In>(classifier: Classifier<P, S, O, In>): Task => ({
  seed: classifier.seed,
  trainings: [alone],
  run: (lab) => run(classifier, lab),
  classifier: {
    load: classifier.load,
    classify: Effect.fnUntraced(function* (checkpoint, images) {
      const device = yield* Device
      const fitted = yield* Checkpoint.loadPart(
        { path: checkpoint, model: classifier.name },
        classifier.model.init(Random.key(0))
      )
      return yield* device.read(classify(classifier)(fitted, Tensor.fromHostArray(images)))
    })
  }
})
