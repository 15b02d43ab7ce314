import * as Features from "@cotangent/models/Features"
import * as Glm from "@cotangent/models/Glm"
import * as Metric from "@cotangent/nn/Metric"
import * as Minimizer from "@cotangent/optim/Minimizer"
import { Device } from "@cotangent/runtime/Device"
import type { Float } from "@cotangent/tensor/DType"
import * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import type { Curves, Place, Plane } from "../figure.ts"
import { rows } from "../images/classification.ts"
import { mnist } from "../images/sets.ts"
import { lossCurves } from "../lab/curves.ts"
import { byMinimizer } from "../lab/descent.ts"
import { tensorsOf } from "../lab/feed.ts"
import type { Lab, Trained } from "../lab/Lab.ts"
import type { Task } from "../Recipe.ts"
import { count, loss, percent } from "../terminal/format.ts"

type Floats = Tensor.Tensor<Shape, Float>

/** A model and what it is fitted to. */
interface Fitting<Y> {
  readonly name: string
  /** The model in short. */
  readonly text: string
  readonly glm: Glm.Glm<Y>
  readonly observations: Glm.Observations<Y>
  readonly steps: number
}

/** The parameters that make observations likeliest, by L-BFGS. */
const fitted = <Y>(lab: Lab, { glm, name, observations, steps, text }: Fitting<Y>) =>
  lab.train(
    byMinimizer(
      {
        name,
        text,
        objective: Glm.loss(glm, observations),
        params: glm.model.init(lab.key).params,
        steps,
        watch: () => ({})
      },
      Minimizer.lbfgs()
    )
  )

/** What a model predicts. */
const predicted = <Y>({ family, model }: Glm.Glm<Y>, params: Glm.GlmParams, input: Floats): Floats =>
  family.mean(model.predict(params, {}, input))

/** Numbers of a tensor. */
const numbersOf = (tensor: Tensor.Tensor) =>
  Effect.flatMap(Device, (device) => Effect.map(device.read(tensor), ({ data }) => Array.from(data)))

/** Points in a disk and in a ring about it, and whether they are in the ring. */
const disk = (key: Random.Key, size: number) => {
  const [angles, distances] = Random.split(key)
  const isOutside: Floats = Tensor.cast(Tensor.greaterEqual(Tensor.arange(size, { dtype: "i32" }), size / 2), "f32")
  const turn = Random.uniform(angles, [size], { min: 0, max: 2 * Math.PI })
  // Evenly over the area; a gap parts the ring from the disk.
  const squared = Tensor.add(Random.uniform(distances, [size], { min: 0, max: 1 }), Tensor.mul(isOutside, 1.4))
  const distance = Tensor.sqrt(squared)
  const input: Floats = Tensor.stack(
    [Tensor.mul(distance, Tensor.cos(turn)), Tensor.mul(distance, Tensor.sin(turn))],
    1
  )
  return { input, observed: Tensor.reshape(isOutside, [size, 1]) as Floats }
}

/** The share of examples on the side that a logistic regression says. */
const hitsOf = (mean: Floats, observed: Floats) =>
  Tensor.mean(Tensor.cast(Tensor.equal(Tensor.greater(mean, 0.5), Tensor.greater(observed, 0.5)), "f32"))

const reach = 1.8
const columns = 61

/** The centers of the cells of a square about the middle. */
const cells: Floats = Tensor.make(
  [columns * columns, 2],
  Array.from({ length: columns * columns }, (_, i) => [i % columns, Math.floor(i / columns)])
    .flat()
    .map((place) => reach * ((2 * place) / (columns - 1) - 1))
)

const planeOf = (title: string, values: ReadonlyArray<number>, { input, observed }: Points): Plane => {
  const places = Array.from({ length: observed.length }, (_, i): Place => [input[2 * i], input[2 * i + 1]])
  return {
    _tag: "Plane",
    title,
    text: "The probability of the ring: a line for each tenth.",
    x: { label: "x₁", domain: [-reach, reach] },
    y: { label: "x₂", domain: [-reach, reach] },
    values,
    columns,
    levels: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
    points: ["disk", "ring"].map((name, side) => ({ name, places: places.filter((_, i) => observed[i] === side) }))
  }
}

/** Points on the host. */
interface Points {
  readonly input: ReadonlyArray<number>
  readonly observed: ReadonlyArray<number>
}

/** A noisy line. */
const line = (key: Random.Key, size: number) => {
  const [first, second] = Random.split(key)
  const input: Floats = Random.uniform(first, [size, 1], { min: -2, max: 2 })
  const noise: Floats = Tensor.mul(Random.normal(second, [size, 1]), 0.5)
  return { input, observed: Tensor.add(Tensor.add(Tensor.mul(input, 1.5), 0.7), noise) as Floats }
}

