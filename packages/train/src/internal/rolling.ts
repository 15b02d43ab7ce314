/**
 * One value at a time, each in a scope of its own.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

/** A value that is replaced again and again. */
export interface Rolling<A> {
  readonly current: () => A
  /** Acquires the next value, uninterrupted, then releases the one before it. What fails replaces nothing. */
  readonly replace: <E, R>(next: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Scope.Scope>>
}

/** A rolling value that starts with `first`; the last one is released with the surrounding scope. */
export const make = Effect.fnUntraced(function* <A, E, R>(
  first: Effect.Effect<A, E, R>
): Effect.fn.Return<Rolling<A>, E, Exclude<R, Scope.Scope> | Scope.Scope> {
  let scope = Scope.makeUnsafe()
  yield* Effect.addFinalizer(() => Effect.suspend(() => Scope.close(scope, Exit.void)))
  let value = yield* Scope.provide(first, scope)
  return {
    current: () => value,
    replace: (next) =>
      Effect.suspend(() => {
        const [before, fresh] = [scope, Scope.makeUnsafe()]
        return Scope.provide(next, fresh).pipe(
          Effect.onError(() => Scope.close(fresh, Exit.void)),
          Effect.tap((acquired) => {
            value = acquired
            scope = fresh
            return Scope.close(before, Exit.void)
          }),
          Effect.uninterruptible
        )
      })
  }
})
