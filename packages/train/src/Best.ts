/**
 * Keeping the best state of a training, not the last one.
 */
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Criterion } from "./EarlyStopping.ts"
import { measured } from "./EarlyStopping.ts"
import type { Event } from "./Event.ts"
import type { Training } from "./Fit.ts"
import { toHost } from "./Host.ts"

/** Where a training was best. */
export interface Best<S> {
  readonly epoch: number
  /** The metric there. */
  readonly value: number
  /** The state after that epoch, in the memory of the host. */
  readonly state: S
}

/** A training that knows where it was best. */
export interface Keeping<S, E, R> {
  readonly events: Stream.Stream<Event, E | DeviceError, R | Device>
  /** Undefined before the first epoch in which the metric is a number. */
  readonly best: Effect.Effect<Best<S> | undefined>
}

/**
 * Keeps the state after the epoch in which a metric was best, the first of equals. Early stopping gives the state that it
 * waited in vain to be surpassed:
 *
 * ```ts
 * const { best, events } = keepBest(yield* fit({ ...options, stop }), { metric: "loss" })
 * yield* Stream.runDrain(stopWhenNoImprovement({ metric: "loss", epochs: 5, stop })(events))
 * const { state } = (yield* best)!
 * ```
 *
 * **Fails** as reading from the device does.
 */
export const keepBest = <S, E, R>(training: Training<S, E, R>, criterion: Criterion): Keeping<S, E, R> => {
  const { least = 0, maximize = false } = criterion
  let kept: Best<S> | undefined
  const isBetter = (value: number): boolean =>
    !Number.isNaN(value) && (kept === undefined || (maximize ? value > kept.value + least : value < kept.value - least))
  return {
    // The next step begins when this is done: until then the state is that of the epoch.
    events: Stream.tap(training.events, (event) => {
      const value = event._tag === "EpochFinished" ? measured(event, criterion.metric) : Number.NaN
      if (event._tag !== "EpochFinished" || !isBetter(value)) return Effect.void
      return Effect.map(Effect.flatMap(training.state, toHost), (state) => {
        kept = { epoch: event.epoch, value, state }
      })
    }),
    best: Effect.sync(() => kept)
  }
}
