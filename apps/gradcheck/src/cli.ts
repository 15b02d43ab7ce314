/**
 * The command line: flags, help, mistakes, and the code that the process ends with.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliConfig from "effect/cli/CliConfig"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Refuted, UsageError } from "./failure.ts"
import { version } from "./version.ts"

const whole = (name: string, least: number): Flag.Flag<number> =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.filter(
      (value) => value >= least,
      () => `a whole number from ${least}`
    )
  )

const file = (name: string, what: string) =>
  Flag.String(name).pipe(Flag.withDescription(what), Flag.withMetavar("FILE"), Flag.optional)

const flags = {
  filter: Flag.String("filter").pipe(
    Flag.withDescription("check only what has this in its name"),
    Flag.withMetavar("NAME"),
    Flag.withDefault("")
  ),
  runs: whole("runs", 1).pipe(
    Flag.withDescription("how often each law is tried; 20 unless stated"),
    Flag.withDefault(20)
  ),
  seed: whole("seed", 0).pipe(
    Flag.withDescription("determines everything that is drawn; 1 unless stated"),
    Flag.withDefault(1)
  ),
  device: Flag.String("device").pipe(
    Flag.withDescription("what is compared with the reference; wasm unless stated"),
    Flag.withMetavar("(wasm|reference|none)"),
    Flag.withDefault("wasm")
  ),
  json: file("json", "write the worst measurements and the distribution of errors as JSON"),
  html: file("html", "write a report with the distribution of errors")
}

const command = Command.make("gradcheck", flags, ({ html, json, ...given }) =>
  Effect.flatMap(
    Effect.promise(() => import("./run.ts")),
    ({ run }) => run({ ...given, html: Option.getOrUndefined(html), json: Option.getOrUndefined(json) })
  )
).pipe(
  Command.withDescription("Check the derivatives of every operation, transformation, layer, loss, optimizer and model"),
  Command.withExamples([
    { command: "gradcheck --filter matmul" },
    { command: "gradcheck --runs 10000 --html report.html", description: "For a night" }
  ])
)

const settings = Layer.mergeAll(
  NodeServices.layer,
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)

/** The code for a failure, after it has been said. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<number> => {
  const error = Cause.squash(cause)
  if (!Cause.hasFails(cause)) return Effect.as(Console.error(Cause.pretty(cause)), 1)
  if (error instanceof Refuted) return Effect.succeed(1)
  // Mistakes in the command line have been shown already.
  if (typeof error === "object" && error !== null && "_tag" in error && error._tag === "ShowHelp") {
    return Effect.succeed("errors" in error && Array.isArray(error.errors) && error.errors.length > 0 ? 2 : 0)
  }
  return Effect.as(
    Console.error(error instanceof Error ? error.message : String(error)),
    error instanceof UsageError ? 2 : 1
  )
}

/** Runs the command with `args`; gives the code that the process is to end with. */
export const main = (args: ReadonlyArray<string>): Effect.Effect<number> =>
  Command.runWith(command, { version })(args).pipe(
    Effect.provide(settings),
    Effect.exit,
    Effect.flatMap((exit) => (Exit.isSuccess(exit) ? Effect.succeed(0) : report(exit.cause)))
  )
