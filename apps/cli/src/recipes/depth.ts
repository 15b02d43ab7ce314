import * as Datasets from "@cotangent/data/Dataset"
import { denselyConnectedNet, highwayNet, plainNet, residualNet } from "@cotangent/models/deep"
import type { Model } from "@cotangent/nn/Model"
import type { Rows } from "@cotangent/nn/layer/linear"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Effect from "effect/Effect"
import { rows } from "../images/classification.ts"
import { accuracyCurves, resultsOf, rowsOf, trainOn } from "../images/comparison.ts"
import { mnist } from "../images/sets.ts"
import { lossCurves } from "../lab/curves.ts"
import type { Task } from "../Recipe.ts"

/** Thirty layers between the first and the last one. */
const size = { inputs: 784, outputs: 10, width: 64, depth: 30 } as const

/**
 * Thirty layers that are no more than layers, and thirty that their input can pass by.
 *
 * **Source** Bahng 2023, "Deep Learning", section 2.3.2; He et al. 2016, Srivastava et al. 2015, Huang et al. 2017.
 */
export const task: Task = {
  seed: 0,
  trainings: ["plain", "residual", "highway", "dense"],
  run: Effect.fnUntraced(function* (lab) {
    const all = yield* mnist(lab)
    const set = { ...all, train: Datasets.take(all.train, 20_000) }
    const train = <P, S>(name: string, model: Model<P, S, Rows<number>, Rows<number>>) =>
      trainOn(lab, set, {
        name,
        text: `${size.depth + 2} layers`,
        scale: rows,
        model,
        optimizer: (learningRate) => Optimizer.sgd({ learningRate, momentum: 0.9 }),
        learningRate: () => 0.02,
        epochs: 5,
        batch: 64,
        mayDiverge: true
      })
    const trainings = [
      yield* train("plain", plainNet(size)),
      yield* train("residual", residualNet(size)),
      yield* train("highway", highwayNet(size)),
      yield* train("dense", denselyConnectedNet({ ...size, growth: 8 }))
    ]
    return {
      results: resultsOf(trainings),
      remarks: [],
      table: rowsOf(trainings),
      figures: [lossCurves(trainings), accuracyCurves(trainings)]
    }
  })
}
