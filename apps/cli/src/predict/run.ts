/**
 * The command `predict`.
 */
import * as Safetensors from "@cotangent/formats/Safetensors"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { PredictOptions } from "../command/predict.ts"
import { choices } from "../devices/layers.ts"
import { argMax } from "../digits/assessment.ts"
import * as Data from "../digits/data.ts"
import { choose, Missing, UsageError } from "../failure.ts"
import { recipes } from "../recipes.ts"
import * as Screens from "../terminal/Screen.ts"
import type { Prediction } from "./render.ts"
import { render } from "./render.ts"

/** The recipe that a checkpoint was made by. */
const recipeOf = Effect.fnUntraced(function* (checkpoint: string) {
  const { metadata } = yield* Safetensors.readFile(checkpoint)
  const recipe = recipes[metadata.get("model") ?? ""]
  if (recipe !== undefined) return recipe
  return yield* new Missing({
    what: `${checkpoint} is of no known recipe`,
    remedy: `known are ${Object.keys(recipes).join(" and ")}`
  })
})

/** Shows a digit and what a trained model takes it for. */
export const predict = Effect.fnUntraced(function* (options: PredictOptions) {
  const layer = yield* choose("device", options.device, choices)
  const part = yield* choose("set", options.set, { test: "test", train: "train" } as const)
  const recipe = yield* recipeOf(options.checkpoint)
  const task = yield* Effect.promise(recipe.load)
  const digits = (yield* Data.load({ folder: options.data }))[part]
  if (options.image >= digits.size) {
    const message = `there is no image ${options.image} in the ${part} set: it has ${digits.size}, from 0 on`
    return yield* new UsageError({ message })
  }
  const image = Data.imageAt(digits, options.image)
  const { data } = yield* task.classify(options.checkpoint, image).pipe(Effect.provide(layer))
  const prediction: Prediction = {
    pixels: image.data,
    label: digits.columns.label.data[options.image],
    probabilities: Array.from(data)
  }
  const { label, probabilities } = prediction
  const { style } = yield* Screens.make
  const json = { image: options.image, set: part, label, predicted: argMax(probabilities), probabilities }
  const heading = `image ${options.image} of the ${part} set, seen by ${recipe.name}`
  yield* Console.log(options.json ? JSON.stringify(json) : [heading, "", ...render(prediction, style)].join("\n"))
})
