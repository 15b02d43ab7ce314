import { grad } from "@cotangent/autodiff/Gradient"
import * as Datasets from "@cotangent/data/Dataset"
import * as Activation from "@cotangent/nn/Activation"
import type { Entry } from "@cotangent/nn/Composition"
import type { Initializer } from "@cotangent/nn/Initializer"
import * as Initializers from "@cotangent/nn/Initializer"
import { maxout, prelu } from "@cotangent/nn/layer/activate"
import { linear } from "@cotangent/nn/layer/linear"
import type { Model } from "@cotangent/nn/Model"
import * as Models from "@cotangent/nn/Model"
import * as Probe from "@cotangent/nn/Probe"
import * as Optimizer from "@cotangent/optim/Optimizer"
import { Device } from "@cotangent/runtime/Device"
import type { Rows } from "@cotangent/nn/layer/linear"
import type { Float } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import type { Curves, Histograms, Place } from "../figure.ts"
import { rows } from "../images/classification.ts"
import { accuracyCurves, resultsOf, rowsOf, trainOn } from "../images/comparison.ts"
import type { Images } from "../images/sets.ts"
import { mnist } from "../images/sets.ts"
import { lossCurves } from "../lab/curves.ts"
import { tensorsOf } from "../lab/feed.ts"
import { binsOf } from "../lab/spread.ts"
import type { Result, Task } from "../Recipe.ts"
import { percent } from "../terminal/format.ts"

/** Parameters and states by the names of layers. */
interface Parts {
  readonly [name: string]: Parts | Tensor.Tensor
}

/** Rows of pixels to logits, by layers in a row. Where the types of layers are not known their shapes are checked when they run. */
const stack = (layers: ReadonlyArray<Entry>): Model<Parts, Parts, Rows<784>, Rows<number>> =>
  // The last layer gives logits.
  Models.sequential(...(layers as [])) as never

type Floats = Tensor.Tensor<Shape, Float>

const width = 128
const hidden = [1, 2, 3] as const

/** A net of three hidden layers. */
interface Net {
  /** The activation, where it is one of single numbers. */
  readonly pointwise?: Activation.Pointwise
  /** The `i`-th hidden layer. */
  readonly layer: (inputs: number, i: number) => ReadonlyArray<Entry>
}

/** How the affine map before an activation begins. */
interface Beginning {
  readonly initializer: Initializer
  readonly biasInitializer?: Initializer
}

/** The first layer may begin as `first` says. */
const pointwise = (activation: Activation.Pointwise, beginning: Beginning, first = beginning): Net => ({
  pointwise: activation,
  layer: (inputs, i) => [[`hidden${i}`, linear(inputs, width, i === 1 ? first : beginning)], activation]
})

const xavier = { initializer: Initializers.xavierUniform }
const he = { initializer: Initializers.heNormal }

/** Biases so far below 0 that hardly an input reaches above, as one step that is too great leaves them. */
const sunk = { ...he, biasInitializer: Initializers.constant(-4) }

/** Weights so large that the sigmoid is at its ends. */
const large = { initializer: Initializers.normal(2) }

const slowly = Activation.leakyRelu({ negativeSlope: 0.1 })

/** What is compared, by name. */
const nets: Readonly<Record<string, Net>> = {
  relu: pointwise(Activation.relu, he),
  "relu-sunk": pointwise(Activation.relu, he, sunk),
  "leaky-relu-sunk": pointwise(slowly, he, sunk),
  sigmoid: pointwise(Activation.sigmoid, xavier),
  "sigmoid-saturated": pointwise(Activation.sigmoid, large),
  tanh: pointwise(Activation.tanh, xavier),
  prelu: {
    layer: (inputs, i) => [
      [`hidden${i}`, linear(inputs, width, he)],
      [`slope${i}`, prelu()]
    ]
  },
  maxout: { layer: (inputs, i) => [[`hidden${i}`, maxout(inputs, width, xavier)]] }
}

const netOf = ({ layer }: Net): Model<Parts, Parts, Rows<784>, Rows<number>> =>
  stack([...hidden.flatMap((i) => layer(i === 1 ? 784 : width, i)), ["output", linear(width, 10)]])

/** The slope of an activation at each number. */
const slopesAt = (activation: Activation.Pointwise, x: Floats): Floats =>
  grad((at: Floats) => Tensor.sum(activation(at)))(x)

/** Below this slope an activation passes on no gradient to speak of. */
const still = 0.01

/** What the hidden layers of a net do with pictures. */
interface Look {
  /** The share of slopes that are next to 0, in the first hidden layer, over all pictures and units. */
  readonly stillShare: number
  /** The share of units of the first hidden layer whose slope is next to 0 for every picture. */
  readonly deadShare: number
  /** The slopes of the first hidden layer. */
  readonly slopes: ReadonlyArray<number>
}

