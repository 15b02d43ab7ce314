import * as Datasets from "@cotangent/data/Dataset"
import { mlp } from "@cotangent/models/mlp"
import * as Activation from "@cotangent/nn/Activation"
import type { Initializer } from "@cotangent/nn/Initializer"
import * as Initializers from "@cotangent/nn/Initializer"
import * as Loss from "@cotangent/nn/Loss"
import * as Probe from "@cotangent/nn/Probe"
import * as Optimizer from "@cotangent/optim/Optimizer"
import { Device } from "@cotangent/runtime/Device"
import type { Float } from "@cotangent/tensor/DType"
import type * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import type { Tensor } from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import type { Curves, Histograms, Series } from "../figure.ts"
import { rows } from "../images/classification.ts"
import { accuracyCurves, resultsOf, rowsOf, trainOn } from "../images/comparison.ts"
import type { Images } from "../images/sets.ts"
import { mnist } from "../images/sets.ts"
import { binsOf, deviationOf } from "../lab/spread.ts"
import { lossCurves } from "../lab/curves.ts"
import { tensorsOf } from "../lab/feed.ts"
import type { Result, Task } from "../Recipe.ts"

const width = 256

/** Ten layers: nine hidden ones, and the output. */
const sizes = [784, width, width, width, width, width, width, width, width, width, 10] as const

/** How weights are drawn, by name. */
const ways: Readonly<Record<string, Initializer>> = {
  zero: Initializers.zeros,
  small: Initializers.normal(0.01),
  large: Initializers.normal(1),
  xavier: Initializers.xavierNormal,
  he: Initializers.heNormal,
  orthogonal: Initializers.orthogonal()
}

const netOf = (initializer: Initializer) => mlp({ sizes, initializer, activation: Activation.tanh })

/** What a hidden layer gives for a batch before training, and the gradients of the loss by it. */
interface Look {
  readonly activations: ArrayLike<number>
  readonly gradients: ArrayLike<number>
  /** The share of activations that have hardly a slope left. */
  readonly saturated: number
}

type Floats = Tensor<Shape, Float>

/** Looks into all hidden layers of a net that has not been trained. */
const look = Effect.fnUntraced(function* (initializer: Initializer, images: Images, key: Random.Key) {
  const device = yield* Device
  const { image, label } = tensorsOf(Datasets.take(images, 256).columns)
  const model = netOf(initializer)
  const { layers } = Probe.gradients(model, (logits) => Loss.crossEntropy(logits, label), {
    ...model.init(key),
    input: rows(image)
  })
  const hidden = layers
    // Those that are not affine maps: a hidden layer ends in its activation.
    .filter(({ kind }) => kind === Activation.tanh)
    // Both are tensors, as those of every layer here.
    .map(({ gradient, output }) => [output, gradient] as readonly [Floats, Floats])
    .map(([output, gradient]) => ({ output, gradient, saturated: Probe.saturated(output, { levels: [-1, 1] }) }))
  return yield* Effect.forEach(yield* device.realize(hidden), ({ gradient, output, saturated }) =>
    Effect.map(
      Effect.all([device.read(output), device.read(gradient), device.readNumber(saturated)]),
      ([activations, gradients, saturated]): Look => ({
        activations: activations.data,
        gradients: gradients.data,
        saturated
      })
    )
  )
})

type Looks = ReadonlyArray<readonly [name: string, layers: ReadonlyArray<Look>]>

const spreadOver = (looks: Looks, title: string, values: (layer: Look) => ArrayLike<number>): Curves => ({
  _tag: "Curves",
  title,
  text: "Before training, by hidden layer. What is 0 has no place on the scale.",
  x: { label: "layer" },
  y: { label: "standard deviation", form: "log" },
  series: looks.map(([name, layers]): Series => ({
    name,
    places: layers.map((layer, i) => [i + 1, deviationOf(values(layer))])
  })),
  isDotted: true
})

const histogramsOf = (looks: Looks): Histograms => ({
  _tag: "Histograms",
  title: "Activations by hidden layer",
  text: "Before training, on 256 digits; each panel goes from −1 to 1.",
  isWide: true,
  x: { label: "activation", domain: [-1, 1] },
  groups: looks.flatMap(([row, layers]) =>
    layers.map(({ activations }, i) => ({ row, column: `layer ${i + 1}`, bins: binsOf(activations, [-1, 1], 31) }))
  )
})

const lookResults = (looks: Looks): ReadonlyArray<Result> =>
  looks.flatMap(([name, layers]) => {
    const last = layers[layers.length - 1]
    return [
      {
        name: `deviation in the last hidden layer, ${name}`,
        value: deviationOf(last.activations),
        form: "number" as const
      },
      {
        name: `share saturated in the last hidden layer, ${name}`,
        value: last.saturated,
        form: "percent" as const
      }
    ]
  })

/**
 * Ten layers of tanh that begin in six ways: what their layers give before training, and whether they learn.
 *
 * **Source** Bahng 2023, "Deep Learning", section 2.1; Glorot & Bengio 2010, He et al. 2015, Saxe et al. 2014.
 */
export const task: Task = {
  seed: 0,
  trainings: Object.keys(ways),
  run: Effect.fnUntraced(function* (lab) {
    const all = yield* mnist(lab)
    const set = { ...all, train: Datasets.take(all.train, 20_000) }
    const looks: Looks = yield* Effect.scoped(
      Effect.forEach(Object.entries(ways), ([name, initializer]) =>
        Effect.map(look(initializer, set.train, lab.key), (layers) => [name, layers] as const)
      )
    )
    const trainings = yield* Effect.forEach(Object.entries(ways), ([name, initializer]) =>
      trainOn(lab, set, {
        name,
        text: "784, nine times 256, 10",
        model: netOf(initializer),
        scale: rows,
        optimizer: (learningRate) => Optimizer.sgd({ learningRate }),
        learningRate: () => 0.05,
        epochs: 3,
        batch: 64,
        mayDiverge: true
      })
    )
    return {
      results: [...resultsOf(trainings), ...lookResults(looks)],
      remarks: [],
      table: rowsOf(trainings),
      figures: [
        histogramsOf(looks),
        spreadOver(looks, "How far activations spread", ({ activations }) => activations),
        spreadOver(looks, "How far gradients spread", ({ gradients }) => gradients),
        lossCurves(trainings),
        accuracyCurves(trainings)
      ]
    }
  })
}
