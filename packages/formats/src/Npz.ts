/**
 * Several arrays in one zip archive, an npy file each, as `numpy.savez` and `numpy.savez_compressed` write them.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as Zip from "effect/encoding/Zip"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import * as AtomicFile from "./AtomicFile.ts"
import type { FormatError, Source } from "./FormatError.ts"
import { at } from "./FormatError.ts"
import type { Entry } from "./internal/zip.ts"
import { objection } from "./internal/zip.ts"
import * as Npy from "./Npy.ts"

/** What an npz file holds: arrays by name, without the suffix `.npy`. */
export type Npz = ReadonlyMap<string, HostArray>

/** Where bytes come from, and how far they may grow. */
export interface NpzSource extends Source {
  /** Bytes that all arrays together may inflate to, if that is more than the file has; 1 GiB unless told. */
  readonly limit?: number
}

type Fail = (reason: string) => FormatError

const suffix = ".npy"

const concatenate = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** The inflated bytes of `entry`. Memory grows with what the archive truly holds, never with what it claims. */
const bodyOf = (entry: Zip.Entry<Zip.ZipError>, limit: number, fail: Fail): Effect.Effect<Uint8Array, FormatError> =>
  entry.body.pipe(
    Stream.mapError((error) => fail(error.message)),
    Stream.runFoldEffect(
      () => ({ chunks: Array.of<Uint8Array>(), length: 0 }),
      (read, chunk) => {
        const length = read.length + chunk.length
        if (length > limit) return Effect.fail(fail(`its arrays inflate to more than the ${limit} bytes left to them`))
        read.chunks.push(chunk)
        return Effect.succeed({ chunks: read.chunks, length })
      }
    ),
    Effect.map(({ chunks }) => concatenate(chunks))
  )

/**
 * Reads an npz file, stored or deflated, from memory.
 *
 * **Fails** `FormatError` for an archive that is damaged, encrypted or ambiguous (a name twice, a directory that
 * contradicts the entries, bytes behind it), for entries other than npy files, and where the arrays inflate beyond
 * the limit.
 *
 * **Example** (Reading what was written)
 *
 * ```ts run
 * const x = { shape: [3], dtype: "u8", data: new Uint8Array([1, 2, 3]) } as const
 * const bytes = await Effect.runPromise(Npz.encode(new Map([["x", x]])))
 * const arrays = await Effect.runPromise(Npz.decode(bytes, { path: "arrays.npz" }))
 * arrays.get("x")?.shape // => [3]
 * ```
 */
export const decode = (bytes: Uint8Array, source: NpzSource): Effect.Effect<Npz, FormatError> => {
  const fail = at("npz", source)
  const limit = Math.max(bytes.length, source.limit ?? 2 ** 30)
  return Stream.make(bytes).pipe(
    Stream.pipeThroughChannel(Zip.decode()),
    Stream.mapError((error) => fail(error.message)),
    Stream.runFoldEffect(
      () => ({ arrays: new Map<string, HostArray>(), entries: Array.of<Entry>(), inflated: 0 }),
      Effect.fnUntraced(function* ({ arrays, entries, inflated }, entry) {
        const { path } = entry.header
        const name = path.slice(0, -suffix.length)
        if (!path.endsWith(suffix)) return yield* fail(`its entry ${JSON.stringify(path)} is not an npy file`)
        if (arrays.has(name)) return yield* fail(`it has the entry ${JSON.stringify(path)} twice`)
        const body = yield* bodyOf(entry, limit - inflated, fail)
        arrays.set(name, yield* Npy.decode(body, { path: `${source.path}/${path}` }))
        entries.push({ path, size: body.length })
        return { arrays, entries, inflated: inflated + body.length }
      })
    ),
    Effect.flatMap(({ arrays, entries }) => {
      const reason = objection(bytes, entries)
      return reason === undefined ? Effect.succeed(arrays) : Effect.fail(fail(reason))
    })
  )
}

/**
 * The bytes of an npz file, stored without compression as `numpy.savez` does; the same bytes for the same arrays.
 *
 * **Fails** `ZipError` for a name that no archive may have: empty, absolute, with a backslash or NUL.
 *
 * **Throws** `DTypeError` for `bf16`, which NumPy does not have.
 */
export const encode = (arrays: Npz): Effect.Effect<Uint8Array, Zip.ZipError> =>
  Stream.fromIterable(arrays).pipe(
    Stream.map(([name, array]) => Zip.file(name + suffix, Npy.encode(array), { method: "Store" })),
    Stream.pipeThroughChannel(Zip.encode()),
    Stream.runCollect,
    Effect.map(concatenate)
  )

/** Reads the file at `path`. **Fails** `PlatformError` if it cannot be read, `FormatError` as `decode` does. */
export const readFile: (
  path: string,
  options?: Omit<NpzSource, "path">
) => Effect.Effect<Npz, FormatError | PlatformError, FileSystem.FileSystem> = Effect.fnUntraced(
  function* (path, options) {
    const fs = yield* FileSystem.FileSystem
    return yield* decode(yield* fs.readFile(path), { ...options, path })
  }
)

/** Writes the file at `path`, whole or not at all. **Fails** as `encode` does, and with `PlatformError`. */
export const writeFile = (
  path: string,
  arrays: Npz
): Effect.Effect<void, Zip.ZipError | PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(encode(arrays), (bytes) => AtomicFile.write(path, bytes))
