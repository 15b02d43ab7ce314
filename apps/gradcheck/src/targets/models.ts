/**
 * The models of the library.
 */
import * as Models from "@cotangent/models"
import { Activation, Initializer } from "@cotangent/nn"
import type { Group } from "../Target.ts"
import { group } from "../Target.ts"
import { model, normal } from "./model.ts"

/** Every model. */
export const models: Group = group<typeof Models>()(
  "model",
  {},
  {
    mlp: {
      relu: model(Models.mlp({ sizes: [3, 4, 2], biasInitializer: Initializer.normal(1) }), normal(2, 3)),
      tanh: model(Models.mlp({ sizes: [2, 3, 2, 1], activation: Activation.tanh }), normal(2, 2))
    },
    notesMlp: model(Models.notesMlp, normal(1, 784))
  }
)
