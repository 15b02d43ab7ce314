/**
 * The command `predict`.
 */
import * as Safetensors from "@cotangent/formats/Safetensors"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { PredictOptions } from "../command/predict.ts"
import { choices } from "../devices/layers.ts"
import { argMax } from "../images/assessment.ts"
import { imageAt } from "../images/sets.ts"
import { choose, Missing, UsageError } from "../failure.ts"
import { recipes } from "../recipes.ts"
import * as Screens from "../terminal/Screen.ts"
import { fetchingOn } from "../train/fetching.ts"
import type { Prediction } from "./render.ts"
import { render } from "./render.ts"

/** The classifier of the recipe that a checkpoint was made by, and the name of the recipe. */
const classifierOf = Effect.fnUntraced(function* (checkpoint: string) {
  const { metadata } = yield* Safetensors.readFile(checkpoint)
  const recipe = recipes[metadata.get("model") ?? ""]
  const task = recipe === undefined ? undefined : yield* Effect.promise(recipe.load)
  if (recipe !== undefined && task?.classifier !== undefined) return { name: recipe.name, ...task.classifier }
  return yield* new Missing({
    what: `${checkpoint} is of no recipe that classifies pictures`,
    remedy: "train one, for instance mnist-mlp"
  })
})

/** Shows a picture and what a trained model takes it for. */
export const predict = Effect.fnUntraced(function* (options: PredictOptions) {
  const layer = yield* choose("device", options.device, choices())
  const part = yield* choose("set", options.set, { test: "test", train: "train" } as const)
  const screen = yield* Screens.make
  const { classify, load, name } = yield* classifierOf(options.checkpoint)
  const { classes, ...parts } = yield* load({ data: options.data, ...fetchingOn(screen, options) })
  const images = parts[part]
  if (options.image >= images.size) {
    const message = `there is no image ${options.image} in the ${part} set: it has ${images.size}, from 0 on`
    return yield* new UsageError({ message })
  }
  const image = imageAt(images, options.image)
  const { data } = yield* classify(options.checkpoint, image).pipe(Effect.provide(layer))
  const [, height, width] = image.shape
  const prediction: Prediction = {
    picture: { width, height, pixels: image.data },
    classes,
    label: images.columns.label.data[options.image],
    probabilities: Array.from(data)
  }
  const { label, probabilities } = prediction
  const { style } = screen
  const json = { image: options.image, set: part, label, predicted: argMax(probabilities), probabilities }
  const heading = `image ${options.image} of the ${part} set, seen by ${name}`
  yield* Console.log(options.json ? JSON.stringify(json) : [heading, "", ...render(prediction, style)].join("\n"))
})
