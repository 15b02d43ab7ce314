import * as Stops from "@cotangent/train/Stop"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Signals that ask a program to end. */
export const signals = ["SIGINT", "SIGTERM"] as const

/** A signal that asks a program to end. */
export type Signal = (typeof signals)[number]

/**
 * Asks for a stop, with the name of the signal as reason, while the scope is open. The second signal ends the process
 * at once.
 */
export const stopOnSignals = (stop: Stops.Stop): Effect.Effect<void, never, Scope.Scope> =>
  Effect.forEach(
    signals,
    (signal) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          let isFirst = true
          const listener = (): void => {
            if (!isFirst) process.exit(signal === "SIGINT" ? 130 : 143)
            isFirst = false
            Effect.runSync(Stops.request(stop, signal))
          }
          process.on(signal, listener)
          return listener
        }),
        (listener) => Effect.sync(() => process.off(signal, listener))
      ),
    { discard: true }
  )
