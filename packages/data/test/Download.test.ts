import { assert, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { createHash, randomBytes } from "node:crypto"
import type { DataCacheOptions, Progress } from "../src/DataCache.ts"
import { DataCache } from "../src/DataCache.ts"
import type { Remote, Services } from "../src/Download.ts"
import type { DownloadError } from "../src/DownloadError.ts"
import * as Download from "../src/Download.ts"
import type { Handler } from "./loopback.ts"
import { broken, file, serve, short } from "./loopback.ts"

const content = new Uint8Array(randomBytes(700_000))

const integrityOf = (bytes: Uint8Array) => `sha512-${createHash("sha512").update(bytes).digest("base64")}` as const

const remoteOf = (url: string, bytes = content): Remote => ({
  what: "some bytes",
  url: `${url}/some/bytes.bin?version=1`,
  integrity: integrityOf(bytes),
  bytes: bytes.length
})

/** Runs `effect` with an empty cache, or that of `options`. */
const within = <A, E>(effect: Effect.Effect<A, E, Services>, options: DataCacheOptions = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = options.folder ?? (yield* fs.makeTempDirectoryScoped())
    return yield* Effect.provide(
      effect,
      Layer.merge(
        FetchHttpClient.layer,
        DataCache.layer({ patience: "10 seconds", pause: "2 millis", ...options, folder })
      )
    )
  })

/** What `Download.file` makes of a server with `handler`. */
const fetched = Effect.fnUntraced(function* (
  handler: Handler,
  options: DataCacheOptions = {},
  alter: (remote: Remote) => Remote = (remote) => remote
) {
  const fs = yield* FileSystem.FileSystem
  const { requests, url } = yield* serve(handler)
  const path = yield* within(Download.file(alter(remoteOf(url))), options)
  return { path, bytes: yield* fs.readFile(path), requests }
})

const failureOf = (...args: Parameters<typeof fetched>) => Effect.flip(fetched(...args))

