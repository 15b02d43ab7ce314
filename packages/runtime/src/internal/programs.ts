/**
 * The executables of one device, by the structure of their programs.
 */
import * as Key from "@cotangent/compiler/Key"
import type { Program } from "@cotangent/tensor/Program"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Backend, Executable } from "../Backend.ts"
import type { CompileFailed, OutOfMemory } from "../errors.ts"

/** Compiles each structure once and keeps what was used last. */
export interface Programs {
  /** The executable of `program` for as long as `scope` is open. */
  readonly acquire: (request: Request, scope: Scope.Scope) => Effect.Effect<Executable, CompileFailed | OutOfMemory>
  /** All that are kept, those that were asked for last at the end. */
  readonly kept: () => ReadonlyArray<Kept>
}

/** An executable, and what it was called when it was compiled. */
export interface Kept {
  readonly name: string
  readonly executable: Executable
}

/** A program to compile. */
export interface Request {
  readonly name: string
  /** Its leaves may be any tensors: what the executable computes depends on its structure only. */
  readonly program: Program
  readonly donated: ReadonlySet<number>
  /** `program` with parameters for leaves; asked for only when it must be compiled. */
  readonly closed: () => Program
}

interface Entry extends Kept {
  readonly scope: Scope.Closeable
  users: number
}

/** Executables of `backend`, at most `capacity` that nobody uses. They are released with the surrounding scope. */
export const make = Effect.fnUntraced(function* (
  backend: Backend,
  capacity: number
): Effect.fn.Return<Programs, never, Scope.Scope> {
  const keyOf = Key.make()
  const entries = new Map<string, Entry>()
  const compiling = yield* Semaphore.make(1)
  yield* Effect.addFinalizer(() => Effect.forEach([...entries.values()], close, { discard: true }))

  /** Drops what was used longest ago, but nothing that is in use. */
  const evict = Effect.suspend(() => {
    const idle = [...entries].filter(([, entry]) => entry.users === 0)
    const dropped = idle.slice(0, Math.max(0, entries.size - capacity))
    for (const [key] of dropped) entries.delete(key)
    return Effect.forEach(dropped, ([, entry]) => close(entry), { discard: true })
  })

  const compile = (
    { closed, donated, name }: Request,
    scope: Scope.Closeable
  ): Effect.Effect<Entry, CompileFailed | OutOfMemory> =>
    Effect.map(
      Effect.suspend(() => backend.compile(closed(), { donated })),
      (executable) => ({ name, executable, scope, users: 0 })
    ).pipe(Scope.provide(scope))

  /** Counts one user of the entry, so that it stays. */
  const enter = Effect.fnUntraced(function* (
    request: Request,
    restore: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) {
    const key = `${[...request.donated].join()}\n${keyOf(request.program)}`
    let entry = entries.get(key)
    if (entry === undefined) {
      const scope = yield* Scope.make()
      entry = yield* restore(compile(request, scope)).pipe(Effect.onError(() => Scope.close(scope, Exit.void)))
    }
    // The map keeps the order of insertion: what was used longest ago comes first.
    entries.delete(key)
    entries.set(key, entry)
    entry.users++
    return entry
  })

  const leave = (entry: Entry): Effect.Effect<void> =>
    Effect.suspend(() => {
      entry.users--
      return evict
    })

  return {
    acquire: (request, scope) =>
      compiling.withPermits(1)(
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(enter(request, restore), (entry) =>
            Effect.as(Scope.addFinalizer(scope, leave(entry)), entry.executable)
          )
        )
      ),
    kept: () => [...entries.values()]
  }
})

const close = ({ scope }: Entry): Effect.Effect<void> => Scope.close(scope, Exit.void)
