import { mlp } from "@cotangent/models/mlp"
import type { Initializer } from "@cotangent/nn/Initializer"
import * as Initializers from "@cotangent/nn/Initializer"
import * as Optimizer from "@cotangent/optim/Optimizer"
import type { Finding } from "@cotangent/train/Finding"
import * as Effect from "effect/Effect"
import { classifying, rows } from "../images/classification.ts"
import { mnist } from "../images/sets.ts"
import type { Checklist } from "../lab/checklist.ts"
import { conclusionOf } from "../lab/checklist.ts"
import { examine } from "../lab/examination.ts"
import { supervised } from "../lab/supervised.ts"
import type { Result, Task } from "../Recipe.ts"

const sizes = [784, 128, 10] as const

/** Trainings that are examined: how their weights begin, and what is to be told of them. */
const ways: Readonly<Record<string, Initializer>> = {
  he: Initializers.heNormal,
  large: Initializers.normal(1),
  zero: Initializers.zeros
}

/** Whether a finding is healthy, as a number. */
const verdictsOn =
  (kind: Finding["_tag"], what: string) =>
  ([name, { findings }]: Checklist[number]): Result => ({
    name: `${what}, ${name}`,
    value: findings.filter(({ _tag, isHealthy }) => _tag === kind && isHealthy).length,
    form: "count"
  })

/**
 * The checklist of a training, gone through for a net that begins well, one whose weights are too large, and one whose
 * weights are 0.
 *
 * **Source** Bahng 2023, "Deep Learning", section 3.6.
 */
export const task: Task = {
  seed: 0,
  trainings: [],
  run: Effect.fnUntraced(function* (lab) {
    const set = yield* mnist(lab)
    // With few examples there is no need of as many steps.
    const how = { search: "grid", steps: Math.ceil(400 * Math.min(1, set.train.size / 5000)) } as const
    const list: Checklist = yield* Effect.forEach(Object.entries(ways), ([name, initializer]) =>
      Effect.map(
        examine(
          "checklist",
          supervised(lab, {
            ...classifying({ model: mlp({ sizes, initializer }), scale: rows }, set),
            name,
            text: sizes.join("-"),
            optimizer: (learningRate) => Optimizer.adam({ learningRate }),
            learningRate: () => 1e-3,
            epochs: 1,
            batch: 64
          }),
          how
        ),
        (examined) => [name, examined] as const
      )
    )
    const { results, ...conclusion } = conclusionOf(list)
    return {
      ...conclusion,
      results: [
        ...results,
        ...list.map(verdictsOn("InitialLoss", "first loss as expected")),
        ...list.map(verdictsOn("Overfit", "learned by heart"))
      ]
    }
  })
}
