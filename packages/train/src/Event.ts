/**
 * What a training says while it runs. Events are plain data with a schema, so they can be printed, stored and sent.
 */
// @effect-diagnostics schemaNumber:off
import * as Schema from "effect/Schema"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** Numbers by name. A training that diverges has losses that are not finite. */
const Metrics = Schema.Record(Schema.String, Schema.Number)

/**
 * An event of a training. Epochs count from 0, steps from 1.
 *
 * - `Started`: where it begins; `step` steps were done before.
 * - `Step`: the loss and metrics of one step; `examples` and `millis` count since the `Step` before it.
 * - `EpochFinished`: the mean of the losses that were read, and what the evaluation gave.
 * - `Checkpointed`: everything up to `step` is in the file at `path`.
 * - `Stopped`: the last event; `reason` is `completed` unless something asked the training to stop.
 */
export const Event = Schema.TaggedUnion({
  Started: { device: Schema.String, epoch: Count, epochs: Count, step: Count },
  Step: { step: Count, epoch: Count, loss: Schema.Number, metrics: Metrics, examples: Count, millis: Schema.Finite },
  EpochFinished: { epoch: Count, step: Count, loss: Schema.Number, metrics: Metrics, millis: Schema.Finite },
  Checkpointed: { path: Schema.String, step: Count },
  Stopped: { reason: Schema.String, epoch: Count, step: Count }
})

/** An event of a training. */
export type Event = typeof Event.Type

/** Where a training stands: the batch that comes next, and how many steps were done. */
export const Cursor = Schema.Struct({ epoch: Count, batch: Count, step: Count })

/** Where a training stands: the batch that comes next, and how many steps were done. */
export type Cursor = typeof Cursor.Type

/** The beginning of a training. */
export const start: Cursor = { epoch: 0, batch: 0, step: 0 }
