/**
 * Writing the report of a recipe.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { availableParallelism, cpus } from "node:os"
import { meanRate } from "../lab/history.ts"
import type { Trained } from "../lab/Lab.ts"
import { alone } from "../Recipe.ts"
import { bytes, count, duration, plural } from "../terminal/format.ts"
import type { Outcome } from "../train/summary.ts"
import { checkpointRows, deviceText } from "../train/summary.ts"
import { version } from "../version.ts"
import type { Fact } from "./page.ts"
import { page } from "./page.ts"

/** What a training was. */
const trainingFacts = ({ history, plan }: Trained): ReadonlyArray<Fact> => {
  const { batch, epochs, examples, model, parameters, pass, training, unit } = plan
  const sizes = `${model}, ${plural(parameters, "parameter")}`
  if (training !== alone)
    return [
      [training, `${sizes}, ${plural(epochs, pass.name)}${examples === 1 ? "" : ` of ${plural(examples, unit)}`}`]
    ]
  return [
    ["model", sizes],
    ["training", `${plural(examples, unit)}, ${count(batch)} at a time, ${plural(history.step, "step")}`],
    ["passes over the data", count(epochs)],
    [`${unit}s per second`, count(meanRate(history))]
  ]
}

const stepsText = (trained: ReadonlyArray<Trained>): string =>
  trained.length === 0
    ? ""
    : `, ${duration(trained.reduce((sum, { history }) => sum + history.millis, 0))} of training steps`

const factsOf = (outcome: Outcome, finished: string): ReadonlyArray<Fact> => {
  const { conclusion, device, millis, recipe, seed, trained } = outcome
  return [
    ["recipe", recipe.name],
    ["section of the notes", recipe.section],
    ["data", recipe.data],
    ...conclusion.remarks,
    ...trained.flatMap(trainingFacts),
    ["seed", String(seed)],
    ["device", deviceText(device)],
    ...(device.memoryBytes === undefined ? [] : [["memory at most", bytes(device.memoryBytes)] as const]),
    ["time", `${duration(millis)} from start to finish${stepsText(trained)}`],
    ["processor", `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} available`],
    ["system", `${process.platform} ${process.arch}, Node ${process.versions.node}, V8 ${process.versions.v8}`],
    ["cotangent", version],
    ...checkpointRows(outcome),
    ["finished", finished]
  ]
}

/** Writes the report to the place that `outcome` names. */
export const write = (outcome: Outcome): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(DateTime.now, (now) => {
    const facts = factsOf(outcome, DateTime.formatIso(now).replace(/\.\d+Z$/, "Z"))
    return AtomicFile.write(outcome.report, new TextEncoder().encode(page(outcome, facts)))
  })
