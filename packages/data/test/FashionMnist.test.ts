import { assert, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as FashionMnist from "../src/FashionMnist.ts"

/** A picture of class `label`: the number of the picture, then its class. */
const picture = (label: number, index: number): ReadonlyArray<number> =>
  Array.from({ length: 784 }, (_, i) => (i === 0 ? index : label))

/** Fourteen pictures of each class, in the files of the package; some of them replaced. */
const folderOf = Effect.fnUntraced(function* (replaced: Readonly<Record<number, string>> = {}) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  yield* fs.makeDirectory(`${folder}/src/clothes`, { recursive: true })
  for (let label = 0; label < 10; label++) {
    const data = Array.from({ length: 14 }, (_, i) => picture(label, i))
    const content = replaced[label] ?? JSON.stringify({ data: label === 0 ? [...data, []] : data })
    yield* fs.writeFileString(`${folder}/src/clothes/${label}.json`, content)
  }
  return folder
})

layer(NodeFileSystem.layer)("FashionMnist.load", (it) => {
  it.effect("gives a seventh of each class to the test set, and every picture to one of them", () =>
    Effect.gen(function* () {
      const { test, train } = yield* FashionMnist.load(yield* folderOf())
      assert.deepStrictEqual([train.size, test.size], [120, 20])
      const seen = [train, test].flatMap(({ columns: { image, label } }) =>
        Array.from(label.data, (which, i) => {
          assert.strictEqual(image.data[784 * i + 783], which)
          return 14 * which + image.data[784 * i]
        })
      )
      assert.deepStrictEqual(
        seen.toSorted((a, b) => a - b),
        Array.from({ length: 140 }, (_, i) => i)
      )
      for (let label = 0; label < 10; label++) {
        assert.strictEqual(test.columns.label.data.filter((which) => which === label).length, 2)
      }
    })
  )

  it.effect("gives the same parts each time", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf()
      assert.deepStrictEqual(yield* FashionMnist.load(folder), yield* FashionMnist.load(folder))
    })
  )

  it.effect("leaves out what is no picture if it may, and reports each of them", () =>
    Effect.gen(function* () {
      const data = [picture(3, 0), picture(3, 1).slice(1), picture(3, 2), "picture", picture(3, 4)]
      const folder = yield* folderOf({ 3: JSON.stringify({ data }) })
      const { skipped, test, train } = yield* FashionMnist.load(folder, { skipInvalid: true })
      assert.deepStrictEqual([train.size, test.size], [110, 19])
      assert.deepStrictEqual(
        skipped.map(({ reason }) => reason.slice(0, 9)),
        ["picture 1", "picture 3"]
      )
      const seen = [train, test].flatMap(({ columns: { image, label } }) =>
        [...label.data.keys()].filter((i) => label.data[i] === 3).map((i) => image.data[784 * i])
      )
      assert.deepStrictEqual(
        seen.toSorted((a, b) => a - b),
        [0, 2, 4]
      )
      const few = yield* folderOf({ 3: JSON.stringify({ data: [picture(3, 0), []] }) })
      const { message } = yield* Effect.flip(FashionMnist.load(few, { skipInvalid: true }))
      assert.include(message, "it has 1 pictures, too few")
    })
  )

  it.effect.each([
    ["[", "it is no JSON"],
    ['{"pictures": []}', "it has no array of pictures"],
    ['{"data": []}', "it has 0 pictures, too few"],
    [JSON.stringify({ data: [picture(3, 0), picture(3, 1).slice(1)] }), "picture 1 is not an array of 784"],
    [JSON.stringify({ data: [picture(3, 256)] }), "picture 0 is not an array of 784"],
    [JSON.stringify({ data: [picture(3, 0.5)] }), "picture 0 is not an array of 784"]
  ] as const)("refuses %s", ([content, reason]) =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ 3: content })
      const { message } = yield* Effect.flip(FashionMnist.load(folder))
      assert.include(message, `${folder}/src/clothes/3.json is not a valid Fashion-MNIST file: ${reason}`)
    })
  )
})
