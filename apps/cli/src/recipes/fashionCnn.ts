import * as Activation from "@cotangent/nn/Activation"
import * as Initializer from "@cotangent/nn/Initializer"
import { conv2d, maxPool2d } from "@cotangent/nn/layer/convolution"
import { linear } from "@cotangent/nn/layer/linear"
import { dropout } from "@cotangent/nn/layer/regularize"
import { flatten } from "@cotangent/nn/layer/reshape"
import * as Model from "@cotangent/nn/Model"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Schedule from "@cotangent/optim/Schedule"
import { classification, planes } from "../images/classification.ts"
import { fashion } from "../images/sets.ts"
import type { Task } from "../Recipe.ts"

const convolution = { kernel: 3, padding: 1, initializer: Initializer.heNormal } as const

/** A classifier of clothes by two convolutions. */
export const task: Task = classification({
  name: "fashion-cnn",
  text: "two convolutions, two dense layers",
  model: Model.sequential(
    ["first", conv2d(1, 16, convolution)],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    ["second", conv2d(16, 32, convolution)],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    flatten,
    ["hidden", linear(32 * 7 * 7, 128, { initializer: Initializer.heNormal })],
    Activation.relu,
    dropout(0.3),
    ["output", linear(128, 10)]
  ),
  scale: planes,
  load: fashion,
  optimizer: (learningRate) => Optimizer.adam({ learningRate }),
  learningRate: (steps) => Schedule.cosine({ learningRate: 2e-3, steps }),
  epochs: 5,
  seed: 0,
  batch: 64
})
