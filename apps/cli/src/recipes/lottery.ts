import * as Datasets from "@cotangent/data/Dataset"
import { mlp } from "@cotangent/models/mlp"
import * as Initializer from "@cotangent/nn/Initializer"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Random from "@cotangent/tensor/Random"
import * as Pruning from "@cotangent/train/Pruning"
import * as Effect from "effect/Effect"
import { rows } from "../images/classification.ts"
import { accuracyCurves, accuracyOf, meanOfLast, rowsOf, trainOn } from "../images/comparison.ts"
import { mnist } from "../images/sets.ts"
import { lossCurves } from "../lab/curves.ts"
import type { Trained } from "../lab/Lab.ts"
import type { Result, Task } from "../Recipe.ts"
import { count } from "../terminal/format.ts"

const sizes = [784, 300, 100, 10] as const

const model = mlp({ sizes, initializer: Initializer.xavierNormal })

/** The share of the weights that is left, and how often it is pruned on the way there. */
const aim = { target: 0.1, rounds: 3 }

/** The names of the rounds: shares of weights that are left. */
const rounds = Array.from({ length: aim.rounds + 1 }, (_, round) => {
  const left = Math.round(100 * aim.target ** (round / aim.rounds))
  return round === aim.rounds ? "ticket" : `left-${left}`
})

const results = (trained: Trained): ReadonlyArray<Result> => {
  const { history, plan } = trained
  const first = history.measured["accuracy"]?.[0]?.value ?? Number.NaN
  return [
    { name: `test accuracy of ${plan.training}`, value: accuracyOf(trained), form: "percent" },
    { name: `test accuracy of ${plan.training} after one epoch`, value: first, form: "percent" }
  ]
}

/**
 * The lottery ticket: a tenth of the weights, found by pruning, trains from where it began as the whole net does; the same
 * connections with other weights do not.
 *
 * **Source** Bahng 2023, "Deep Learning", section 3.5; Frankle & Carbin 2019.
 */
export const task: Task = {
  seed: 0,
  trainings: [...rounds, "redrawn"],
  run: Effect.fnUntraced(function* (lab) {
    const all = yield* mnist(lab)
    const set = { ...all, train: Datasets.take(all.train, Math.min(20_000, all.train.size)) }
    const initial = model.init(lab.key).params
    const trainUnder = (name: string, params: typeof initial, mask: typeof initial) =>
      trainOn(lab, set, {
        name,
        text: sizes.join("-"),
        model,
        params,
        scale: rows,
        optimizer: (learningRate) => Pruning.masked(mask, Optimizer.adam({ learningRate })),
        learningRate: () => 1.2e-3,
        epochs: 4,
        batch: 60
      })
    const trainings: Array<Trained> = []
    const found = yield* Pruning.lottery({
      ...aim,
      scope: "leaf",
      initial,
      train: (start, mask, round) =>
        Effect.map(trainUnder(rounds[round], start, mask), (trained) => {
          trainings.push(trained)
          return trained.state.params
        })
    })
    const { kept, mask } = found[found.length - 1]
    const others = Pruning.apply(model.init(Random.foldIn(lab.key, 1)).params, mask)
    const redrawn = yield* trainUnder("redrawn", others, mask)
    const [whole, ticket] = [trainings[0], trainings[trainings.length - 1]]
    const compared = [...trainings, redrawn]
    const lossOf = ({ history }: Trained): number => meanOfLast(history.losses.map(({ value }) => value))
    return {
      results: [
        { name: "ticket above redrawn", value: accuracyOf(ticket) - accuracyOf(redrawn), form: "percent" },
        { name: "ticket above the whole", value: accuracyOf(ticket) - accuracyOf(whole), form: "percent" },
        { name: "loss of redrawn, in losses of the ticket", value: lossOf(redrawn) / lossOf(ticket), form: "number" },
        { name: "weights left", value: kept / Pruning.kept(mask).of, form: "percent", note: count(kept) },
        ...compared.flatMap(results)
      ],
      remarks: [["pruning", `${aim.rounds} times, each layer by the same share of what is left`]],
      table: rowsOf(compared),
      figures: [accuracyCurves(compared), lossCurves([whole, ticket, redrawn])]
    }
  })
}
