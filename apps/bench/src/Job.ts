/**
 * What a process of its own is to time, and what it says.
 */
import * as Schema from "effect/Schema"

/** One workload, how and for how long. */
export const Job = Schema.Struct({
  workload: Schema.String,
  /** What runs it: a device of ours, or another library. */
  device: Schema.String,
  threads: Schema.Finite,
  isQuick: Schema.Boolean,
  /** Where the trace of a profile goes; no profile is taken if absent. */
  trace: Schema.optionalKey(Schema.String)
})

export interface Job extends Schema.Schema.Type<typeof Job> {}

/** Jobs as JSON and back. */
export const json = Schema.fromJsonString(Job)
