/**
 * How a check of derivatives fails.
 */
import * as Schema from "effect/Schema"

/** An element of the inputs or outputs: `0.weight[2]`. */
const at = (path: string, index: ReadonlyArray<number>): string =>
  `${path === "" ? "the function" : path}${index.length === 0 ? "" : `[${index.join(", ")}]`}`

/** A law that a function does not obey, with the smallest inputs that were found to show it. */
export class GradientMismatch extends Schema.TaggedError<GradientMismatch>()("GradientMismatch", {
  /** What was checked. */
  name: Schema.String,
  law: Schema.String,
  /** What the law says. */
  statement: Schema.String,
  /** What was computed: `jvp`, `reverse over reverse`. */
  what: Schema.String,
  /** The path of an input among the arguments, as in `0.weight`; empty where the law is about no single input. */
  input: Schema.String,
  index: Schema.Array(Schema.Int),
  /** Which output; empty where the law is about no single output. */
  output: Schema.String,
  outputIndex: Schema.Array(Schema.Int),
  expected: Schema.String,
  received: Schema.String,
  /** The inputs, as lines of text. */
  counterexample: Schema.String,
  /** With `path`, draws the counterexample again. */
  seed: Schema.Int,
  path: Schema.String
}) {
  override get message(): string {
    return [
      `${this.name}: expected that ${this.statement}, which it is not`,
      `  ${this.what}${this.place}: expected ${this.expected}, received ${this.received}`,
      `  counterexample:\n${this.counterexample.replaceAll(/^/gm, "    ")}`,
      `  to replay: { laws: ["${this.law}"], seed: ${this.seed}, path: "${this.path}" }`
    ].join("\n")
  }

  /** Which derivative is wrong, as text. */
  get place(): string {
    const output = this.output === "" ? "" : ` of ${at(this.output, this.outputIndex)}`
    return this.input === "" ? output : `${output} by input ${at(this.input, this.index)}`
  }
}
