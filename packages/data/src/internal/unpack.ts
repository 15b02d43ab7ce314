/** Archives into folders, believing nothing that they say. */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import * as Effect from "effect/Effect"
import * as Tar from "effect/encoding/Tar"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { abandoned, beside } from "./parts.ts"

/** What may come out of an archive. */
export interface Limits {
  /** Bytes of all files together. */
  readonly unpacked: number
  /** Files and folders; 100,000 unless stated. */
  readonly entries?: number
}

/** How an archive is unpacked. */
export interface UnpackOptions extends Limits {
  /** How many leading folders of its paths are left out; none unless stated. */
  readonly strip?: number
}

type Fail = (reason: string) => FormatError

/** The bytes that the gzipped file at `path` holds. */
const inflated = (
  path: string,
  fail: Fail
): Stream.Stream<Uint8Array, FormatError | PlatformError, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const packed = yield* Stream.toReadableStreamEffect(fs.stream(path))
      return Stream.fromReadableStream({
        // Bytes of a file never lie in shared memory.
        evaluate: () => (packed as ReadableStream<BufferSource>).pipeThrough(new DecompressionStream("gzip")),
        onError: (error) =>
          error instanceof PlatformError ? error : fail("its compression is damaged, or it ends too early")
      })
    })
  )

/** Why `path` may not be written below a folder, on any system. */
const objection = (path: string): string | undefined => {
  if (path.startsWith("/") || /^[a-z]:/i.test(path)) return "is absolute"
  if (/[\\]|\p{Control}/u.test(path)) return "has a backslash or a control character"
  if (path.split("/").some((segment) => segment === "..")) return "leaves its folder"
  return undefined
}

/** The path of an entry below the folder of the archive; nothing for the folders that are left out. */
const placeOf = (path: string, strip: number): string | undefined => {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".")
  return segments.length > strip ? segments.slice(strip).join("/") : undefined
}

/** What has come out of an archive so far. */
interface Tally {
  readonly names: Set<string>
  readonly folders: Set<string>
  bytes: number
  entries: number
}

/** Why an archive of which `tally` came out may not go on with `header`. */
const refusal = (
  { path, size, type }: Tar.Header,
  tally: Tally,
  { entries = 100_000, unpacked }: Limits
): string | undefined => {
  const name = JSON.stringify(path.slice(0, 200))
  const why = objection(path)
  if (why !== undefined) return `the path ${name} ${why}`
  if (type !== "File" && type !== "Directory") return `${name} is neither a file nor a folder, but ${type}`
  if (tally.entries >= entries) return `it has more than ${entries} entries`
  if (tally.bytes + size > unpacked) return `its files take more than ${unpacked} bytes`
  return undefined
}

/** Writes `entry` below `folder`. */
const write = Effect.fnUntraced(function* (
  { body, header }: Tar.Entry<FormatError | PlatformError | Tar.TarError>,
  { fail, folder, options, tally }: { fail: Fail; folder: string; options: UnpackOptions; tally: Tally }
) {
  const fs = yield* FileSystem.FileSystem
  const why = refusal(header, tally, options)
  if (why !== undefined) return yield* fail(why)
  tally.entries++
  tally.bytes += header.size
  const place = placeOf(header.path, options.strip ?? 0)
  if (place === undefined || header.type === "Directory") return
  // On some systems names that differ in case alone are one file.
  const name = place.toLowerCase()
  if (tally.names.has(name)) return yield* fail(`it has ${JSON.stringify(place)} twice`)
  tally.names.add(name)
  const path = `${folder}/${place}`
  const parent = path.slice(0, path.lastIndexOf("/"))
  if (!tally.folders.has(parent)) yield* fs.makeDirectory(parent, { recursive: true })
  tally.folders.add(parent)
  const file = yield* fs.open(path, { flag: "wx" })
  yield* Stream.runForEach(body, (chunk) => file.writeAll(chunk))
  yield* file.sync
})

/**
 * Unpacks the gzipped tar archive at `path` to `folder`, whole or not at all. If another run was faster, its folder
 * stands.
 *
 * **Fails** `FormatError` for an archive that is damaged, or that holds anything but files and folders below its own, or
 * more of them than `options` allow; `PlatformError` if something cannot be read or written.
 */
export const unpack = (
  path: string,
  folder: string,
  options: UnpackOptions
): Effect.Effect<void, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const fail = at("tar.gz", { path })
      yield* fs.makeDirectory(folder.slice(0, folder.lastIndexOf("/")), { recursive: true })
      const remove = (name: string) => Effect.ignore(fs.remove(name, { recursive: true, force: true }))
      yield* Effect.forEach(yield* abandoned(folder, ".tmp"), remove)
      const temporary = yield* Effect.acquireRelease(
        Effect.tap(beside(folder, ".tmp"), (name) => fs.makeDirectory(name)),
        remove
      )
      const tally: Tally = { names: new Set(), folders: new Set([temporary]), bytes: 0, entries: 0 }
      yield* inflated(path, fail).pipe(
        Stream.pipeThroughChannelOrFail(Tar.decode()),
        Stream.runForEach((entry) => Effect.scoped(write(entry, { fail, folder: temporary, options, tally }))),
        Effect.mapError((error) => (error._tag === "TarError" ? fail(error.message) : error))
      )
      const renamed = yield* Effect.exit(fs.rename(temporary, folder))
      if (Exit.isFailure(renamed) && !(yield* fs.exists(folder))) return yield* renamed
    })
  )

/**
 * Unpacks the gzipped file at `path` to `to`, whole or not at all.
 *
 * **Fails** `FormatError` for a file that is damaged, or that does not hold so many `bytes`; `PlatformError` if something
 * cannot be read or written.
 */
export const inflate = (
  path: string,
  to: string,
  bytes: number
): Effect.Effect<void, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const fail = at("gzip", { path })
      yield* fs.makeDirectory(to.slice(0, to.lastIndexOf("/")), { recursive: true })
      const remove = (name: string) => Effect.ignore(fs.remove(name, { force: true }))
      yield* Effect.forEach(yield* abandoned(to, ".tmp"), remove)
      const temporary = yield* Effect.acquireRelease(beside(to, ".tmp"), remove)
      const file = yield* fs.open(temporary, { flag: "wx" })
      let written = 0
      yield* Stream.runForEach(
        inflated(path, fail),
        Effect.fnUntraced(function* (chunk) {
          written += chunk.length
          if (written > bytes) return yield* fail(`it holds more than ${bytes} bytes`)
          yield* file.writeAll(chunk)
        })
      )
      if (written < bytes) return yield* fail(`it holds ${written} bytes, not ${bytes}`)
      yield* file.sync
      yield* fs.rename(temporary, to)
    })
  )
