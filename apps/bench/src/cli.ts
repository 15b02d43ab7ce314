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
import { UsageError } from "./failure.ts"
import { version } from "./version.ts"

const file = (name: string, what: string) =>
  Flag.String(name).pipe(Flag.withDescription(what), Flag.withMetavar("FILE"), Flag.optional)

const flags = {
  workloads: Flag.String("workloads").pipe(
    Flag.withDescription("which to run, separated by commas; all unless stated"),
    Flag.withMetavar("NAMES"),
    Flag.withDefault("")
  ),
  threads: Flag.Int("threads").pipe(
    Flag.withDescription("how many threads compute; as many as there are cores, up to 8, unless stated"),
    Flag.withMetavar("N"),
    Flag.filter(
      (value) => value >= 1,
      () => "a whole number from 1"
    ),
    Flag.optional
  ),
  device: Flag.String("device").pipe(
    Flag.withDescription("what to run on; wasm unless stated"),
    Flag.withMetavar("(wasm|reference|cuda)"),
    Flag.withDefault("wasm")
  ),
  quick: Flag.Boolean("quick").pipe(
    Flag.withDescription("a few calls each: to see that results are right"),
    Flag.withDefault(false)
  ),
  peers: Flag.String("peers").pipe(
    Flag.withDescription(
      "time other libraries as well, as --peers=NAMES some of them: tfjs-wasm, jax-js, pytorch, torch.compile"
    ),
    Flag.withMetavar("NAMES"),
    Flag.withOptionalValue(""),
    Flag.optional
  ),
  json: file("json", "write the results, a line of JSON each"),
  profile: file("profile", "print the time of each kernel, write a trace for Chrome (of the last workload)"),
  record: Flag.Boolean("record").pipe(Flag.withDescription("write docs/benchmarks.md"), Flag.withDefault(false))
}

const command = Command.make("bench", flags, ({ json, peers, profile, threads, ...given }) =>
  Effect.flatMap(
    Effect.promise(() => import("./run.ts")),
    ({ run }) =>
      run({
        ...given,
        json: Option.getOrUndefined(json),
        peers: Option.getOrUndefined(peers),
        profile: Option.getOrUndefined(profile),
        threads: Option.getOrUndefined(threads)
      })
  )
).pipe(
  Command.withDescription("Time workloads, and check what they compute"),
  Command.withExamples([
    { command: "bench --workloads mlp_64,lenet" },
    { command: "bench --peers --record", description: "Beside other libraries, for docs/benchmarks.md" },
    { command: "bench --workloads gpt --profile trace.json", description: "Where the time goes" }
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
