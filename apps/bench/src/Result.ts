/**
 * What came of timing a workload: one line of JSON.
 */
import * as Schema from "effect/Schema"

/** **Units** milliseconds, bytes. */
export const Result = Schema.Struct({
  workload: Schema.String,
  device: Schema.String,
  threads: Schema.Finite,
  /** The first call in a fresh process, compiling included. */
  firstMs: Schema.Finite,
  medianMs: Schema.Finite,
  minMs: Schema.Finite,
  gflops: Schema.optionalKey(Schema.Finite),
  gbps: Schema.optionalKey(Schema.Finite),
  peakBytes: Schema.Finite,
  check: Schema.Array(Schema.Finite)
})

/** One row of the table. */
export interface Result extends Schema.Schema.Type<typeof Result> {}

/** Results as JSON and back. */
export const json = Schema.fromJsonString(Result)
