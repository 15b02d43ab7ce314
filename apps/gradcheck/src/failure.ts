/**
 * How the program fails.
 */
import * as Data from "effect/Data"

/** A command that cannot be understood; the exit code is 2. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/** Laws that do not hold; the exit code is 1, and the report has said which. */
export class Refuted extends Data.TaggedError("Refuted")<{ readonly count: number }> {}
