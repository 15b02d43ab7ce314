/**
 * Writing the report of a training.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { availableParallelism, cpus } from "node:os"
import { bytes, count, duration } from "../terminal/format.ts"
import type { Outcome } from "../train/summary.ts"
import { deviceText } from "../train/summary.ts"
import { version } from "../version.ts"
import type { Fact } from "./page.ts"
import { page } from "./page.ts"

const factsOf = (
  { checkpoint, device, history, millis, plan, recipe }: Outcome,
  finished: string
): ReadonlyArray<Fact> => [
  ["recipe", recipe.name],
  ["data", recipe.data],
  ["model", `${plan.model}, ${count(plan.parameters)} parameters`],
  ["training", `${count(plan.examples)} images, ${count(plan.batch)} at a time, ${count(history.step)} steps`],
  ["passes over the data", count(plan.epochs)],
  ["seed", String(plan.seed)],
  ["device", deviceText(device)],
  ...(device.memoryBytes === undefined ? [] : [["memory at most", bytes(device.memoryBytes)] as const]),
  ["time", `${duration(millis)} from start to finish, ${duration(history.millis)} of training steps`],
  ["processor", `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} available`],
  ["system", `${process.platform} ${process.arch}, Node ${process.versions.node}, V8 ${process.versions.v8}`],
  ["cotangent", version],
  ["checkpoint", checkpoint],
  ["finished", finished]
]

/** Writes the report to the place that `outcome` names. */
export const write = (outcome: Outcome): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(DateTime.now, (now) => {
    const facts = factsOf(outcome, DateTime.formatIso(now).replace(/\.\d+Z$/, "Z"))
    return AtomicFile.write(outcome.report, new TextEncoder().encode(page(outcome, facts)))
  })
