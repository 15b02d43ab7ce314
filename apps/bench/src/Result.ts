/**
 * What came of timing a workload: one line of JSON.
 */
import * as Schema from "effect/Schema"

/** **Units** milliseconds, bytes. */
export const Result = Schema.Struct({
  workload: Schema.String,
  /** One of ours, or another library. */
  device: Schema.String,
  threads: Schema.Finite,
  /** The first call in a fresh process, compiling included. */
  firstMs: Schema.Finite,
  medianMs: Schema.Finite,
  minMs: Schema.Finite,
  gflops: Schema.optionalKey(Schema.Finite),
  gbps: Schema.optionalKey(Schema.Finite),
  /** The most that buffers and the scratch memory of a run took together; other libraries do not tell. */
  peakBytes: Schema.optionalKey(Schema.Finite),
  check: Schema.Array(Schema.Finite)
})

/** One row of the table. */
export interface Result extends Schema.Schema.Type<typeof Result> {}

/** Results as JSON and back. */
export const json = Schema.fromJsonString(Result)

/** A workload that another library was not timed at. */
const Skipped = Schema.Struct({ workload: Schema.String, device: Schema.String, reason: Schema.String })

/** What came of timing a workload of another library. */
const Outcome = Schema.Union([Result, Skipped])

export type Outcome = typeof Outcome.Type

/** Outcomes as JSON and back. */
export const outcomeJson = Schema.fromJsonString(Outcome)

/** Times of calls. **Units** milliseconds. */
export interface Times {
  readonly first: number
  /** Those after warming up. */
  readonly rest: ReadonlyArray<number>
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)]

/** What is said of a workload that took `times`. */
export const summary = (
  { bytes, name, operations }: { readonly name: string; readonly bytes?: number; readonly operations?: number },
  { first, rest }: Times
): Pick<Result, "workload" | "firstMs" | "medianMs" | "minMs" | "gflops" | "gbps"> => {
  const medianMs = median(rest)
  return {
    workload: name,
    firstMs: first,
    medianMs,
    minMs: rest.reduce((least, each) => Math.min(least, each), Infinity),
    ...(operations === undefined ? {} : { gflops: operations / medianMs / 1e6 }),
    ...(bytes === undefined ? {} : { gbps: bytes / medianMs / 1e6 })
  }
}
