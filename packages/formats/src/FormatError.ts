/**
 * What a reader says of a file that it cannot trust.
 */
import * as Schema from "effect/Schema"

/** A file that is truncated, altered, or lies about itself; `reason` says where it departs from its format. */
export class FormatError extends Schema.TaggedError<FormatError>()("FormatError", {
  path: Schema.String,
  format: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.path} is not a valid ${this.format} file: ${this.reason}`
  }
}

/** Where bytes come from, for the text of failures. */
export interface Source {
  readonly path: string
}

/** Makes the failures of one file. */
export const at =
  (format: string, { path }: Source): ((reason: string) => FormatError) =>
  (reason) =>
    new FormatError({ path, format, reason })
