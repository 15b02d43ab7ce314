import { assert, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Tar from "effect/encoding/Tar"
import * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"
import type { DataCacheOptions } from "../src/DataCache.ts"
import { DataCache } from "../src/DataCache.ts"
import type { Services } from "../src/Download.ts"
import type { NpmPackage } from "../src/NpmPackage.ts"
import * as NpmPackages from "../src/NpmPackage.ts"
import { file, serve } from "./loopback.ts"

/** The tarball of `entries`. */
const packed = (entries: ReadonlyArray<Tar.Entry>) =>
  Stream.fromIterable(entries).pipe(
    Stream.pipeThroughChannel(Tar.encode()),
    Stream.runCollect,
    Effect.map((chunks) => new Uint8Array(gzipSync(Buffer.concat([...chunks]))))
  )

const good = [
  Tar.directory("package/data"),
  Tar.file("package/package.json", '{"name":"@some/data"}'),
  Tar.file("package/data/deep/er/numbers.json", "[1,2,3]"),
  Tar.file("package/data/empty.txt", "")
]

const describe = (tarball: Uint8Array): NpmPackage => ({
  name: "@some/data",
  version: "1.2.3",
  integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
  bytes: tarball.length,
  unpacked: 100
})

const environment = (variables: Readonly<Record<string, string>>) =>
  ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables }))

/** Runs `effect` with the registry at `url` and an empty cache, or that of `options`. */
const within = <A, E>(effect: Effect.Effect<A, E, Services>, url: string, options: DataCacheOptions = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = options.folder ?? (yield* fs.makeTempDirectoryScoped())
    const services = Layer.merge(FetchHttpClient.layer, DataCache.layer({ pause: "2 millis", ...options, folder }))
    return yield* Effect.provide(
      effect,
      Layer.merge(services, environment({ npm_config_registry: `${url}/registry/` }))
    )
  })

