import { mlp } from "@cotangent/models/mlp"
import * as Initializer from "@cotangent/nn/Initializer"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Schedule from "@cotangent/optim/Schedule"
import * as Effect from "effect/Effect"
import { architectureOf } from "../images/architecture.ts"
import { oneOf, rows } from "../images/classification.ts"
import { accuracyCurves, resultsOf, rowsOf, trainOn } from "../images/comparison.ts"
import { samplesOf } from "../images/conclusion.ts"
import { fashion } from "../images/sets.ts"
import { lossCurves } from "../lab/curves.ts"
import type { Task } from "../Recipe.ts"

const sizes = [784, 512, 512, 10] as const

/**
 * The program of the quick start: a net of two hidden layers, gradient descent in batches of 64 at a rate of 10⁻³, five
 * epochs; beside it the same net as one would train it today.
 *
 * **Source** Bahng 2023, "Deep Learning", section 1.5.
 */
export const task: Task = {
  seed: 0,
  trainings: ["quick-start", "well-trained"],
  run: Effect.fnUntraced(function* (lab) {
    const set = yield* fashion(lab)
    const net = { model: mlp({ sizes, initializer: Initializer.heNormal }), scale: rows, text: sizes.join("-") }
    const quick = yield* trainOn(lab, set, {
      ...net,
      name: "quick-start",
      optimizer: (learningRate) => Optimizer.sgd({ learningRate }),
      learningRate: () => 1e-3,
      epochs: 5,
      batch: 64
    })
    const good = yield* trainOn(lab, set, {
      ...net,
      name: "well-trained",
      optimizer: (learningRate) => Optimizer.adam({ learningRate }),
      learningRate: (steps) => Schedule.cosine({ learningRate: 2e-3, steps }),
      epochs: 6,
      batch: 128
    })
    const both = [quick, good]
    return {
      results: resultsOf(both),
      remarks: [],
      table: rowsOf(both),
      figures: [
        lossCurves(both),
        accuracyCurves(both),
        samplesOf(set.train, set.classes, 4),
        architectureOf(net.model, oneOf(net, set))
      ]
    }
  })
}
