/**
 * How the program fails.
 */
import * as Data from "effect/Data"

/** A command that cannot be understood; the exit code is 2. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/** Results that are wrong, or workloads that did not run; the exit code is 1. */
export class Wrong extends Data.TaggedError("Wrong")<{ readonly message: string }> {}
