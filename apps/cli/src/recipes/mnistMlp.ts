import * as Initializer from "@cotangent/nn/Initializer"
import { mlp } from "@cotangent/models/mlp"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Schedule from "@cotangent/optim/Schedule"
import { classification, rows } from "../images/classification.ts"
import { mnist } from "../images/sets.ts"
import type { Task } from "../Recipe.ts"

const sizes = [784, 512, 512, 10] as const

/** A classifier of digits with two hidden layers, by Adam with a rate that falls along a cosine. */
export const task: Task = classification({
  name: "mnist-mlp",
  text: sizes.join("-"),
  model: mlp({ sizes, initializer: Initializer.heNormal }),
  scale: rows,
  load: mnist,
  optimizer: (learningRate) => Optimizer.adam({ learningRate }),
  learningRate: (steps) => Schedule.cosine({ learningRate: 2e-3, steps }),
  epochs: 3,
  seed: 0,
  batch: 128
})
