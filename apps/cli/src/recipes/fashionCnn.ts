import { convnet } from "@cotangent/models/convnet"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Schedule from "@cotangent/optim/Schedule"
import { classification, planes } from "../images/classification.ts"
import { fashion } from "../images/sets.ts"
import type { Task } from "../Recipe.ts"

/** A classifier of clothes by two convolutions. */
export const task: Task = classification({
  name: "fashion-cnn",
  text: "two convolutions, two dense layers",
  model: convnet({ channels: 1, size: 28, classes: 10, dropout: 0.3 }),
  scale: planes,
  load: fashion,
  optimizer: (learningRate) => Optimizer.adam({ learningRate }),
  learningRate: (steps) => Schedule.cosine({ learningRate: 2e-3, steps }),
  epochs: 5,
  seed: 0,
  batch: 64
})