layer(NodeFileSystem.layer, { excludeTestServices: true })("Download.file", (it) => {
  it.effect("fetches what was published, once, and tells how it goes", () =>
    Effect.gen(function* () {
      const told: Array<Progress> = []
      const report = (progress: Progress) => Effect.sync(() => void told.push(progress))
      const { requests, url } = yield* serve(file(content))
      const get = Download.file(remoteOf(url))
      const [first, second] = yield* within(Effect.all([get, get]), { report })
      const fs = yield* FileSystem.FileSystem
      assert.deepStrictEqual(yield* fs.readFile(first), content)
      assert.strictEqual(second, first)
      assert.match(first, /\/files\/sha512\w+-bytes\.bin$/)
      assert.strictEqual(requests.length, 1)
      assert.deepStrictEqual(told[0], {
        _tag: "Downloading",
        what: "some bytes",
        received: 0,
        total: content.length
      })
      assert.deepInclude(told, {
        _tag: "Downloading",
        what: "some bytes",
        received: content.length,
        total: content.length
      })
      assert.deepStrictEqual(told.at(-1), { _tag: "Ready", what: "some bytes", path: first })
    })
  )

  it.effect("goes on where a connection broke off", () =>
    Effect.gen(function* () {
      const { bytes, requests } = yield* fetched(short(content, 300_000))
      assert.deepStrictEqual(bytes, content)
      assert.deepStrictEqual(
        requests.map(({ headers }) => headers.range),
        [undefined, "bytes=300000-", "bytes=600000-"]
      )
    })
  )

  it.effect("survives connections that die", () =>
    Effect.gen(function* () {
      const { bytes, requests } = yield* fetched((request, response, count) =>
        (count < 2 ? broken(content, 300_000) : file(content))(request, response, count)
      )
      assert.deepStrictEqual(bytes, content)
      assert.strictEqual(requests.length, 3)
    })
  )

  it.effect("begins again where a server goes on at another place", () =>
    Effect.gen(function* () {
      const { bytes, requests } = yield* fetched((request, response, count) => {
        if (count === 0) return short(content, 5000)(request, response, count)
        if (request.headers.range === undefined) return file(content)(request, response, count)
        response.writeHead(206, { "content-range": "bytes 1-699999/700000" }).end(content.subarray(1))
      })
      assert.deepStrictEqual(bytes, content)
      assert.strictEqual(requests.length, 3)
    })
  )

  it.effect("begins again where a server knows no ranges", () =>
    Effect.gen(function* () {
      const { bytes } = yield* fetched((request, response, count) => {
        delete request.headers.range
        return (count === 0 ? short(content, 1000) : file(content))(request, response, count)
      })
      assert.deepStrictEqual(bytes, content)
    })
  )

  it.effect("fetches a file of unknown length", () =>
    Effect.gen(function* () {
      const whole: Handler = (_, response) => void response.writeHead(200).end(content)
      const unknown = ({ integrity, url, what }: Remote): Remote => ({ integrity, url, what })
      assert.deepStrictEqual((yield* fetched(whole, {}, unknown)).bytes, content)
    })
  )

  it.effect("keeps what has arrived for the next run", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      let isBroken = true
      const ranges: Array<string | undefined> = []
      const handler: Handler = (request, response, count) => {
        ranges.push(request.headers.range)
        if (!isBroken) return file(content)(request, response, count)
        return count === 0 ? short(content, 400_000)(request, response, count) : void response.writeHead(503).end()
      }
      const { url } = yield* serve(handler)
      const get = within(Download.file(remoteOf(url)), { folder })
      const error = yield* Effect.flip(get)
      assert.deepInclude(error, { _tag: "DownloadError", reason: "unreachable" })
      isBroken = false
      assert.deepStrictEqual(yield* fs.readFile(yield* get), content)
      assert.strictEqual(ranges.at(-1), "bytes=400000-")
      assert.deepStrictEqual((yield* fs.readDirectory(`${folder}/files`)).length, 1)
    })
  )

  it.effect("takes up the part of a run that was killed, and of something else not a byte", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      for (const [left, isOf] of [
        [content.subarray(0, 123_456), "this"],
        [new Uint8Array(5000), "something else"]
      ] as const) {
        const folder = yield* fs.makeTempDirectoryScoped()
        const { requests, url } = yield* serve(file(content))
        const remote = remoteOf(url)
        const name = yield* Effect.map(within(Download.file(remote), { folder }), (path) => path)
        yield* fs.rename(name, `${name}.killed.part`)
        yield* fs.writeFile(`${name}.killed.part`, left)
        yield* fs.utimes(`${name}.killed.part`, 0, 0)
        yield* within(Download.file(remote), { folder })
        assert.deepStrictEqual(yield* fs.readFile(name), content)
        assert.deepStrictEqual(
          requests.map(({ headers }) => headers.range),
          [undefined, `bytes=${left.length}-`, ...(isOf === "this" ? [] : [undefined])]
        )
        assert.strictEqual((yield* fs.readDirectory(`${folder}/files`)).length, 1)
      }
    })
  )

  it.effect("lets runs at the same time each finish", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const { url } = yield* serve(file(content))
      const get = within(Download.file(remoteOf(url)), { folder })
      const paths = yield* Effect.all(Array(8).fill(get) as Array<typeof get>, { concurrency: 8 })
      assert.strictEqual(new Set(paths).size, 1)
      assert.deepStrictEqual(yield* fs.readFile(paths[0]), content)
      assert.strictEqual((yield* fs.readDirectory(`${folder}/files`)).length, 1)
    })
  )

  it.effect("leaves a part in good order when it is interrupted", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const { requests, url } = yield* serve((request, response, count) => {
        if (count > 0) return file(content)(request, response, count)
        response.writeHead(200, { "content-length": content.length })
        response.write(content.subarray(0, 100_000))
      })
      let arrived = 0
      const waiting = yield* Effect.forkChild(
        within(Download.file(remoteOf(url)), {
          folder,
          patience: "1 minute",
          report: (progress) => Effect.sync(() => void (arrived += progress._tag === "Downloading" ? 1 : 0))
        })
      )
      while (arrived === 0) yield* Effect.sleep("5 millis")
      yield* Fiber.interrupt(waiting)
      const path = yield* within(Download.file(remoteOf(url)), { folder })
      assert.deepStrictEqual(yield* fs.readFile(path), content)
      assert.strictEqual(requests.length, 2)
      assert.strictEqual((yield* fs.readDirectory(`${folder}/files`)).length, 1)
    })
  )
})