/** Slope and intercept of least squares in closed form. */
const leastSquares = (
  x: ReadonlyArray<number>,
  y: ReadonlyArray<number>
): readonly [slope: number, intercept: number] => {
  const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [mx, my] = [mean(x), mean(y)]
  const slope =
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0) /
    x.reduce((sum, value) => sum + (value - mx) ** 2, 0)
  return [slope, my - slope * mx]
}

const lineCurves = (
  x: ReadonlyArray<number>,
  y: ReadonlyArray<number>,
  [slope, intercept]: readonly [number, number]
): Curves => ({
  _tag: "Curves",
  title: "Linear regression",
  x: { label: "x" },
  y: { label: "y" },
  series: [{ name: "likeliest line", places: [-2, 2].map((at): Place => [at, slope * at + intercept]) }],
  scattered: [{ name: "observed", places: x.map((at, i): Place => [at, y[i]]) }]
})

const rowOf = (trained: Trained, quality: string): ReadonlyArray<string> => [
  trained.plan.training,
  trained.plan.model,
  count(trained.plan.parameters),
  loss(trained.history.losses.at(-1)?.value ?? Number.NaN),
  quality
]

/**
 * Generalized linear models by maximum likelihood: a line, a disk within a ring, digits.
 *
 * **Source** Bahng 2023, "Deep Learning", section 1.1.
 */
export const task: Task = {
  seed: 0,
  trainings: ["line", "circle-inputs", "circle-quadratic", "digits"],
  run: Effect.fnUntraced(function* (lab) {
    const device = yield* Device
    const [first, second] = Random.split(lab.key)
    const size = Math.min(400, lab.limit)

    const onLine = yield* device.realize(line(first, size))
    const linear = Glm.linearRegression({ inputs: 1 })
    const straight = yield* fitted(lab, {
      name: "line",
      text: "linear regression",
      glm: linear,
      observations: onLine,
      steps: 10
    })
    const [x, y] = [yield* numbersOf(onLine.input), yield* numbersOf(onLine.observed)]
    const [slope, intercept] = [
      (yield* numbersOf(straight.state.params.weight))[0],
      (yield* numbersOf(straight.state.params.bias))[0]
    ]
    const exact = leastSquares(x, y)

    const inDisk = yield* device.realize(disk(second, size))
    const points: Points = { input: yield* numbersOf(inDisk.input), observed: yield* numbersOf(inDisk.observed) }
    const parted = Effect.fnUntraced(function* (name: string, text: string, features: Features.FeatureMap) {
      const glm = Glm.logisticRegression({ inputs: 2, features })
      const trained = yield* fitted(lab, { name, text, glm, observations: inDisk, steps: 20 })
      const { params } = trained.state
      return {
        trained,
        hits: yield* device.readNumber(hitsOf(predicted(glm, params, inDisk.input), inDisk.observed)),
        values: yield* numbersOf(predicted(glm, params, cells))
      }
    })
    const plain = yield* parted("circle-inputs", "logistic regression of x₁, x₂", (inputs) => inputs)
    const squared = yield* parted("circle-quadratic", "logistic regression of x₁² + x₂²", Features.radius)

    const set = yield* mnist(lab)
    const { image, label } = tensorsOf(set.train.columns)
    const ready = yield* device.realize({ input: rows(image), observed: label })
    const softmax = Glm.softmaxRegression({ inputs: 784, outputs: 10 })
    const digits = yield* fitted(lab, {
      name: "digits",
      text: "softmax regression of pixels",
      glm: softmax,
      observations: ready,
      steps: 60
    })
    const test = tensorsOf(set.test.columns)
    const recognized = yield* device.readNumber(
      Metric.accuracy(softmax.model.predict(digits.state.params, {}, rows(test.image)), test.label)
    )

    const distance = Math.max(Math.abs(slope - exact[0]), Math.abs(intercept - exact[1]))
    return {
      results: [
        { name: "accuracy on the circle, inputs", value: plain.hits, form: "percent" },
        { name: "accuracy on the circle, quadratic", value: squared.hits, form: "percent" },
        { name: "test accuracy on digits", value: recognized, form: "percent" },
        { name: "distance of the line from least squares", value: distance, form: "number" }
      ],
      remarks: [["line", `${slope.toFixed(3)} x + ${intercept.toFixed(3)}; drawn with 1.5 x + 0.7`]],
      table: [
        ["training", "model", "parameters", "loss", "accuracy"],
        rowOf(straight, ""),
        rowOf(plain.trained, percent(plain.hits)),
        rowOf(squared.trained, percent(squared.hits)),
        rowOf(digits, percent(recognized))
      ],
      figures: [
        planeOf("The circle by its inputs", plain.values, points),
        planeOf("The circle by a quadratic feature", squared.values, points),
        lineCurves(x, y, [slope, intercept]),
        { ...lossCurves([digits]), title: "Loss on the digits, by steps of L-BFGS" }
      ]
    }
  })
}
