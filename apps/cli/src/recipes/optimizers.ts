import * as Minimizer from "@cotangent/optim/Minimizer"
import type { Optimizer } from "@cotangent/optim/Optimizer"
import * as Optimizers from "@cotangent/optim/Optimizer"
import * as GradientTransformation from "@cotangent/optim/GradientTransformation"
import * as Schedule from "@cotangent/optim/Schedule"
import type { Scalar } from "@cotangent/optim/Schedule"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import type { Plane, Series } from "../figure.ts"
import type { Descent } from "../lab/descent.ts"
import { byMinimizer, byOptimizer } from "../lab/descent.ts"
import type { Trained } from "../lab/Lab.ts"
import { seriesOf } from "../lab/curves.ts"
import type { Task } from "../Recipe.ts"
import { count, loss } from "../terminal/format.ts"

/** A place on the surface. */
interface Spot {
  readonly x: Scalar
  readonly y: Scalar
}

/** How much steeper the walls of the valley are than its floor. */
const steepness = 20

/** A curved valley with its lowest place at (1, 1). **Source** Rosenbrock 1960, with walls a fifth as steep. */
const valley = ({ x, y }: Spot): Scalar =>
  Tensor.add(Tensor.square(Tensor.sub(1, x)), Tensor.mul(Tensor.square(Tensor.sub(y, Tensor.square(x))), steepness))

const heightAt = (x: number, y: number): number => (1 - x) ** 2 + steepness * (y - x ** 2) ** 2

/** Where all of them begin. */
const begin = { x: -1.4, y: 0.2 }

/** What is close enough to the lowest place. */
const low = 1e-2

const descent = (name: string, text: string, steps: number): Descent<Spot> => ({
  name,
  text,
  objective: valley,
  params: { x: Tensor.scalar(begin.x), y: Tensor.scalar(begin.y) },
  steps,
  watch: ({ x, y }) => ({ x, y })
})

/** An optimizer with the kin that it is shown with. */
interface Member {
  readonly kin: string
  readonly optimizer: Optimizer<unknown>
  readonly text: string
}

const member = <O>(kin: string, text: string, optimizer: Optimizer<O>): Member => ({
  kin,
  text,
  // What an optimizer keeps is its own business: its states come from itself.
  optimizer: optimizer as Optimizer<unknown>
})

const kins = ["Gradient descent", "Rates for each parameter", "Adam and its kin", "Quasi-Newton methods"] as const

const [plain, adaptive, adam, newton] = kins

/** Steps of an optimizer, and of a minimizer, which converges sooner. */
const steps = { optimizer: 500, minimizer: 30 }

/** A rate that falls to nothing. */
const falling = (learningRate: number): Schedule.Schedule => Schedule.cosine({ learningRate, steps: steps.optimizer })

/** The first steps of RAdam are those of momentum, for which the walls are too steep. */
const radam = Optimizers.make(
  GradientTransformation.chain(
    GradientTransformation.clipByGlobalNorm(1),
    Optimizers.radam({ learningRate: 0.1 }).transformation
  )
)

/** Optimizers by name, each at a rate that suits it; those that would circle the lowest place have one that falls. */
const members: Readonly<Record<string, Member>> = {
  sgd: member(plain, "rate 0.01", Optimizers.sgd({ learningRate: 0.01 })),
  momentum: member(plain, "rate 0.001, momentum 0.9", Optimizers.sgd({ learningRate: 1e-3, momentum: 0.9 })),
  nesterov: member(
    plain,
    "rate 0.001, momentum 0.9",
    Optimizers.sgd({ learningRate: 1e-3, momentum: 0.9, nesterov: true })
  ),
  adagrad: member(adaptive, "rate 2", Optimizers.adagrad({ learningRate: 2 })),
  rmsProp: member(adaptive, "rate 0.05 falling", Optimizers.rmsProp({ learningRate: falling(0.05) })),
  adadelta: member(adaptive, "rate 1 falling", Optimizers.adadelta({ learningRate: falling(1), epsilon: 1e-4 })),
  lion: member(adaptive, "rate 0.02 falling", Optimizers.lion({ learningRate: falling(0.02) })),
  adam: member(adam, "rate 0.3", Optimizers.adam({ learningRate: 0.3 })),
  adamW: member(adam, "rate 0.3, decay 0.001", Optimizers.adamW({ learningRate: 0.3, weightDecay: 1e-3 })),
  adamax: member(adam, "rate 1.5 falling", Optimizers.adamax({ learningRate: falling(1.5) })),
  nadam: member(adam, "rate 0.3 falling", Optimizers.nadam({ learningRate: falling(0.3) })),
  radam: member(adam, "rate 0.1, gradients clipped at 1", radam)
}

