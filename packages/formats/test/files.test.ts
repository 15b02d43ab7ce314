import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { FormatError } from "../src/FormatError.ts"
import * as Npy from "../src/Npy.ts"
import * as Npz from "../src/Npz.ts"
import * as Safetensors from "../src/Safetensors.ts"

const x = make([2, 2], "f32", [1, 2, 3, 4])

describe("files", () => {
  it.effect("readFile gives back what writeFile wrote", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const arrays = new Map([["x", x]])
      yield* Npy.writeFile(`${folder}/a.npy`, x)
      assert.deepStrictEqual(yield* Npy.readFile(`${folder}/a.npy`), x)
      yield* Npz.writeFile(`${folder}/a.npz`, arrays)
      assert.deepStrictEqual(yield* Npz.readFile(`${folder}/a.npz`), arrays)
      const content = { tensors: arrays, metadata: new Map([["step", "7"]]) }
      yield* Safetensors.writeFile(`${folder}/a.safetensors`, content)
      assert.deepStrictEqual(yield* Safetensors.readFile(`${folder}/a.safetensors`), content)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect("readFile fails for a missing file, and names one that is damaged", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const path = `${folder}/a.npy`
      assert.strictEqual((yield* Effect.flip(Npy.readFile(path)))._tag, "PlatformError")
      yield* fs.writeFile(path, Npy.encode(x).subarray(0, 130))
      const error = yield* Effect.flip(Npy.readFile(path))
      assert.instanceOf(error, FormatError)
      assert.include(error.message, `${path} is not a valid npy file`)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
