/**
 * Combinators on the events of a training that end it early.
 */
import { NonFinite } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Event } from "./Event.ts"
import type { Stop } from "./Stop.ts"
import * as Stops from "./Stop.ts"

/** What counts as an improvement. */
export interface Criterion {
  /** `loss`, or the name of a metric of the evaluation. */
  readonly metric: string
  /** Whether more is better; unless stated, less is. */
  readonly maximize?: boolean
  /** The least change that counts. */
  readonly least?: number
}

/** What counts as an improvement, and how long to wait for one. */
export interface Patience extends Criterion {
  /** The request that the training was given. */
  readonly stop: Stop
  /** Epochs without an improvement after which the training is asked to stop. */
  readonly epochs: number
}

/** The metric of an epoch; NaN if it was not measured. */
export const measured = (event: typeof Event.cases.EpochFinished.Type, metric: string): number =>
  (metric === "loss" ? event.loss : event.metrics[metric]) ?? Number.NaN

/** The best value so far, and the epochs since then. */
interface Best {
  readonly value: number
  readonly age: number
}

/**
 * Asks the training to stop when a metric has not improved for some epochs. The events pass unchanged; the training
 * itself ends them, after its checkpoint, with the reason. An epoch without the metric, or where it is NaN, is one
 * without an improvement.
 *
 * **Source** Prechelt 1998, "Early Stopping - But When?", the criterion of successive strips without progress.
 */
export const stopWhenNoImprovement =
  ({ epochs, least = 0, maximize = false, metric, stop }: Patience) =>
  <E, R>(events: Stream.Stream<Event, E, R>): Stream.Stream<Event, E, R> => {
    const sign = maximize ? -1 : 1
    const judge = (best: Best, event: Event): Best => {
      if (event._tag !== "EpochFinished") return best
      const value = sign * measured(event, metric)
      return value < best.value - least ? { value, age: 0 } : { value: best.value, age: best.age + 1 }
    }
    return Stream.mapAccumEffect(
      events,
      (): Best => ({ value: Infinity, age: 0 }),
      (best, event) => {
        const next = judge(best, event)
        const request = Stops.request(stop, `no improvement of ${metric} for ${epochs} epochs`)
        return Effect.as(next.age >= epochs ? request : Effect.void, [next, [event]] as const)
      }
    )
  }

/**
 * Fails with `NonFinite` at the first loss that is NaN or infinite. No checkpoint is written after it, so the last one
 * holds a state from before.
 */
export const failWhenNotFinite = <E, R>(events: Stream.Stream<Event, E, R>): Stream.Stream<Event, E | NonFinite, R> =>
  Stream.mapEffect(events, (event) =>
    (event._tag === "Step" || event._tag === "EpochFinished") && !Number.isFinite(event.loss)
      ? Effect.fail(
          new NonFinite({
            operation: `the loss of step ${event.step}`,
            value: String(event.loss),
            hint: "device.compileChecked(step) names the operation and its line of code"
          })
        )
      : Effect.succeed(event)
  )
