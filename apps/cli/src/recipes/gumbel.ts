import * as Gumbel from "@cotangent/models/Gumbel"
import * as Minimizer from "@cotangent/optim/Minimizer"
import type { Scalar } from "@cotangent/optim/Schedule"
import { Device } from "@cotangent/runtime/Device"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import type { Curves, Place, Plane } from "../figure.ts"
import { byMinimizer } from "../lab/descent.ts"
import { binsOf } from "../lab/spread.ts"
import type { Task } from "../Recipe.ts"
import { count } from "../terminal/format.ts"

/** What the observations are drawn with, and how many there are. */
const truth = { location: 2, scale: 0.5, observations: 10_000 }

/** Where the descent begins. */
const begin = { location: 0.5, scale: 1.5 }

/**
 * How far estimates of maximum likelihood are off, in standard deviations of the scale over the root of the number of
 * observations.
 *
 * **Source** The inverse of the Fisher information of the Gumbel distribution: `1 + 6 (1 − γ)² / π²` and `6 / π²`.
 */
const spread = {
  location: Math.sqrt(1 + (6 * (1 - 0.5772156649015329) ** 2) / Math.PI ** 2),
  scale: Math.sqrt(6) / Math.PI
}

interface Params {
  readonly location: Scalar
  readonly logScale: Scalar
}

const histogram = (values: ReadonlyArray<number>, { location, scale }: typeof begin): Curves => {
  const range: readonly [number, number] = [truth.location - 1.5, truth.location + 4]
  const density = (x: number): number => {
    const z = (x - location) / scale
    return Math.exp(-z - Math.exp(-z)) / scale
  }
  const bins = binsOf(values, range, 60)
  const at = Array.from({ length: 200 }, (_, i) => range[0] + ((range[1] - range[0]) * i) / 199)
  return {
    _tag: "Curves",
    title: "Observations and the likeliest density",
    x: { label: "x" },
    y: { label: "density" },
    series: [{ name: "density", places: at.map((x): Place => [x, density(x)]) }],
    scattered: [
      {
        name: "share of observations",
        places: bins.map(({ from, share, to }): Place => [(from + to) / 2, share / (to - from)])
      }
    ]
  }
}

/** The mean negative logarithm of the likelihood over both parameters, and the way down. */
const planeOf = (values: ReadonlyArray<number>, path: ReadonlyArray<Place>, best: number): Plane => {
  const columns = 61
  const [x, y]: readonly [readonly [number, number], readonly [number, number]] = [
    [0, 3],
    [0.3, 2]
  ]
  const nll = (location: number, scale: number): number =>
    Math.log(scale) +
    values.reduce((sum, value) => {
      const z = (value - location) / scale
      return sum + z + Math.exp(-z)
    }, 0) /
      values.length
  const at = ([from, to]: readonly [number, number], i: number): number => from + ((to - from) * i) / (columns - 1)
  return {
    _tag: "Plane",
    title: "The way to the likeliest parameters",
    text: "Levels of the negative logarithm of the likelihood, for each observation.",
    x: { label: "location", domain: x },
    y: { label: "scale", domain: y },
    values: Array.from({ length: columns ** 2 }, (_, i) => nll(at(x, i % columns), at(y, Math.floor(i / columns)))),
    columns,
    levels: [0.01, 0.03, 0.1, 0.3, 1, 3, 10].map((above) => best + above),
    paths: [{ name: "BFGS", places: path }]
  }
}

/**
 * The parameters of a Gumbel distribution from what was drawn with them, by maximum likelihood.
 *
 * **Source** Bahng 2023, "Deep Learning", example 1.1.
 */
export const task: Task = {
  seed: 0,
  trainings: ["likelihood"],
  run: Effect.fnUntraced(function* (lab) {
    const device = yield* Device
    const size = Math.min(truth.observations, lab.limit)
    const given = { location: Tensor.scalar(truth.location), scale: Tensor.scalar(truth.scale) }
    const observed = yield* device.realize(Gumbel.sample(given, lab.key, [size]))
    const objective = ({ location, logScale }: Params): Scalar =>
      Tensor.mul(Gumbel.negativeLogLikelihood({ location, scale: Tensor.exp(logScale) }, observed), 1 / size)
    const trained = yield* lab.train(
      byMinimizer<Params, Minimizer.Inverse>(
        {
          name: "likelihood",
          text: "location and scale",
          objective,
          params: { location: Tensor.scalar(begin.location), logScale: Tensor.scalar(Math.log(begin.scale)) },
          steps: 15,
          watch: ({ location, logScale }) => ({ location, scale: Tensor.exp(logScale) })
        },
        Minimizer.bfgs()
      )
    )
    const { params } = trained.state
    const found = {
      location: yield* device.readNumber(params.location),
      scale: yield* device.readNumber(Tensor.exp(params.logScale))
    }
    const slopes = Gumbel.derivatives({ location: params.location, scale: Tensor.exp(params.logScale) }, observed)
    const slope = Math.max(
      ...(yield* Effect.forEach([slopes.location, slopes.scale], (one) => Effect.map(device.readNumber(one), Math.abs)))
    )
    const values = Array.from((yield* device.read(observed)).data)
    const [location, scale] = ["location", "scale"].map((name) => trained.history.metrics[name] ?? [])
    const unit = truth.scale / Math.sqrt(size)
    return {
      results: [
        {
          name: "standard errors off, location",
          value: Math.abs(found.location - truth.location) / (unit * spread.location),
          form: "number",
          note: `${found.location.toFixed(4)} for ${truth.location}`
        },
        {
          name: "standard errors off, scale",
          value: Math.abs(found.scale - truth.scale) / (unit * spread.scale),
          form: "number",
          note: `${found.scale.toFixed(4)} for ${truth.scale}`
        },
        { name: "greatest derivative per observation", value: slope / size, form: "number" }
      ],
      remarks: [["observations", count(size)]],
      figures: [
        planeOf(
          values,
          location.map(({ value }, i): Place => [value, scale[i].value]),
          Math.min(...trained.history.losses.map(({ value }) => value))
        ),
        histogram(values, found)
      ]
    }
  })
}
