/**
 * A recipe when it is over, in lines of text.
 */
import type { DeviceDescription } from "@cotangent/runtime/Backend"
import { expectationText } from "../expectation.ts"
import { hasWords } from "../figure.ts"
import { meanRate } from "../lab/history.ts"
import type { Trained } from "../lab/Lab.ts"
import { program, usualCheckpoint } from "../program.ts"
import type { Conclusion, Expectation, Recipe } from "../Recipe.ts"
import { alone, isMet } from "../Recipe.ts"
import { count, duration, loss, plural, say } from "../terminal/format.ts"
import { sparkline } from "../terminal/shapes.ts"
import type { Style } from "../terminal/style.ts"
import { table } from "../terminal/table.ts"

/** All that is known at the end. */
export interface Outcome {
  readonly recipe: Recipe
  readonly seed: number
  /** Whether the data and the passes over them were those of the recipe, so that what it promises can be held to it. */
  readonly isUsual: boolean
  readonly trained: ReadonlyArray<Trained>
  readonly conclusion: Conclusion
  readonly device: DeviceDescription
  /** From the start of the command to the end of the evaluation. */
  readonly millis: number
  /** Where everything is. */
  readonly folder: string
  /** The checkpoint, where there is but one. */
  readonly checkpoint: string | undefined
  readonly report: string
}

/** What was promised, and whether it came; nothing for an unusual run. */
export const judged = ({
  conclusion,
  isUsual,
  recipe
}: Pick<Outcome, "conclusion" | "isUsual" | "recipe">): ReadonlyArray<{
  readonly expectation: Expectation
  readonly isMet: boolean
}> => (isUsual ? recipe.expected.map((expectation) => ({ expectation, isMet: isMet(expectation, conclusion) })) : [])

/** The features of a device in words: `simd 256 bit, multiply-add fused`. */
export const featuresText = ({ features }: DeviceDescription): string =>
  Object.entries(features)
    .map(([key, value]) => `${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`)
    .join(", ")

/** A device with its threads and features: `wasm, 1 thread, simd 256 bit`. */
export const deviceText = (device: DeviceDescription): string =>
  `${device.name}, ${plural(device.threads, "thread")}, ${featuresText(device)}`

type Row = readonly [name: string, text: string]

const resultRows = ({ conclusion: { results } }: Outcome, style: Style): ReadonlyArray<Row> =>
  results.map(({ form, name, note, value }, i) => {
    const text = say(value, form)
    return [name, `${i === 0 ? style.bold(style.green(text)) : text}${note === undefined ? "" : `  ${note}`}`]
  })

const verdictRows = (outcome: Outcome, style: Style): ReadonlyArray<Row> =>
  judged(outcome).map(({ expectation, isMet }, i) => [
    i === 0 ? "expected" : "",
    `${isMet ? style.green("✓") : style.red("✗")} ${expectationText(expectation)}`
  ])

/** The course of a training that is alone. */
const courseRows = ({ trained: [one, ...others] }: Outcome, style: Style): ReadonlyArray<Row> => {
  if (one === undefined || others.length > 0) return []
  const { losses } = one.history
  const [first, final] = [losses[0]?.value, losses.at(-1)?.value]
  const curve = sparkline(
    losses.map(({ value }) => Math.log(value)),
    24
  )
  return first === undefined || final === undefined
    ? []
    : [["loss", `${loss(first)} ${style.cyan(curve)} ${loss(final)}`]]
}

const timeText = ({ millis, trained }: Outcome): string => {
  const [one] = trained
  const rate =
    one?.plan.training === alone ? `, ${count(meanRate(one.history))} ${one.plan.unit}s/s while training` : ""
  return `${duration(millis)}${rate}`
}

/** The picture that was mistaken most. */
const worstRows = ({ checkpoint, conclusion: { details } }: Outcome): ReadonlyArray<Row> => {
  const worst = Array.isArray(details?.["mistakes"]) ? (details["mistakes"] as ReadonlyArray<number>)[0] : undefined
  if (worst === undefined || checkpoint === undefined) return []
  const of = checkpoint === usualCheckpoint ? "" : ` --checkpoint ${checkpoint}`
  return [["worst mistake", `${program} predict --image ${worst}${of}`]]
}

/** Where the checkpoints of trainings are, if there were any. */
export const checkpointRows = ({ checkpoint, folder, trained }: Outcome): ReadonlyArray<Row> =>
  trained.length === 0 ? [] : [checkpoint === undefined ? ["checkpoints", folder] : ["checkpoint", checkpoint]]

/** The last lines of a recipe. */
export const summary = (outcome: Outcome, style: Style): ReadonlyArray<string> => {
  const { conclusion, device, report } = outcome
  const rows: ReadonlyArray<Row> = [
    ...resultRows(outcome, style),
    ...verdictRows(outcome, style),
    ...courseRows(outcome, style),
    ...conclusion.remarks,
    ["time", timeText(outcome)],
    ["device", deviceText(device)],
    ...checkpointRows(outcome),
    ["report", report],
    ...worstRows(outcome)
  ]
  const [heads, ...cells] = conclusion.table ?? []
  const compared = table(
    heads === undefined ? [] : [heads.map(style.dim), ...cells],
    (heads ?? []).map((_, i) => (i === 0 || hasWords(cells, i) ? "left" : "right"))
  )
  return [
    "",
    ...(compared.length === 0 ? [] : [...compared.map((line) => `  ${line}`), ""]),
    ...table(rows.map(([name, value]) => [`  ${style.dim(name)}`, value])),
    ""
  ]
}

/** The same for programs. */
export const summaryJson = (outcome: Outcome) => {
  const { checkpoint, conclusion, device, folder, millis, recipe, report, seed, trained } = outcome
  const { details = {}, results, table } = conclusion
  return {
    _tag: "Finished",
    recipe: recipe.name,
    seed,
    results: Object.fromEntries(results.map(({ name, value }) => [name, value])),
    expected: judged(outcome).map(({ expectation, isMet }) => ({ ...expectation, isMet })),
    trainings: trained.map(({ history, plan }) => ({
      name: plan.training,
      model: plan.model,
      parameters: plan.parameters,
      epochs: plan.epochs,
      steps: history.step,
      examplesPerSecond: meanRate(history)
    })),
    ...(table === undefined ? {} : { table }),
    ...details,
    seconds: millis / 1000,
    device: device.name,
    threads: device.threads,
    features: device.features,
    ...(checkpoint === undefined ? { checkpoints: folder } : { checkpoint }),
    report
  }
}
