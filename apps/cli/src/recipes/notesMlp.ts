import { notesMlp as model } from "@cotangent/models/mlp"
import * as Optimizer from "@cotangent/optim/Optimizer"
import { task } from "../digits/task.ts"
import type { Task } from "../Recipe.ts"

/**
 * The network from scratch: full-batch gradient descent from parameters even over [−1, 1).
 *
 * **Source** Bahng 2023, "Deep Learning", section 1.4.
 */
export const notesMlp: Task = task({
  name: "notes-mlp",
  text: "784-10-10",
  model,
  optimizer: () => Optimizer.sgd({ learningRate: 0.1 }),
  epochs: 500,
  batch: "all"
})