const minimizers = { bfgs: Minimizer.bfgs(), lbfgs: Minimizer.lbfgs() }

/** The way a descent went. */
const pathOf = ({ history: { metrics }, plan: { training } }: Trained): Series => ({
  name: training,
  places: (metrics["x"] ?? []).map(({ value }, i) => [value, metrics["y"][i].value])
})

/** The surface on a grid, with the ways of a few. */
const planeOf = (title: string, trainings: ReadonlyArray<Trained>): Plane => {
  const [columns, rows] = [121, 91]
  const [x, y]: readonly [readonly [number, number], readonly [number, number]] = [
    [-2, 2],
    [-1, 2]
  ]
  const at = ([from, to]: readonly [number, number], i: number, count: number): number =>
    from + ((to - from) * i) / (count - 1)
  return {
    _tag: "Plane",
    title,
    x: { label: "x", domain: x },
    y: { label: "y", domain: y },
    values: Array.from({ length: columns * rows }, (_, i) =>
      heightAt(at(x, i % columns, columns), at(y, Math.floor(i / columns), rows))
    ),
    columns,
    levels: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
    points: [],
    paths: trainings.map(pathOf)
  }
}

/** The first step after which the surface was low, and stayed so. */
const arrivalOf = ({ history: { losses } }: Trained): number | undefined => {
  const after = losses.findLastIndex(({ value }) => !(value < low)) + 1
  return after < losses.length ? losses[after].step - 1 : undefined
}

const rowOf = (trained: Trained): ReadonlyArray<string> => {
  const { losses, metrics } = trained.history
  const arrival = arrivalOf(trained)
  const place = ["x", "y"].map((name) => metrics[name]?.at(-1)?.value.toFixed(3) ?? "")
  return [
    trained.plan.training,
    trained.plan.model,
    loss(losses.at(-1)?.value ?? Number.NaN),
    `(${place.join(", ")})`,
    arrival === undefined ? "never" : count(arrival)
  ]
}

/**
 * The ways of all optimizers down one curved valley, where the slope points across the way to go.
 *
 * **Source** Bahng 2023, "Deep Learning", section 2.2, which names optimizers without showing them.
 */
export const task: Task = {
  seed: 0,
  trainings: [...Object.keys(members), ...Object.keys(minimizers)],
  run: Effect.fnUntraced(function* (lab) {
    const byGradients = yield* Effect.forEach(Object.entries(members), ([name, { optimizer, text }]) =>
      lab.train(byOptimizer(lab, descent(name, text, steps.optimizer), optimizer))
    )
    const byCurvature = [
      yield* lab.train(byMinimizer(descent("bfgs", "strong Wolfe steps", steps.minimizer), minimizers.bfgs)),
      yield* lab.train(byMinimizer(descent("lbfgs", "strong Wolfe steps", steps.minimizer), minimizers.lbfgs))
    ]
    const all: ReadonlyArray<Trained> = [...byGradients, ...byCurvature]
    const arrived = all.filter((trained) => arrivalOf(trained) !== undefined)
    const kinOf = ({ plan: { training } }: Trained): string => members[training]?.kin ?? newton
    return {
      results: [
        { name: "optimizers that arrive", value: arrived.length, form: "count", note: `of ${all.length}` },
        {
          name: "greatest loss at the end",
          value: Math.max(...all.map(({ history }) => history.losses.at(-1)?.value ?? Infinity)),
          form: "number"
        }
      ],
      remarks: [["arrived", `the loss is below ${low} and stays there`]],
      table: [["optimizer", "setting", "loss", "(x, y)", "steps to arrive"], ...all.map(rowOf)],
      figures: [
        ...kins.map((kin) =>
          planeOf(
            kin,
            all.filter((trained) => kinOf(trained) === kin)
          )
        ),
        {
          _tag: "Curves",
          title: "Loss over steps",
          isWide: true,
          x: { label: "step" },
          y: { label: "loss", form: "log" },
          series: all.map(({ history, plan }) => seriesOf(plan.training, history.losses))
        }
      ]
    }
  })
}
