/**
 * The command line: what is called, how help and mistakes are shown, and which code the process ends with.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import type { NonShowHelpErrors } from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import type { HelpDoc } from "effect/cli/HelpDoc"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { devices } from "./command/devices.ts"
import { diagnose } from "./command/diagnose.ts"
import { predict } from "./command/predict.ts"
import { train } from "./command/train.ts"
import { describe, Interrupted, UsageError } from "./failure.ts"
import { unknown } from "./nearest.ts"
import { version } from "./version.ts"

const root = Command.make("cotangent").pipe(
  Command.withDescription("Train neural networks, examine and ask them, and see what they run on"),
  Command.withSubcommands([train, diagnose, predict, devices])
)

/** A mistake in the command line, in one line with the nearest valid name. */
export const explain = (error: NonShowHelpErrors, help: HelpDoc): string => {
  switch (error._tag) {
    case "UnrecognizedOption": {
      const flags = [...help.flags, ...(help.globalFlags ?? [])]
      return unknown(
        "flag",
        error.option,
        flags.map(({ name }) => `--${name}`)
      )
    }
    case "UnknownSubcommand": {
      const commands = (help.subcommands ?? []).flatMap((group) => group.commands.map(({ name }) => name))
      return unknown("command", error.subcommand, commands)
    }
    default:
      return describe(error)
  }
}

/** Help as usual; of mistakes only the first, in one line. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(explain(event.errors[0], event.helpDoc))
      : CliOutput.defaultPresenter.present(event)
}

const settings = Layer.mergeAll(
  NodeServices.layer,
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)

/** The code for a failure, after it has been said. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<number> => {
  const error = Cause.squash(cause)
  if (!Cause.hasFails(cause)) return Effect.as(Console.error(Cause.pretty(cause)), 1)
  // Mistakes in the command line have been shown by the presenter.
  if (typeof error === "object" && error !== null && "_tag" in error && error._tag === "ShowHelp") {
    return Effect.succeed("errors" in error && Array.isArray(error.errors) && error.errors.length > 0 ? 2 : 0)
  }
  if (error instanceof Interrupted) return Effect.as(Console.error(error.message), error.exitCode)
  return Effect.as(Console.error(describe(error)), error instanceof UsageError ? 2 : 1)
}

/** Runs the command that `args` call for; gives the code that the process is to end with. */
export const main = (args: ReadonlyArray<string>): Effect.Effect<number> =>
  Command.runWith(root, { version })(args).pipe(
    Effect.provide(settings),
    Effect.exit,
    Effect.flatMap((exit) => (Exit.isSuccess(exit) ? Effect.succeed(0) : report(exit.cause)))
  )
