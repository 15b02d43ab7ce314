/** One transfer by HTTP into a file that may hold the beginning already. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { DataCache } from "../DataCache.ts"
import type { Remote, Services } from "../Download.ts"
import type { DownloadError } from "../DownloadError.ts"
import { failureOf } from "../DownloadError.ts"

type Fail = ReturnType<typeof failureOf>

/** What an answer promises: from which byte on, and how many bytes there are in all. */
interface Promised {
  readonly from: number
  readonly total: number | undefined
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined

/** What `response` promises to who has `held` bytes; nothing if it can be of no use. */
const promiseOf = ({ headers, status }: HttpClientResponse, held: number): Promised | undefined => {
  if (status === 200) {
    const isCoded = (headers["content-encoding"] ?? "identity") !== "identity"
    return { from: 0, total: isCoded ? undefined : wholeNumber(headers["content-length"]) }
  }
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? []
  return status === 206 && Number(start) === held ? { from: held, total: wholeNumber(total) } : undefined
}

const statusFailure = (status: number, fail: Fail): DownloadError =>
  status >= 500 || status === 429 || status === 408
    ? fail("unreachable", `the server answers with status ${status}`)
    : fail("refused", `the server answers with status ${status}`)

/** Why a request or the body of its answer failed. */
const transportFailure = (fail: Fail, reason: "unreachable" | "broken") => (error: HttpClientError) => {
  const { cause } = error.reason
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const detail = inner instanceof Error && inner.message !== "" ? ` (${inner.message})` : ""
  return fail(
    reason,
    `${reason === "unreachable" ? "the server cannot be reached" : "the connection broke off"}${detail}`
  )
}

/** The answer of the server to who has `held` bytes. */
const ask = Effect.fnUntraced(function* ({ url }: Remote, held: number, fail: Fail) {
  const { patience } = yield* DataCache
  const client = HttpClient.followRedirects(yield* HttpClient.HttpClient, 5)
  const headers = { "accept-encoding": "identity", ...(held === 0 ? {} : { range: `bytes=${held}-` }) }
  return yield* client.get(url, { headers }).pipe(
    Effect.mapError(transportFailure(fail, "unreachable")),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.fail(fail("unreachable", "the server does not answer"))
    })
  )
})

/** Tells `report` of a hundredth and more. */
const reporter = Effect.fnUntraced(function* (what: string, { from, total }: Promised) {
  const { report } = yield* DataCache
  const step = Math.max((total ?? 0) / 100, 2 ** 18)
  let told = from
  yield* report({ _tag: "Downloading", what, received: from, total })
  return (received: number) =>
    Effect.suspend(() => {
      if (received - told < step && received !== total) return Effect.void
      told = received
      return report({ _tag: "Downloading", what, received, total })
    })
})

/** Writes the body of `response` into the file at `path`, from where it was promised to begin; gives the file's length. */
const receive = Effect.fnUntraced(function* (
  response: HttpClientResponse,
  { remote, path }: Target,
  promised: Promised,
  fail: Fail
) {
  const fs = yield* FileSystem.FileSystem
  const { patience } = yield* DataCache
  const most = remote.bytes ?? Infinity
  const report = yield* reporter(remote.what, promised)
  yield* fs.truncate(path, promised.from)
  const file = yield* fs.open(path, { flag: "r+" })
  yield* file.seek(BigInt(promised.from), "start")
  let received = promised.from
  yield* response.stream.pipe(
    Stream.mapError(transportFailure(fail, "broken")),
    Stream.timeoutOrElse({
      duration: patience,
      orElse: () => Stream.fail(fail("broken", `the server stopped sending after ${received} bytes`))
    }),
    Stream.runForEach(
      Effect.fnUntraced(function* (chunk) {
        received += chunk.length
        if (received > most) {
          return yield* fail("oversized", `it sends more than the ${most} bytes that were published`)
        }
        yield* file.writeAll(chunk)
        yield* report(received)
      })
    )
  )
  yield* file.sync
  return received
})

/** A file in the making. */
interface Target {
  readonly remote: Remote
  readonly path: string
}

/**
 * Transfers what the file at `path` lacks of `remote`.
 *
 * **Fails** `DownloadError`, with what has arrived kept in the file; `PlatformError` if it cannot be written.
 */
export const transfer = ({ path, remote }: Target): Effect.Effect<void, DownloadError | PlatformError, Services> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const fail = failureOf(remote)
      const held = Number((yield* fs.stat(path)).size)
      if (held > 0 && held === remote.bytes) return
      const response = yield* ask(remote, held, fail)
      const promised = promiseOf(response, held)
      if (promised === undefined) {
        if (held === 0 || (response.status !== 416 && response.status !== 206)) {
          return yield* statusFailure(response.status, fail)
        }
        // A range that is refused may be of another file: the next attempt asks for all of it.
        yield* fs.truncate(path, 0)
        return yield* fail("broken", "the server does not go on where the last transfer ended")
      }
      const { bytes = promised.total } = remote
      if (promised.total !== undefined && promised.total !== bytes) {
        return yield* fail("oversized", `it has ${promised.total} bytes, but ${bytes} were published`)
      }
      const received = yield* receive(response, { path, remote }, promised, fail)
      if (bytes !== undefined && received < bytes) {
        return yield* fail("broken", `the connection ended after ${received} of ${bytes} bytes`)
      }
    })
  )
