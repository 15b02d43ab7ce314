/**
 * Files that are not whole yet.
 *
 * Each part has one writer: who writes `x` first makes the part its own by renaming it, which only one can. A part that
 * was left in good order is `x.part`; one whose writer was killed is known by the time that it was last written.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"

/** After this time without a byte a part has no writer any more. **Units** milliseconds. */
const abandonedAfter = 10 * 60_000

/** Splits `path` at its last slash. */
const placeOf = (path: string): { readonly folder: string; readonly name: string } => {
  const end = path.lastIndexOf("/")
  return { folder: path.slice(0, Math.max(end, 0)) || (end < 0 ? "." : "/"), name: path.slice(end + 1) }
}

/** A name beside `path` that nobody else has. */
export const beside = (path: string, suffix: string): Effect.Effect<string> =>
  Effect.map(Random.nextIntBetween(0, 2 ** 52), (unique) => `${path}.${unique.toString(36)}${suffix}`)

/** Files and folders beside `path`, called like it with `suffix`, that nobody has written to for a while. */
export const abandoned = Effect.fnUntraced(function* (path: string, suffix: string) {
  const fs = yield* FileSystem.FileSystem
  const now = yield* Clock.currentTimeMillis
  const { folder, name } = placeOf(path)
  const entries = (yield* fs.readDirectory(folder)).filter(
    (entry) => entry.startsWith(`${name}.`) && entry.endsWith(suffix) && entry !== `${name}${suffix}`
  )
  return yield* Effect.filter(
    entries.map((entry) => `${folder}/${entry}`),
    (entry) =>
      Effect.match(fs.stat(entry), {
        // Somebody else took it.
        onFailure: () => false,
        onSuccess: ({ mtime }) => Option.exists(mtime, (date) => now - date.getTime() > abandonedAfter)
      })
  )
})

/**
 * A file beside `path` that belongs to the surrounding scope: the part of an earlier attempt, or an empty one. When the
 * scope fails it stays, for the next attempt.
 */
export const claim = (path: string): Effect.Effect<string, PlatformError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const idle = `${path}.part`
    const own = yield* beside(path, ".part")
    const acquire = Effect.gen(function* () {
      const now = new Date(yield* Clock.currentTimeMillis)
      for (const candidate of [idle, ...(yield* abandoned(path, ".part"))]) {
        // Touched before it is renamed, it is never seen as the abandoned part of its new owner.
        const take = Effect.andThen(fs.utimes(candidate, now, now), fs.rename(candidate, own))
        if (Exit.isSuccess(yield* Effect.exit(take))) return own
      }
      yield* fs.writeFile(own, new Uint8Array(), { flag: "wx" })
      return own
    })
    return yield* Effect.acquireRelease(acquire, (part) => Effect.ignore(fs.rename(part, idle)))
  })
