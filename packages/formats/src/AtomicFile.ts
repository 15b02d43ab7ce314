/**
 * Writing a file whole or not at all.
 *
 * The bytes go to a temporary file in the folder of the target, are synced, and only then take the target's name. A
 * process that is killed at any moment leaves the previous file as it was (and perhaps a `.tmp` file beside it).
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Random from "effect/Random"

/** Bytes of one write: below the 2 GiB that systems take at once, and small enough to be interrupted between two. */
const block = 2 ** 24

/**
 * Replaces the content of the file at `path` by `bytes`, atomically.
 *
 * **Fails** `PlatformError` if the folder cannot be written; the file then still has its former content, and the
 * temporary file is removed, as it is on interruption.
 *
 * **Example** (Replacing a file)
 *
 * ```ts
 * AtomicFile.write("checkpoint.safetensors", bytes) // Effect<void, PlatformError, FileSystem>
 * ```
 */
export const write = (path: string, bytes: Uint8Array): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const temporary = yield* Effect.acquireRelease(claim(fs, path), (name, exit) =>
        Exit.isSuccess(exit) ? Effect.void : Effect.ignore(fs.remove(name, { force: true }))
      )
      yield* Effect.scoped(fill(fs, temporary, bytes))
      yield* fs.rename(temporary, path)
      yield* Effect.ignore(Effect.scoped(syncFolder(fs, path)))
    })
  )

/** Creates a file beside `path` that nobody else writes to. */
const claim = (fs: FileSystem.FileSystem, path: string): Effect.Effect<string, PlatformError> =>
  Random.nextIntBetween(0, 2 ** 32).pipe(
    Effect.map((unique) => `${path}.${unique.toString(36)}.tmp`),
    Effect.tap((name) => fs.writeFile(name, new Uint8Array(), { flag: "wx" })),
    Effect.retry({ times: 8, while: (error) => error.reason._tag === "AlreadyExists" })
  )

const fill = Effect.fnUntraced(function* (fs: FileSystem.FileSystem, path: string, bytes: Uint8Array) {
  const file = yield* fs.open(path, { flag: "w" })
  for (let start = 0; start < bytes.length; start += block) {
    yield* file.writeAll(bytes.subarray(start, start + block))
  }
  yield* file.sync
})

/** Makes the new name itself survive a power cut, where the system lets a folder be opened (Windows does not). */
const syncFolder = Effect.fnUntraced(function* (fs: FileSystem.FileSystem, path: string) {
  const end = path.lastIndexOf("/")
  const folder = yield* fs.open(end < 0 ? "." : path.slice(0, end + 1), { flag: "r" })
  yield* folder.sync
})