layer(NodeFileSystem.layer, { excludeTestServices: true })("NpmPackage.folder", (it) => {
  it.effect("fetches a package from the registry of npm's settings, once", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const tarball = yield* packed(good)
      const { requests, url } = yield* serve(file(tarball))
      const get = NpmPackages.folder(describe(tarball))
      const [first, second] = yield* within(Effect.all([get, get]), url)
      assert.strictEqual(first, second)
      assert.isTrue(first.endsWith("/packages/@some/data@1.2.3"))
      assert.sameMembers(yield* fs.readDirectory(first, { recursive: true }), [
        "package.json",
        "data",
        "data/empty.txt",
        "data/deep",
        "data/deep/er",
        "data/deep/er/numbers.json"
      ])
      assert.strictEqual(yield* fs.readFileString(`${first}/data/deep/er/numbers.json`), "[1,2,3]")
      assert.deepStrictEqual(
        requests.map((request) => request.url),
        ["/registry/@some/data/-/data-1.2.3.tgz"]
      )
    })
  )

  it.effect("lets runs at the same time each finish, and leaves nothing else behind", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const tarball = yield* packed(good)
      const { url } = yield* serve(file(tarball))
      const folder = yield* fs.makeTempDirectoryScoped()
      const get = within(NpmPackages.folder(describe(tarball)), url, { folder })
      const paths = yield* Effect.all(Array(6).fill(get) as Array<typeof get>, { concurrency: 6 })
      assert.strictEqual(new Set(paths).size, 1)
      assert.deepStrictEqual(yield* fs.readDirectory(`${folder}/packages/@some`), ["data@1.2.3"])
      assert.deepStrictEqual(yield* fs.readDirectory(`${folder}/files`), [])
    })
  )

  it.effect("uses what is in the cache without a network", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const self = describe(yield* packed(good))
      const get = within(NpmPackages.folder(self), "http://127.0.0.1:1", { folder, isOffline: true })
      const { message } = yield* Effect.flip(get)
      assert.include(
        message,
        "cannot fetch @some/data 1.2.3 from http://127.0.0.1:1/registry/@some/data/-/data-1.2.3.tgz"
      )
      assert.include(message, `put the unpacked package into ${folder}/packages/@some/data@1.2.3`)
      yield* fs.makeDirectory(`${folder}/packages/@some/data@1.2.3`, { recursive: true })
      assert.strictEqual(yield* get, `${folder}/packages/@some/data@1.2.3`)
    })
  )

  it.effect("says what to do where no registry answers", () =>
    Effect.gen(function* () {
      const self = describe(yield* packed(good))
      const error = yield* Effect.flip(within(NpmPackages.folder(self), "http://127.0.0.1:1"))
      assert.deepInclude(error, { _tag: "DownloadError", reason: "unreachable" })
      assert.include(error.message, "the server cannot be reached")
      assert.include(error.message, "set npm_config_registry to a registry that has it")
    })
  )

  it.effect("leaves no folder behind of an archive that it refuses", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const tarball = yield* packed([...good, Tar.symlink("package/link", "/")])
      const { url } = yield* serve(file(tarball))
      yield* Effect.flip(within(NpmPackages.folder(describe(tarball)), url, { folder }))
      assert.deepStrictEqual(yield* fs.readDirectory(`${folder}/packages/@some`), [])
    })
  )

  it.effect.each<readonly [string, ReadonlyArray<Tar.Entry>, string]>([
    ["a path that leaves the folder", [Tar.file("package/../../evil", "x")], "leaves its folder"],
    ["a path that leaves the folder later", [Tar.file("package/a/../../../evil", "x")], "leaves its folder"],
    ["an absolute path", [Tar.file("/etc/evil", "x")], "is absolute"],
    ["a path of Windows", [Tar.file("C:/evil", "x")], "is absolute"],
    ["a backslash", [Tar.file("package\\..\\evil", "x")], "has a backslash"],
    ["a symbolic link", [Tar.symlink("package/link", "../..")], "is neither a file nor a folder, but Symlink"],
    ["a hard link", [Tar.hardlink("package/link", "/etc/passwd")], "is neither a file nor a folder, but Hardlink"],
    ["a file twice", [Tar.file("package/a", "1"), Tar.file("package/A", "2")], 'it has "A" twice'],
    [
      "more than was published",
      [Tar.file("package/a", "x".repeat(60)), Tar.file("package/b", "y".repeat(60))],
      "more than 100 bytes"
    ]
  ])("refuses %s", ([, entries, reason]) =>
    Effect.gen(function* () {
      const tarball = yield* packed(entries)
      const { url } = yield* serve(file(tarball))
      const error = yield* Effect.flip(within(NpmPackages.folder(describe(tarball)), url))
      assert.strictEqual(error._tag, "FormatError")
      assert.include(error.message, reason)
    })
  )

  it.effect("refuses what an archive claims before it believes it", () =>
    Effect.gen(function* () {
      // The header of a file of 8 GiB, of which nothing follows.
      const header = new Uint8Array(1536)
      header.set(new TextEncoder().encode("package/a"))
      header.set(new TextEncoder().encode("0000644\0"), 100)
      header.set(new TextEncoder().encode("77777777777\0"), 124)
      header.set(new TextEncoder().encode("        0"), 148)
      const sum = header.reduce((total, byte) => total + byte, 0)
      header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148)
      const tarball = new Uint8Array(gzipSync(header))
      const { url } = yield* serve(file(tarball))
      const error = yield* Effect.flip(within(NpmPackages.folder(describe(tarball)), url))
      assert.include(error.message, "its files take more than 100 bytes")
    })
  )

  it.effect("refuses archives that are truncated, or none", () =>
    Effect.gen(function* () {
      const whole = yield* packed(good)
      for (const tarball of [whole.subarray(0, whole.length - 20), new Uint8Array(50), gzipSync("not a tar archive")]) {
        const { url } = yield* serve(file(tarball))
        const error = yield* Effect.flip(within(NpmPackages.folder(describe(tarball)), url))
        assert.include(error.message, "is not a valid tar.gz file")
      }
    })
  )
})

layer(NodeFileSystem.layer)("NpmPackage.registryOf", (it) => {
  const registryOf = (name: string, variables: Readonly<Record<string, string>>) =>
    Effect.provide(NpmPackages.registryOf(name), environment(variables))

  it.effect("is npm's own unless settings name another", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* registryOf("some", {}), "https://registry.npmjs.org")
      const variables = { npm_config_registry: "https://mirror.test/npm//" }
      assert.strictEqual(yield* registryOf("some", variables), "https://mirror.test/npm")
    })
  )

  it.effect("reads the settings of the user, and those of a scope", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* fs.makeTempDirectoryScoped()
      const settings = 'registry = "https://all.test/"\n; comment\n@some:registry=https://some.test/npm/\n'
      yield* fs.writeFileString(`${home}/.npmrc`, settings)
      assert.strictEqual(yield* registryOf("some", { HOME: home }), "https://all.test")
      assert.strictEqual(yield* registryOf("@some/data", { HOME: home }), "https://some.test/npm")
      assert.strictEqual(yield* registryOf("@other/data", { HOME: home }), "https://all.test")
      yield* fs.rename(`${home}/.npmrc`, `${home}/settings`)
      const variables = { HOME: home, npm_config_userconfig: `${home}/settings` }
      assert.strictEqual(yield* registryOf("some", variables), "https://all.test")
    })
  )
})