const altered = content.slice()
altered[654_321] ^= 1

const refusals: ReadonlyArray<readonly [string, Handler, DownloadError["reason"], string]> = [
  ["other bytes", file(altered), "altered", "was published; the server does not hold what was published"],
  ["a file that is longer", file(new Uint8Array(700_001)), "oversized", "it has 700001 bytes, but 700000"],
  [
    "a huge claim",
    (_, response) => void response.writeHead(200, { "content-length": 1e15 }).write(content.subarray(0, 10)),
    "oversized",
    "it has 1000000000000000 bytes, but 700000 were published"
  ],
  [
    "more than was claimed",
    (_, response) => void response.writeHead(200).end(new Uint8Array(800_000)),
    "oversized",
    "it sends more than the 700000 bytes"
  ],
  ["a file that always ends early", file(content.subarray(0, 5000)), "oversized", "it has 5000 bytes, but 700000"],
  [
    "an answer without length that ends early",
    (_, response) => void response.writeHead(200).end(content.subarray(0, 10)),
    "broken",
    "the connection ended after 10 of 700000 bytes"
  ],
  ["no file", (_, response) => void response.writeHead(404).end(), "refused", "status 404"],
  ["no right to it", (_, response) => void response.writeHead(401).end(), "refused", "status 401"],
  ["a server that fails", (_, response) => void response.writeHead(500).end(), "unreachable", "status 500"],
  ["a server that hangs up", (request) => void request.socket.destroy(), "unreachable", "cannot be reached"]
]

layer(NodeFileSystem.layer, { excludeTestServices: true })("Download.file says what is wrong with", (it) => {
  it.effect.each(refusals)("%s", ([, handler, reason, text]) =>
    Effect.gen(function* () {
      const error = yield* failureOf(handler)
      assert.deepInclude(error, { _tag: "DownloadError", reason })
      assert.include(error.message, "cannot fetch some bytes from http://127.0.0.1")
      assert.include(error.message, text)
    })
  )

  it.effect("a server that falls silent", () =>
    Effect.gen(function* () {
      const handler: Handler = (_, response) => {
        response.writeHead(200, { "content-length": content.length })
        response.write(content.subarray(0, 1000))
      }
      const error = yield* failureOf(handler, { patience: "50 millis" })
      assert.deepInclude(error, { _tag: "DownloadError", reason: "broken" })
      const silent = yield* failureOf(() => {}, { patience: "50 millis" })
      assert.include(silent.message, "the server does not answer")
    })
  )

  it.effect("a cache that lacks it while downloads are not allowed", () =>
    Effect.gen(function* () {
      const error = yield* failureOf(file(content), { isOffline: true })
      assert.deepInclude(error, { _tag: "DownloadError", reason: "offline" })
      assert.include(error.message, "allow downloads once, or set COTANGENT_CACHE")
    })
  )

  it.effect("an address, but not the name and password in it", () =>
    Effect.gen(function* () {
      const remote = { ...remoteOf("http://user:secret@127.0.0.1:1"), what: "it" }
      const { message } = yield* Effect.flip(within(Download.file(remote), { isOffline: true }))
      assert.include(message, "from http://127.0.0.1:1/some")
    })
  )
})
