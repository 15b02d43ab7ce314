import { assert, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"
import type { DataCacheOptions } from "../src/DataCache.ts"
import { DataCache } from "../src/DataCache.ts"
import type { Services } from "../src/Download.ts"
import * as Idx from "../src/Idx.ts"
import * as Mnist from "../src/Mnist.ts"
import type { Published } from "../src/MnistArchives.ts"
import * as MnistArchives from "../src/MnistArchives.ts"
import type { Handler } from "./loopback.ts"
import { file, serve, short } from "./loopback.ts"

/** The contents of four small files, like those of the set. */
const contents: ReadonlyArray<readonly [name: string, bytes: Uint8Array]> = ["train", "t10k"].flatMap((part) => [
  [
    `${part}-images-idx3-ubyte`,
    Idx.encode(
      make(
        [2, 28, 28],
        "u8",
        Uint8Array.from({ length: 1568 }, (_, i) => i)
      )
    )
  ],
  [`${part}-labels-idx1-ubyte`, Idx.encode(make([2], "u8", [3, 9]))]
])

const archives = new Map(contents.map(([name, bytes]) => [`/sets/${name}.gz`, new Uint8Array(gzipSync(bytes))]))

const files = contents.map(([name, bytes]): Published => {
  const packed = archives.get(`/sets/${name}.gz`)!
  const digest = createHash("sha512").update(packed).digest("base64")
  return { name, integrity: `sha512-${digest}`, bytes: packed.length, unpacked: bytes.length }
})

/** Serves the archives, each as `answer` has it. */
const mirror =
  (answer: (bytes: Uint8Array) => Handler = file): Handler =>
  (request, response, count) => {
    const bytes = archives.get(request.url ?? "")
    return bytes === undefined ? void response.writeHead(404).end() : answer(bytes)(request, response, count)
  }

/** Runs `effect` with an empty cache, or that of `options`. */
const within = <A, E>(effect: Effect.Effect<A, E, Services>, options: DataCacheOptions = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = options.folder ?? (yield* fs.makeTempDirectoryScoped())
    const cache = DataCache.layer({ patience: "10 seconds", pause: "2 millis", ...options, folder })
    return yield* Effect.provide(effect, Layer.merge(FetchHttpClient.layer, cache))
  })

layer(NodeFileSystem.layer, { excludeTestServices: true })("MnistArchives.folder", (it) => {
  it.effect("fetches, unpacks, and needs no network the next time", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const cache = yield* fs.makeTempDirectoryScoped()
      const { requests, url } = yield* serve(mirror())
      const folder = yield* within(MnistArchives.folder({ files, mirror: `${url}/sets/` }), { folder: cache })
      const { train } = yield* Mnist.load(folder)
      assert.deepStrictEqual([...train.columns.label.data], [3, 9])
      assert.deepStrictEqual([...train.columns.image.data.subarray(0, 3)], [0, 1, 2])
      assert.strictEqual(requests.length, 4)
      const again = yield* within(MnistArchives.folder({ files }), { folder: cache, isOffline: true })
      assert.strictEqual(again, folder)
      assert.deepStrictEqual((yield* fs.readDirectory(folder)).toSorted(), files.map(({ name }) => name).toSorted())
    })
  )

  it.effect("goes on where a connection ended", () =>
    Effect.gen(function* () {
      const { requests, url } = yield* serve(mirror((bytes) => short(bytes, 200)))
      yield* within(MnistArchives.folder({ files, mirror: `${url}/sets` }))
      assert.include(
        requests.map(({ headers }) => headers.range),
        "bytes=200-"
      )
    })
  )

  it.effect("fails by what is altered, not there, out of reach or not allowed, and says what to do", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(mirror((bytes) => file(bytes.map((byte, i) => (i === 30 ? byte ^ 1 : byte)))))
      const failure = (options: MnistArchives.Options, cache: DataCacheOptions = {}) =>
        Effect.flip(within(MnistArchives.folder({ files, ...options }), cache))
      const cases = [
        [yield* failure({ mirror: `${url}/sets` }), "altered", "name another mirror, or put the unpacked files into"],
        [yield* failure({ mirror: `${url}/none` }), "refused", "name another mirror"],
        [yield* failure({ mirror: "http://127.0.0.1:1" }), "unreachable", "name another mirror"],
        [
          yield* failure({}, { isOffline: true }),
          "offline",
          "run it once with the network, or put the unpacked files into"
        ]
      ] as const
      for (const [error, reason, remedy] of cases) {
        assert.deepInclude(error, { _tag: "DownloadError", reason })
        assert.include(error.message, remedy)
        assert.include(error.message, "train-images-idx3-ubyte")
      }
    })
  )

  it.effect("refuses archives that hold more or less than was published", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(mirror())
      for (const [by, text] of [
        [1, "it holds 1584 bytes, not 1585"],
        [-1, "it holds more than 1583 bytes"]
      ] as const) {
        const wrong = files.map((one) => ({ ...one, unpacked: one.unpacked + by }))
        const error = yield* Effect.flip(within(MnistArchives.folder({ files: wrong, mirror: `${url}/sets` })))
        assert.strictEqual(error._tag, "FormatError")
        assert.include(error.message, text)
      }
    })
  )
})
