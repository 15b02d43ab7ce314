import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { recordFile } from "../program.ts"
import { archives, data, device, json, limit, offline, out, seed, threads, whole } from "./options.ts"

const recipe = Argument.String("recipe").pipe(
  Argument.withDescription("what to carry out; --list shows them"),
  Argument.optional
)

const flags = {
  device,
  threads,
  seed,
  epochs: whole("epochs", 1).pipe(
    Flag.withDescription("passes over the data; those of the recipe, or of the checkpoint, unless stated"),
    Flag.optional
  ),
  limit,
  out,
  data,
  archives,
  offline,
  resume: Flag.String("resume").pipe(
    Flag.withDescription("go on from a checkpoint; the one of --out unless stated"),
    Flag.withMetavar("PATH"),
    Flag.withOptionalValue(""),
    Flag.optional
  ),
  profile: Flag.String("profile").pipe(
    Flag.withDescription("show how long each kernel took; as --profile=FILE, write a trace for Chrome as well"),
    Flag.withMetavar("FILE"),
    Flag.withOptionalValue(""),
    Flag.optional
  ),
  explain: Flag.String("explain").pipe(
    Flag.withDescription("show the programs that were compiled; as --explain=FILE, write them there"),
    Flag.withMetavar("FILE"),
    Flag.withOptionalValue(""),
    Flag.optional
  ),
  list: Flag.Boolean("list").pipe(Flag.withDescription("show the recipes"), Flag.withDefault(false)),
  all: Flag.Boolean("all").pipe(Flag.withDescription("carry out all recipes"), Flag.withDefault(false)),
  record: Flag.String("record").pipe(
    Flag.withDescription("put what came out into the page of results; docs/recipes.md unless stated"),
    Flag.withMetavar("FILE"),
    Flag.withOptionalValue(""),
    Flag.optional
  ),
  json
}

/** What `train` was asked for. */
export interface TrainOptions {
  readonly recipe: string | undefined
  readonly device: string
  readonly threads: number | undefined
  readonly seed: number | undefined
  readonly epochs: number | undefined
  readonly limit: number | undefined
  readonly out: string | undefined
  readonly data: string | undefined
  /** Where the archives of MNIST are fetched from: the usual place if empty. */
  readonly archives: string | undefined
  /** Whether nothing may be fetched. */
  readonly offline: boolean
  /** The checkpoint to go on from; empty for the one that the training itself writes. */
  readonly resume: string | undefined
  /** Where the trace of a profile goes: nowhere if empty; no profile is taken if absent. */
  readonly profile: string | undefined
  /** Where the programs go: onto the screen if empty. */
  readonly explain: string | undefined
  readonly list: boolean
  readonly all: boolean
  /** The page that results are put into. */
  readonly record: string | undefined
  readonly json: boolean
}

/** `cotangent train`. */
export const train = Command.make("train", { recipe, ...flags }, (given) =>
  Effect.flatMap(
    Effect.promise(() => import("../train/run.ts")),
    ({ train }) =>
      train({
        ...given,
        recipe: Option.getOrUndefined(given.recipe),
        threads: Option.getOrUndefined(given.threads),
        seed: Option.getOrUndefined(given.seed),
        epochs: Option.getOrUndefined(given.epochs),
        limit: Option.getOrUndefined(given.limit),
        out: Option.getOrUndefined(given.out),
        data: Option.getOrUndefined(given.data),
        archives: Option.getOrUndefined(given.archives),
        resume: Option.getOrUndefined(given.resume),
        profile: Option.getOrUndefined(given.profile),
        explain: Option.getOrUndefined(given.explain),
        record: Option.getOrUndefined(Option.map(given.record, (path) => path || recordFile))
      })
  )
).pipe(
  Command.withDescription("Carry out a recipe: trains, and writes checkpoints and a report"),
  Command.withExamples([
    { command: "cotangent train mnist-mlp", description: "98 % of handwritten digits, in seconds" },
    { command: "cotangent train mnist-mlp --resume", description: "Go on after Ctrl-C" },
    { command: "cotangent train mnist-mlp --epochs 1 --profile=trace.json", description: "Where the time goes" },
    { command: "cotangent train --list", description: "What there is, what it reaches, and how long it takes" },
    { command: "cotangent train --all --record", description: "Carry out everything, and record what came out" }
  ])
)
