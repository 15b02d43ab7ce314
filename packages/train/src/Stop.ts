/**
 * Asking a training to stop. It finishes its step, writes a checkpoint if it keeps one, and says why it stopped.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** A request to stop, once it is made; holds the reason. */
export interface Stop {
  readonly reason: Deferred.Deferred<string>
}

/** A request that nobody has made yet. */
export const make: Effect.Effect<Stop> = Effect.map(Deferred.make<string>(), (reason) => ({ reason }))

/** Asks for a stop. The first reason counts. */
export const request = (self: Stop, reason: string): Effect.Effect<void> =>
  Effect.asVoid(Deferred.succeed(self.reason, reason))

/** The reason of the request; undefined if there is none. */
export const requested = (self: Stop): Effect.Effect<string | undefined> =>
  Effect.suspend(() => (Deferred.isDoneUnsafe(self.reason) ? Deferred.await(self.reason) : Effect.undefined))
