import { vmap } from "@cotangent/autodiff/Vmap"
import * as Augment from "@cotangent/data/Augment"
import * as Datasets from "@cotangent/data/Dataset"
import { mlp } from "@cotangent/models/mlp"
import * as Activation from "@cotangent/nn/Activation"
import * as Initializer from "@cotangent/nn/Initializer"
import type { Rows } from "@cotangent/nn/layer/linear"
import { linear } from "@cotangent/nn/layer/linear"
import { dropout } from "@cotangent/nn/layer/regularize"
import * as Model from "@cotangent/nn/Model"
import type { Rate } from "@cotangent/optim/GradientTransformation"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Penalty from "@cotangent/optim/Penalty"
import { Device } from "@cotangent/runtime/Device"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import { stopWhenNoImprovement } from "@cotangent/train/EarlyStopping"
import * as Effect from "effect/Effect"
import { rows } from "../images/classification.ts"
import { meanOfLast, trainOn } from "../images/comparison.ts"
import type { Images } from "../images/sets.ts"
import { mnist } from "../images/sets.ts"
import { lossCurves, measuredCurves } from "../lab/curves.ts"
import type { Trained } from "../lab/Lab.ts"
import type { Task } from "../Recipe.ts"
import { loss, percent } from "../terminal/format.ts"

/** Pictures in all, the share of them that is held out, and the share that has a wrong label. */
const few = { pictures: 1000, heldOut: 0.2, wrong: 0.2 }

/** `images` of which a share has a label that is wrong. */
const mislabeled = Effect.fnUntraced(function* (images: Images, share: number, key: Random.Key) {
  const device = yield* Device
  const [which, what] = Random.split(key)
  const shifts = Tensor.mul(
    Tensor.cast(Random.bernoulli(which, share, [images.size]), "i32"),
    Random.randint(what, [images.size], { min: 1, max: 10 })
  )
  const { data } = yield* device.read(shifts)
  return Datasets.map(images, ({ image, label }) => ({
    image,
    label: { ...label, data: label.data.map((digit, i) => (digit + data[i]) % 10) }
  }))
})

const sizes = [784, 256, 256, 10] as const

const [inputs, first, second, outputs] = sizes

const he = { initializer: Initializer.heNormal }

const plain = mlp({ sizes, ...he })

/** The same net, half of whose hidden units are away in each step. */
const thinned = Model.sequential(
  ["layer1", linear(inputs, first, he)],
  Activation.relu,
  dropout(0.5),
  ["layer2", linear(first, second, he)],
  Activation.relu,
  dropout(0.5),
  ["layer3", linear(second, outputs, he)]
)

/** Moves and turns a little, and makes higher or wider: a seven stays a seven. */
const change = Augment.compose(
  Augment.translate({ vertical: 2, horizontal: 2 }),
  Augment.rotate({ degrees: 10 }),
  Augment.stretch({ vertical: [0.9, 1.1], horizontal: [0.9, 1.1] })
)

/** Changes each picture of a batch of rows in its own way. */
const augmented = (batch: Rows<784>, key: Random.Key): Rows<784> => {
  const [count] = batch.shape
  const pictures = Tensor.reshape(Tensor.cast(batch, "f32"), [count, 1, 28, 28])
  return Tensor.reshape(vmap(change)(pictures, Random.keys(key, count)), [count, 784])
}

const isWeight = (path: string): boolean => path.endsWith("weight")

/** The test error of a training: that of its end or, where it was stopped, of the epoch that was best on what is held out. */
const errorOf = ({ history: { measured }, plan: { training } }: Trained): number => {
  const errors = (measured["accuracy"] ?? []).map(({ value }) => 1 - value)
  if (training !== "early-stopping") return meanOfLast(errors)
  const validation = (measured["validation loss"] ?? []).map(({ value }) => value)
  return errors[validation.indexOf(Math.min(...validation))] ?? Number.NaN
}

const rowOf = (trained: Trained): ReadonlyArray<string> => {
  const { losses, measured, metrics } = trained.history
  return [
    trained.plan.training,
    loss(meanOfLast(losses.map(({ value }) => value))),
    percent(meanOfLast((metrics["accuracy"] ?? []).map(({ value }) => 1 - value))),
    percent(errorOf(trained)),
    String(measured["accuracy"]?.length ?? 0)
  ]
}

/**
 * A net that knows few pictures by heart, wrong labels included, and what keeps it from doing so.
 *
 * **Source** Bahng 2023, "Deep Learning", chapter 3.
 */
export const task: Task = {
  seed: 0,
  trainings: ["plain", "early-stopping", "l1", "l2", "dropout", "augmentation"],
  run: Effect.fnUntraced(function* (lab) {
    const set = yield* mnist(lab)
    const sample = Datasets.take(set.train, few.pictures)
    const labeled = yield* mislabeled(sample, few.wrong, Random.foldIn(lab.key, 1))
    const [train, validation] = Datasets.split(labeled, Math.round(labeled.size * (1 - few.heldOut)))
    const parts = { ...set, train }
    const usual = {
      scale: rows,
      text: sizes.join("-"),
      model: plain,
      validation,
      optimizer: (learningRate: Rate) => Optimizer.adam({ learningRate }),
      learningRate: () => 1e-3,
      epochs: 60,
      batch: 40,
      pass: {
        name: "epoch",
        reportEvery: 20,
        metric: "accuracy",
        label: "test accuracy",
        form: "percent"
      } as const
    }
    const trainings = [
      yield* trainOn(lab, parts, { ...usual, name: "plain" }),
      yield* trainOn(lab, parts, {
        ...usual,
        name: "early-stopping",
        watch: (stop) => stopWhenNoImprovement({ stop, metric: "validation loss", epochs: 5 })
      }),
      yield* trainOn(lab, parts, { ...usual, name: "l1", penalty: (params) => Penalty.l1(params, 2e-3, isWeight) }),
      yield* trainOn(lab, parts, { ...usual, name: "l2", penalty: (params) => Penalty.l2(params, 0.03, isWeight) }),
      yield* trainOn(lab, parts, { ...usual, name: "dropout", model: thinned }),
      yield* trainOn(lab, parts, { ...usual, name: "augmentation", augment: augmented })
    ]
    const [base, ...others] = trainings
    const better = others.filter((trained) => errorOf(trained) < errorOf(base))
    return {
      results: [
        { name: "ways that lower the test error", value: better.length, form: "count", note: `of ${others.length}` },
        ...trainings.map((trained) => ({
          name: `test error, ${trained.plan.training}`,
          value: errorOf(trained),
          form: "percent" as const
        }))
      ],
      remarks: [["labels", `a fifth of the labels to train on is wrong, none of those to test on`]],
      table: [["training", "loss", "error on its batches", "test error", "epochs"], ...trainings.map(rowOf)],
      figures: [
        measuredCurves(trainings, {
          metric: "accuracy",
          title: "Test accuracy after each epoch",
          y: { label: "accuracy", form: "percent" }
        }),
        lossCurves(trainings)
      ]
    }
  })
}
