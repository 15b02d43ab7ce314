import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Layer from "effect/Layer"
import type { PlatformError } from "effect/PlatformError"
import { systemError } from "effect/PlatformError"
import * as AtomicFile from "../src/AtomicFile.ts"

/** Content that was synced, and content that a power cut may still take. */
interface Inode {
  durable: Uint8Array
  current: Uint8Array
}

/** A disk in memory; `witness` is called after each change with what a power cut would leave at each path. */
const disk = (
  files: Map<string, Inode>,
  witness: (survivors: ReadonlyMap<string, Uint8Array>) => Effect.Effect<void, PlatformError>
): Layer.Layer<FileSystem.FileSystem> => {
  const changed = Effect.suspend(() => witness(new Map([...files].map(([path, { durable }]) => [path, durable]))))
  const touch = (path: string): Effect.Effect<void, PlatformError> => {
    files.set(path, { durable: new Uint8Array(), current: new Uint8Array() })
    return changed
  }
  return FileSystem.layerNoop({
    writeFile: (path, _, options) =>
      options?.flag === "wx" && files.has(path)
        ? Effect.fail(
            systemError({ _tag: "AlreadyExists", module: "FileSystem", method: "writeFile", pathOrDescriptor: path })
          )
        : touch(path),
    open: (path) =>
      Effect.suspend(() => {
        const inode = files.get(path) ?? { durable: new Uint8Array(), current: new Uint8Array() }
        // The writer uses no other part of a file.
        return Effect.succeed({
          writeAll: (bytes: Uint8Array) =>
            Effect.suspend(() => {
              inode.current = new Uint8Array([...inode.current, ...bytes])
              return changed
            }),
          sync: Effect.suspend(() => {
            inode.durable = inode.current
            return changed
          })
        } as FileSystem.File)
      }),
    rename: (from, to) =>
      Effect.suspend(() => {
        files.set(to, files.get(from)!)
        files.delete(from)
        return changed
      }),
    remove: (path) => Effect.sync(() => files.delete(path))
  })
}

const old = new Uint8Array([1, 2, 3])
const fresh = new Uint8Array([4, 5, 6, 7])
const before = (): Map<string, Inode> => new Map([["/run/a", { durable: old, current: old }]])

describe("AtomicFile.write", () => {
  it.effect("leaves the old or the new file whole, whenever the power is cut", () =>
    Effect.gen(function* () {
      const seen: Array<ReadonlyArray<number>> = []
      const layer = disk(before(), (survivors) => Effect.sync(() => seen.push([...survivors.get("/run/a")!])))
      yield* AtomicFile.write("/run/a", fresh).pipe(Effect.provide(layer))
      assert.deepStrictEqual(seen, [
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
        [4, 5, 6, 7],
        [4, 5, 6, 7]
      ])
    })
  )

  it.effect("removes its temporary file when the disk is full", () =>
    Effect.gen(function* () {
      const files = before()
      let changes = 0
      const full = systemError({
        _tag: "Unknown",
        module: "FileSystem",
        method: "writeAll",
        description: "no space left"
      })
      const layer = disk(files, () => (++changes === 2 ? Effect.fail(full) : Effect.void))
      const error = yield* AtomicFile.write("/run/a", fresh).pipe(Effect.provide(layer), Effect.flip)
      assert.include(error.message, "no space left")
      assert.deepStrictEqual(
        [...files].map(([path, { current }]) => [path, current]),
        [["/run/a", old]]
      )
    })
  )

  it.effect("removes its temporary file when it is interrupted", () =>
    Effect.gen(function* () {
      const files = before()
      let changes = 0
      const layer = disk(files, () => (++changes === 2 ? Effect.interrupt : Effect.void))
      yield* AtomicFile.write("/run/a", fresh).pipe(Effect.provide(layer), Effect.exit)
      assert.deepStrictEqual([...files.keys()], ["/run/a"])
    })
  )

  it.effect("never writes to the temporary file of another writer", () =>
    Effect.gen(function* () {
      const files = before()
      let claims = 0
      const taken = systemError({ _tag: "AlreadyExists", module: "FileSystem", method: "writeFile" })
      const layer = disk(files, () => (++claims <= 2 ? Effect.fail(taken) : Effect.void))
      yield* AtomicFile.write("/run/a", fresh).pipe(Effect.provide(layer))
      assert.deepStrictEqual(files.get("/run/a")?.durable, fresh)
    })
  )
})

describe("AtomicFile.write on a real disk", () => {
  it.effect("replaces a file and leaves nothing beside it", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* AtomicFile.write(`${folder}/a`, old)
      yield* AtomicFile.write(`${folder}/a`, fresh)
      assert.deepStrictEqual([...(yield* fs.readFile(`${folder}/a`))], [...fresh])
      assert.deepStrictEqual(yield* fs.readDirectory(folder), ["a"])
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect("fails for a folder that does not exist", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const error = yield* Effect.flip(AtomicFile.write(`${folder}/none/a`, fresh))
      assert.strictEqual(error.reason._tag, "NotFound")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
