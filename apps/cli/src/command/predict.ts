import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { usualCheckpoint } from "../program.ts"
import { archives, data, device, json, offline, whole } from "./options.ts"

const flags = {
  checkpoint: Flag.String("checkpoint").pipe(
    Flag.withDescription(`the model to ask; ${usualCheckpoint} unless stated`),
    Flag.withMetavar("PATH"),
    Flag.withDefault(usualCheckpoint)
  ),
  image: whole("image", 0).pipe(
    Flag.withDescription("which picture of the set, from 0; 0 unless stated"),
    Flag.withDefault(0)
  ),
  set: Flag.String("set").pipe(
    Flag.withDescription("where the picture comes from; test unless stated"),
    Flag.withMetavar("(test|train)"),
    Flag.withDefault("test")
  ),
  device,
  data,
  archives,
  offline,
  json
}

/** What `predict` was asked for. */
export interface PredictOptions {
  readonly checkpoint: string
  readonly image: number
  readonly set: string
  readonly device: string
  readonly data: string | undefined
  /** Where the archives of MNIST are fetched from: the usual place if empty. */
  readonly archives: string | undefined
  /** Whether nothing may be fetched. */
  readonly offline: boolean
  readonly json: boolean
}

/** `cotangent predict`. */
export const predict = Command.make("predict", flags, (given) =>
  Effect.flatMap(
    Effect.promise(() => import("../predict/run.ts")),
    ({ predict }) =>
      predict({
        ...given,
        data: Option.getOrUndefined(given.data),
        archives: Option.getOrUndefined(given.archives)
      })
  )
).pipe(
  Command.withDescription("Show a digit and what a trained model takes it for"),
  Command.withExamples([{ command: "cotangent predict --image 42" }])
)
