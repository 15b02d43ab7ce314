/**
 * Files and archives from the network, kept in the cache.
 *
 * A transfer that breaks off is taken up where it ended, also by a later run; nothing is used before its checksum is
 * right; and what is in the cache under its name is whole. Runs at the same time may fetch the same: each writes files of
 * its own, and the first that is done gives them their name.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as FileSystem from "effect/FileSystem"
import type { HttpClient } from "effect/http/HttpClient"
import * as ByteSize from "effect/ByteSize"
import type { PlatformError } from "effect/PlatformError"
import * as Schedule from "effect/Schedule"
import { DataCache } from "./DataCache.ts"
import type { DownloadError } from "./DownloadError.ts"
import { failureOf } from "./DownloadError.ts"
import { checksum } from "./internal/checksum.ts"
import { claim } from "./internal/parts.ts"
import { transfer } from "./internal/transfer.ts"
import type { Limits } from "./internal/unpack.ts"
import { inflate, unpack } from "./internal/unpack.ts"

/**
 * The checksum of a file, as subresource integrity spells it: an algorithm and a digest in base64.
 *
 * **Source** W3C 2016, "Subresource Integrity", section 3.
 */
export type Integrity = `sha256-${string}` | `sha512-${string}`

/** The checksum that is spelled by 64 hexadecimal digits. **Throws** `ArgumentError` for anything else. */
export const sha256 = (digits: string): Integrity => {
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw new ArgumentError({ operation: "Download.sha256", expected: "64 hexadecimal digits", received: digits })
  }
  return `sha256-${Base64.encode(Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))}`
}

/** A file that was published. */
export interface Remote {
  /** What it is, in words for those who wait for it. */
  readonly what: string
  readonly url: string
  readonly integrity: Integrity
  /** How many bytes it has, where that was published, too. */
  readonly bytes?: number
}

/** A gzipped tar archive that was published, and what may come out of it. */
export interface Archive extends Remote, Limits {
  /** Where its files go, below the folder of the cache. */
  readonly into: string
  /** How many leading folders of its paths are left out; none unless stated. */
  readonly strip?: number
}

/** A gzipped file that was published, and what comes out of it. */
export interface Packed extends Remote {
  /** Where that goes, below the folder of the cache. */
  readonly into: string
  /** How many bytes it has. */
  readonly unpacked: number
}

/** What fetching asks for. */
export type Services = DataCache | FileSystem.FileSystem | HttpClient

type Failure = DownloadError | PlatformError

const isTransient = (error: Failure): error is DownloadError => error._tag === "DownloadError" && error.isTransient

const isAltered = (error: Failure): boolean => error._tag === "DownloadError" && error.reason === "altered"

/** Fetches `remote` to `path`, whole and right. */
const fetch = Effect.fnUntraced(function* (remote: Remote, path: string) {
  const fs = yield* FileSystem.FileSystem
  const { isOffline, pause, report } = yield* DataCache
  const fail = failureOf(remote)
  if (isOffline) return yield* fail("offline", "it is not in the cache, and downloads are not allowed")
  yield* fs.makeDirectory(path.slice(0, path.lastIndexOf("/")), { recursive: true })
  const part = yield* claim(path)
  const wasBegun = (yield* fs.stat(part)).size > ByteSize.bytes(0)
  const attempt = Effect.gen(function* () {
    yield* transfer({ remote, path: part }).pipe(
      Effect.tapError((error) =>
        isTransient(error) ? report({ _tag: "Retrying", what: remote.what, reason: error.detail }) : Effect.void
      ),
      Effect.retry({ while: isTransient, times: 3, schedule: Schedule.exponential(pause) })
    )
    const received = yield* checksum(fs.stream(part), remote.integrity)
    if (received === remote.integrity) return
    yield* fs.truncate(part, 0)
    return yield* fail("altered", `its checksum is ${received}, but ${remote.integrity} was published`)
  })
  // What an earlier run left may be of something else; then all of it is fetched once more.
  yield* Effect.retry(attempt, { times: wasBegun ? 1 : 0, while: isAltered })
  yield* fs.rename(part, path)
})

/** The end of an address, as the name of a file. */
const nameOf = (url: string): string => (/[^/?#]+(?=[?#]|$)/.exec(url)?.[0] ?? "file").replaceAll(/[^\w.+-]/g, "_")

/**
 * The path of a published file in the cache, fetched on its first use.
 *
 * **Fails** `DownloadError` if it is not there and cannot be fetched; `PlatformError` if the cache cannot be written.
 *
 * **Example** (Fetching a file once)
 *
 * ```ts
 * Download.file({
 *   what: "CIFAR-10",
 *   url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
 *   integrity: Download.sha256("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
 * }) // Effect<string, DownloadError | PlatformError, Services>
 * ```
 */
export const file = (remote: Remote): Effect.Effect<string, DownloadError | PlatformError, Services> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { folder, report } = yield* DataCache
      // The name holds a part of the checksum, so what is published anew is fetched anew.
      const digest = remote.integrity.replaceAll(/[^a-zA-Z0-9]/g, "").slice(0, 20)
      const path = `${folder}/files/${digest}-${nameOf(remote.url)}`
      if (!(yield* fs.exists(path))) yield* fetch(remote, path)
      yield* report({ _tag: "Ready", what: remote.what, path })
      return path
    })
  )

/** What a fetched file is made into, below the folder of the cache, on its first use. */
const opened = <R extends Remote & { readonly into: string }>(
  remote: R,
  open: (packed: string, path: string) => Effect.Effect<void, FormatError | PlatformError, FileSystem.FileSystem>
): Effect.Effect<string, DownloadError | FormatError | PlatformError, Services> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const cache = yield* DataCache
    const path = `${cache.folder}/${remote.into}`
    if (!(yield* fs.exists(path))) {
      const packed = yield* file(remote)
      yield* cache.report({ _tag: "Unpacking", what: remote.what })
      yield* open(packed, path)
      yield* Effect.ignore(fs.remove(packed))
    }
    yield* cache.report({ _tag: "Ready", what: remote.what, path })
    return path
  })

/**
 * The folder with the files of a published archive, fetched and unpacked on its first use.
 *
 * **Fails** as `file` does; `FormatError` for an archive that is damaged, that holds anything but files and folders
 * below its own, or more of them than was said.
 */
export const folder = (
  archive: Archive
): Effect.Effect<string, DownloadError | FormatError | PlatformError, Services> =>
  opened(archive, (packed, path) => unpack(packed, path, archive))

/**
 * The path of what a published gzipped file holds, fetched and unpacked on its first use.
 *
 * **Fails** as `file` does; `FormatError` for a file that is damaged, or holds more or less than was said.
 */
export const unpacked = (
  packed: Packed
): Effect.Effect<string, DownloadError | FormatError | PlatformError, Services> =>
  opened(packed, (from, to) => inflate(from, to, packed.unpacked))
