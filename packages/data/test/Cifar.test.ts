import { assert, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Cifar from "../src/Cifar.ts"

/** A record: labels, and a picture whose channels are told from each other. */
const record = (...labels: ReadonlyArray<number>): ReadonlyArray<number> => [
  ...labels,
  ...Array.from({ length: 3072 }, (_, i) => (labels[0] + Math.floor(i / 1024)) % 256)
]

const names = (count: number): string => Array.from({ length: count }, (_, i) => `class ${i}\n`).join("")

const folderOf = Effect.fnUntraced(function* (files: Readonly<Record<string, string | ReadonlyArray<number>>>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content)
    yield* fs.writeFile(`${folder}/${name}`, bytes)
  }
  return folder
})

const ten = {
  ...Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, [...record(i), ...record(i + 1)]])),
  "test_batch.bin": record(9),
  "batches.meta.txt": `${names(10)}\n`
}

const hundred = {
  "train.bin": [...record(3, 99), ...record(19, 0)],
  "test.bin": record(0, 50),
  "fine_label_names.txt": names(100),
  "coarse_label_names.txt": names(20)
}

layer(NodeFileSystem.layer)("Cifar", (it) => {
  it.effect("load10 reads the five batches and the test", () =>
    Effect.gen(function* () {
      const { classes, test, train } = yield* Cifar.load10(yield* folderOf(ten))
      assert.deepStrictEqual([...train.columns.label.data], [1, 2, 2, 3, 3, 4, 4, 5, 5, 6])
      assert.deepStrictEqual(train.columns.image.shape, [10, 3, 32, 32])
      assert.deepStrictEqual(
        [0, 1023, 1024, 2048, 3071].map((i) => train.columns.image.data[3072 + i]),
        [2, 2, 3, 4, 4]
      )
      assert.deepStrictEqual([test.size, test.columns.label.data[0], test.skipped.length], [1, 9, 0])
      assert.strictEqual(classes[9], "class 9")
    })
  )

  it.effect("load100 reads both labels", () =>
    Effect.gen(function* () {
      const { kinds, test, train } = yield* Cifar.load100(yield* folderOf(hundred))
      assert.deepStrictEqual([...train.columns.label.data], [99, 0])
      assert.deepStrictEqual([...train.columns.coarse.data], [3, 19])
      assert.deepStrictEqual(train.columns.image.data.slice(3072, 3074), new Uint8Array([19, 19]))
      assert.strictEqual(test.size, 1)
      assert.strictEqual(kinds.length, 20)
    })
  )

  it.effect("names file and record of an unknown label, or leaves it out and reports it", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...ten, "data_batch_3.bin": [...record(1), ...record(10), ...record(2)] })
      const error = yield* Effect.flip(Cifar.load10(folder))
      const reason = "data_batch_3.bin is not a valid CIFAR file: record 1 has the label 10, but there are 10 classes"
      assert.include(error.message, reason)
      const { train } = yield* Cifar.load10(folder, { skipInvalid: true })
      assert.deepStrictEqual([...train.columns.label.data], [1, 2, 2, 3, 1, 2, 4, 5, 5, 6])
      assert.deepStrictEqual(train.columns.image.shape, [10, 3, 32, 32])
      assert.deepStrictEqual(train.columns.image.data[5 * 3072], 2)
      assert.strictEqual(train.skipped.length, 1)
      assert.include(train.skipped[0].message, reason)
    })
  )

  it.effect("refuses broken records and missing names, tolerant or not", () =>
    Effect.gen(function* () {
      for (const [file, content, reason] of [
        ["train.bin", record(1, 1).slice(1), "its 3073 bytes are no whole number of records of 3074 bytes"],
        ["fine_label_names.txt", names(99), "it names 99 classes, not 100"]
      ] as const) {
        const folder = yield* folderOf({ ...hundred, [file]: content })
        const error = yield* Effect.flip(Cifar.load100(folder, { skipInvalid: true }))
        assert.include(error.message, `${folder}/${file} is not a valid CIFAR file: ${reason}`)
      }
    })
  )
})
