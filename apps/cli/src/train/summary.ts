/**
 * A training when it is over, in lines of text.
 */
import type { DeviceDescription } from "@cotangent/runtime/Backend"
import type { Assessment } from "../digits/assessment.ts"
import { accuracyOf, worstConfusions } from "../digits/assessment.ts"
import { program, usualCheckpoint } from "../program.ts"
import type { Plan, Recipe } from "../Recipe.ts"
import { count, duration, loss, percent, plural } from "../terminal/format.ts"
import { sparkline } from "../terminal/shapes.ts"
import type { Style } from "../terminal/style.ts"
import { table } from "../terminal/table.ts"
import type { History } from "./history.ts"
import { last, meanRate } from "./history.ts"

/** All that is known at the end. */
export interface Outcome {
  readonly recipe: Recipe
  readonly plan: Plan
  readonly history: History
  readonly assessment: Assessment
  readonly device: DeviceDescription
  /** From the start of the command to the end of the evaluation. */
  readonly millis: number
  readonly checkpoint: string
  readonly report: string
}

/** The features of a device in words: `simd 256 bit, multiply-add fused`. */
export const featuresText = ({ features }: DeviceDescription): string =>
  Object.entries(features)
    .map(([key, value]) => `${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`)
    .join(", ")

/** A device with its threads and features: `wasm, 1 thread, simd 256 bit`. */
export const deviceText = (device: DeviceDescription): string =>
  `${device.name}, ${plural(device.threads, "thread")}, ${featuresText(device)}`

/** The last lines of a training. */
export const summary = (outcome: Outcome, style: Style): ReadonlyArray<string> => {
  const { assessment, checkpoint, device, history, millis, recipe, report } = outcome
  const { correct, total } = assessment
  const [first, final] = [history.losses[0]?.value, last(history.losses)]
  const curve = sparkline(
    history.losses.map(({ value }) => Math.log(value)),
    24
  )
  const training = recipe.pass.name === "iteration" ? last(history.batchAccuracies) : undefined
  const confused = worstConfusions(assessment, 3).map(
    ({ count: times, label, predicted }) => `${label} taken for ${predicted} (${count(times)}×)`
  )
  const [worst] = assessment.mistakes
  const of = checkpoint === usualCheckpoint ? "" : ` --checkpoint ${checkpoint}`
  const rows = [
    [
      "test accuracy",
      `${style.bold(style.green(percent(accuracyOf(assessment))))}  ${count(correct)} of ${count(total)}`
    ],
    ...(training === undefined ? [] : [["training accuracy", percent(training)]]),
    ...(first === undefined || final === undefined
      ? []
      : [["loss", `${loss(first)} ${style.cyan(curve)} ${loss(final)}`]]),
    ...(confused.length === 0 ? [] : [["often confused", confused.join(", ")]]),
    ["time", `${duration(millis)}, ${count(meanRate(history))} images/s while training`],
    ["device", deviceText(device)],
    ["checkpoint", checkpoint],
    ["report", report],
    ...(worst === undefined ? [] : [["worst mistake", `${program} predict --image ${worst.index}${of}`]])
  ]
  return ["", ...table(rows.map(([name, value]) => [`  ${style.dim(name)}`, value])), ""]
}

/** The same for programs. */
export const summaryJson = ({ assessment, checkpoint, device, history, millis, plan, recipe, report }: Outcome) => ({
  _tag: "Finished",
  recipe: recipe.name,
  seed: plan.seed,
  epochs: plan.epochs,
  steps: history.step,
  testAccuracy: accuracyOf(assessment),
  ...(recipe.pass.name === "iteration" ? { trainingAccuracy: last(history.batchAccuracies) } : {}),
  correct: assessment.correct,
  total: assessment.total,
  confusion: assessment.confusion,
  seconds: millis / 1000,
  imagesPerSecond: meanRate(history),
  device: device.name,
  threads: device.threads,
  features: device.features,
  checkpoint,
  report
})
