import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { archives, data, device, json, limit, offline, out, seed, threads, whole } from "./options.ts"

const recipe = Argument.String("recipe").pipe(
  Argument.withDescription("whose trainings; train --list shows them"),
  Argument.optional
)

const flags = {
  device,
  threads,
  seed,
  steps: whole("steps", 20).pipe(
    Flag.withDescription("steps of the training whose curve is judged, the others in proportion; 400 unless stated"),
    Flag.withDefault(400)
  ),
  search: Flag.String("search").pipe(
    Flag.withDescription("how learning rates and regularizations are chosen that are tried; grid unless stated"),
    Flag.withMetavar("(grid|random)"),
    Flag.withDefault("grid")
  ),
  limit,
  out,
  data,
  archives,
  offline,
  json
}

/** What `diagnose` was asked for. */
export interface DiagnoseOptions {
  readonly recipe: string | undefined
  readonly device: string
  readonly threads: number | undefined
  readonly seed: number | undefined
  readonly steps: number
  readonly search: string
  readonly limit: number | undefined
  readonly out: string | undefined
  readonly data: string | undefined
  /** Where the archives of MNIST are fetched from: the usual place if empty. */
  readonly archives: string | undefined
  /** Whether nothing may be fetched. */
  readonly offline: boolean
  readonly json: boolean
}

/** `cotangent diagnose`. */
export const diagnose = Command.make("diagnose", { recipe, ...flags }, (given) =>
  Effect.flatMap(
    Effect.promise(() => import("../diagnose/run.ts")),
    ({ diagnose }) =>
      diagnose({
        ...given,
        recipe: Option.getOrUndefined(given.recipe),
        threads: Option.getOrUndefined(given.threads),
        seed: Option.getOrUndefined(given.seed),
        limit: Option.getOrUndefined(given.limit),
        out: Option.getOrUndefined(given.out),
        data: Option.getOrUndefined(given.data),
        archives: Option.getOrUndefined(given.archives)
      })
  )
).pipe(
  Command.withDescription("Examine the trainings of a recipe: go through the checklist, and write a report"),
  Command.withExamples([
    { command: "cotangent diagnose mnist-mlp", description: "Whether it begins, learns and settles as it should" },
    { command: "cotangent diagnose initialization", description: "What is wrong with weights that begin too large" }
  ])
)
