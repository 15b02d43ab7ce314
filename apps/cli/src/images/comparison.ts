/**
 * Several trainings on the same pictures, side by side.
 */
import type { Rows } from "@cotangent/nn/layer/linear"
import type { Shape } from "@cotangent/tensor/ShapeType"
import type { Tensor } from "@cotangent/tensor/Tensor"
import type { TrainState } from "@cotangent/train/TrainState"
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { Device } from "@cotangent/runtime/Device"
import type { Curves } from "../figure.ts"
import { measuredCurves } from "../lab/curves.ts"
import { last } from "../lab/history.ts"
import type { Lab, Trained, TrialError } from "../lab/Lab.ts"
import type { Supervised } from "../lab/supervised.ts"
import { supervised } from "../lab/supervised.ts"
import type { Result } from "../Recipe.ts"
import { count, loss, percent } from "../terminal/format.ts"
import { duration } from "../terminal/format.ts"
import type { Seeing } from "./classification.ts"
import { classifying } from "./classification.ts"
import type { Images, ImageSet } from "./sets.ts"

/** A training among others: a classifier, and what is different about its training. */
export type Contender<P, S, O, In> = Seeing<P, S, In> &
  Pick<
    Supervised<P, S, O, Images["columns"], In, Rows<number>, Tensor<Shape, "u8">>,
    | "augment"
    | "batch"
    | "epochs"
    | "learningRate"
    | "mayDiverge"
    | "name"
    | "optimizer"
    | "params"
    | "pass"
    | "penalty"
    | "text"
    | "watch"
  >

/** Trains a classifier on the pictures of `set`. */
export const trainOn = <P, S, O, In>(
  lab: Lab,
  set: ImageSet,
  contender: Omit<Contender<P, S, O, In>, "pass"> & Partial<Pick<Contender<P, S, O, In>, "pass">>
): Effect.Effect<Trained<TrainState<P, S, O>>, TrialError, Device | FileSystem.FileSystem> =>
  lab.train(supervised(lab, { ...classifying(contender, set), ...contender }))

/** The last test accuracy of a training. */
export const accuracyOf = ({ history }: Trained): number => last(history.measured["accuracy"]) ?? Number.NaN

/** Losses, accuracies and times of trainings as rows of text. */
export const rowsOf = (trainings: ReadonlyArray<Trained>): ReadonlyArray<ReadonlyArray<string>> => [
  ["training", "parameters", "loss", "test loss", "test accuracy", "time"],
  ...trainings.map((trained) => {
    const { history, plan } = trained
    return [
      plan.training,
      count(plan.parameters),
      loss(meanOfLast(history.losses.map(({ value }) => value))),
      loss(last(history.measured["loss"]) ?? Number.NaN),
      percent(accuracyOf(trained)),
      duration(history.millis)
    ]
  })
]

/** The mean of the last twentieth of values, so that one batch does not decide. */
export const meanOfLast = (values: ReadonlyArray<number>): number => {
  const end = values.slice(-Math.max(1, Math.round(values.length / 20)))
  return end.reduce((total, value) => total + value, 0) / end.length
}

/** The test accuracy of each training as a result. */
export const resultsOf = (trainings: ReadonlyArray<Trained>): ReadonlyArray<Result> =>
  trainings.map((trained) => ({
    name: `test accuracy of ${trained.plan.training}`,
    value: accuracyOf(trained),
    form: "percent"
  }))

/** Test accuracies after each epoch. */
export const accuracyCurves = (trainings: ReadonlyArray<Trained>): Curves =>
  measuredCurves(trainings, {
    metric: "accuracy",
    title: "Test accuracy after each epoch",
    y: { label: "accuracy", form: "percent" }
  })