/** Looks at the slopes of the first hidden layer, for 500 pictures. */
const look = Effect.fnUntraced(function* (activation: Activation.Pointwise, net: Net, params: Parts, images: Images) {
  const device = yield* Device
  const { image } = tensorsOf(Datasets.take(images, Math.min(500, images.size)).columns)
  const { layers } = Probe.trace(netOf(net), { params, state: {}, input: rows(image) })
  // An affine map gives a tensor.
  const before = layers.find(({ path }) => path === "hidden1")!.output as Floats
  const { data } = yield* device.read(Tensor.abs(slopesAt(activation, before)))
  const slopes = Array.from(data, Number)
  const isStill = slopes.map((slope) => slope < still)
  const units = Array.from({ length: width }, (_, unit) => isStill.filter((_, i) => i % width === unit))
  return {
    stillShare: isStill.filter(Boolean).length / isStill.length,
    deadShare: units.filter((unit) => unit.every(Boolean)).length / width,
    slopes
  } satisfies Look
})

type Looks = ReadonlyArray<readonly [name: string, begin: Look, end: Look]>

/** The activations, or their slopes, from −4 to 4. */
const shapes = Effect.fnUntraced(function* (
  title: string,
  of: (activation: Activation.Pointwise, x: Floats) => Floats
) {
  const device = yield* Device
  const at = Array.from({ length: 161 }, (_, i) => -4 + i / 20)
  const shown: Readonly<Record<string, Activation.Pointwise>> = {
    relu: Activation.relu,
    "leaky relu": slowly,
    sigmoid: Activation.sigmoid,
    tanh: Activation.tanh,
    gelu: (x) => Activation.gelu(x)
  }
  const series = yield* Effect.forEach(Object.entries(shown), ([name, activation]) =>
    Effect.map(device.read(of(activation, Tensor.of(at))), ({ data }) => ({
      name,
      places: at.map((x, i): Place => [x, data[i]])
    }))
  )
  return { _tag: "Curves", title, x: { label: "x" }, y: { label: "y" }, series } satisfies Curves
})

const histogramsOf = (looks: Looks): Histograms => ({
  _tag: "Histograms",
  title: "Slopes in the first hidden layer",
  text: "How much of a gradient the activation lets pass, for 500 pictures, before and after the training.",
  isWide: true,
  x: { label: "slope", domain: [0, 1.15] },
  groups: looks.flatMap(([row, ...ends]) =>
    ends.map(({ slopes }, i) => ({ row, column: ["before", "after"][i], bins: binsOf(slopes, [0, 1.15], 23) }))
  )
})

const lookResults = (looks: Looks): ReadonlyArray<Result> =>
  looks.flatMap(([name, begin, end]): ReadonlyArray<Result> => [
    { name: `units that are dead in the end, ${name}`, value: end.deadShare, form: "percent" },
    { name: `slopes near 0 at first, ${name}`, value: begin.stillShare, form: "percent" }
  ])

/** The rows of a comparison with columns of their own for slopes. */
const withLooks = (
  [heads, ...lines]: ReadonlyArray<ReadonlyArray<string>>,
  looks: Looks
): ReadonlyArray<ReadonlyArray<string>> => [
  [...heads, "slopes near 0 at first", "in the end", "dead units in the end"],
  ...lines.map((line) => {
    const found = looks.find(([name]) => name === line[0])
    if (found === undefined) return [...line, "", "", ""]
    const [, begin, end] = found
    return [...line, percent(begin.stillShare), percent(end.stillShare), percent(end.deadShare)]
  })
]

/**
 * Activations side by side: rectifiers that are dead and do not come back, sigmoids that are saturated, and activations that
 * are learned.
 *
 * **Source** Bahng 2023, "Deep Learning", section 2.3.1; He et al. 2015 for PReLU, Goodfellow et al. 2013 for maxout.
 */
export const task: Task = {
  seed: 0,
  trainings: Object.keys(nets),
  run: Effect.fnUntraced(function* (lab) {
    const all = yield* mnist(lab)
    const set = { ...all, train: Datasets.take(all.train, Math.min(10_000, all.train.size)) }
    const done = yield* Effect.forEach(Object.entries(nets), ([name, net]) =>
      Effect.gen(function* () {
        const model = netOf(net)
        const { params } = model.init(lab.key)
        const trained = yield* trainOn(lab, set, {
          name,
          text: "784, three times 128, 10",
          model,
          params,
          scale: rows,
          optimizer: (learningRate) => Optimizer.sgd({ learningRate, momentum: 0.9 }),
          learningRate: () => 0.05,
          epochs: 3,
          batch: 50,
          mayDiverge: true
        })
        if (net.pointwise === undefined) return { trained, looks: [] as Looks }
        const begin = yield* look(net.pointwise, net, params, set.test)
        const end = yield* look(net.pointwise, net, trained.state.params, set.test)
        return { trained, looks: [[name, begin, end]] as Looks }
      })
    )
    const trainings = done.map(({ trained }) => trained)
    const looks = done.flatMap(({ looks }) => looks)
    return {
      results: [...resultsOf(trainings), ...lookResults(looks)],
      remarks: [
        [
          "relu-sunk, leaky-relu-sunk",
          "biases of the first layer begin at −4, as a step that was too great would leave them"
        ],
        ["sigmoid-saturated", "weights begin with a standard deviation of 2"]
      ],
      table: withLooks(rowsOf(trainings), looks),
      figures: [
        yield* shapes("Activations", (activation, x) => activation(x)),
        yield* shapes("Their slopes", slopesAt),
        histogramsOf(looks),
        lossCurves(trainings),
        accuracyCurves(trainings)
      ]
    }
  })
}
