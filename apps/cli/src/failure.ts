/**
 * How commands fail, and how failures are said in one line.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import { unknown } from "./nearest.ts"

/** A command that cannot be understood; the exit code is 2. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/** Something the command needs is not there. */
export class Missing extends Data.TaggedError("Missing")<{ readonly what: string; readonly remedy: string }> {
  override get message(): string {
    return `${this.what}: ${this.remedy}`
  }
}

/** A recipe that does not learn from examples by gradients, so that there is nothing to examine. */
export class NothingToExamine extends Data.TaggedError("NothingToExamine")<{
  readonly recipe: string
  /** The training that learns in another way, if the recipe has one. */
  readonly training: string | undefined
}> {
  override get message(): string {
    const why =
      this.training === undefined
        ? "it has no trainings"
        : `its training '${this.training}' does not learn from examples by gradients`
    return `there is nothing to examine in ${this.recipe}: ${why}; name another recipe, for instance mnist-mlp`
  }
}

/** Recipes that came to nothing, or not to what they promise. */
export class Missed extends Data.TaggedError("Missed")<{ readonly troubles: ReadonlyArray<string> }> {
  override get message(): string {
    return this.troubles.join("; ")
  }
}

/** A training that was asked to stop by a signal; the exit code is the one that shells give for it. */
export class Interrupted extends Data.TaggedError("Interrupted")<{
  readonly signal: "SIGINT" | "SIGTERM"
  readonly message: string
}> {
  get exitCode(): number {
    return this.signal === "SIGINT" ? 130 : 143
  }
}

/** The entry of `table` that is called `given`. **Fails** `UsageError` with the nearest name where there is none. */
export const choose = <A>(
  kind: string,
  given: string,
  table: Readonly<Record<string, A>>
): Effect.Effect<A, UsageError> =>
  Object.hasOwn(table, given)
    ? Effect.succeed(table[given])
    : Effect.fail(new UsageError({ message: unknown(kind, given, Object.keys(table)) }))

const reasons: Readonly<Record<string, string>> = {
  AlreadyExists: "it exists already",
  BadResource: "it is not of the right kind",
  Busy: "it is busy",
  NotFound: "no such file or folder",
  PermissionDenied: "permission denied",
  UnexpectedEof: "it ends too early"
}

const verbs: Readonly<Record<string, string>> = {
  makeDirectory: "create",
  readFile: "read",
  readFileString: "read",
  writeFile: "write",
  writeFileString: "write"
}

const ofPlatform = ({ message, reason }: PlatformError): string => {
  if (reason._tag === "BadArgument" || reason.pathOrDescriptor === undefined) return message
  const verb = verbs[reason.method] ?? reason.method
  return `cannot ${verb} ${reason.pathOrDescriptor}: ${reasons[reason._tag] ?? reason.description ?? message}`
}

const isPlatformError = (error: unknown): error is PlatformError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "PlatformError"

/** `error` for people, in one line. */
export const describe = (error: unknown): string => {
  if (isPlatformError(error)) return ofPlatform(error)
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.split(/\s*\n\s*/).join("; ")
}
