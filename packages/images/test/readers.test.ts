import { assert, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Emoji from "@cotangent/data/Emoji"
import * as ImageFolder from "@cotangent/data/ImageFolder"
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import sharp from "sharp"
import * as SharpDecoder from "../src/SharpDecoder.ts"

/** A grey picture of one value. */
const picture = (value: number, format: "jpeg" | "png" = "png") =>
  Effect.promise(() =>
    sharp(new Uint8Array(64).fill(value), { raw: { width: 8, height: 8, channels: 1 } })
      .toFormat(format)
      .toBuffer()
  )

/** A folder with `files`: pictures of a value, or text. */
const folderOf = Effect.fnUntraced(function* (files: Readonly<Record<string, number | string>>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/${name}`
    yield* fs.makeDirectory(path.slice(0, path.lastIndexOf("/")), { recursive: true })
    if (typeof content === "string") yield* fs.writeFileString(path, content)
    else yield* fs.writeFile(path, yield* picture(content, /jpe?g$/i.test(name) ? "jpeg" : "png"))
  }
  return folder
})

const pets = {
  "dog/1.png": 10,
  "dog/deeper/2.JPEG": 20,
  "cat/1.jpg": 30,
  "cat/.hidden.png": "x",
  "cat/notes.txt": "x",
  "README.md": "x",
  ".git/x.png": "x"
}
const form = { channels: 1, size: [4, 4] } as const

const services = Layer.mergeAll(NodeFileSystem.layer, SharpDecoder.layer, ReferenceDevice.layer)

layer(services)("ImageFolder", (it) => {
  it.effect("reads the pictures of each class, in the order of their names", () =>
    Effect.gen(function* () {
      const { classes, columns, skipped } = yield* ImageFolder.load(yield* folderOf(pets), form)
      assert.deepStrictEqual(classes, ["cat", "dog"])
      assert.deepStrictEqual([...columns.label.data], [0, 1, 1])
      assert.deepStrictEqual(columns.image.shape, [3, 1, 4, 4])
      for (const [i, value] of [30, 10, 20].entries()) assert.approximately(columns.image.data[16 * i + 5], value, 2)
      assert.deepStrictEqual(skipped, [])
    })
  )

  it.effect("takes the classes that are named, in their order, and knows no others", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(pets)
      const { columns } = yield* ImageFolder.load(folder, { ...form, classes: ["dog", "cat"] })
      assert.deepStrictEqual([...columns.label.data], [0, 0, 1])
      const unknown = yield* Effect.flip(ImageFolder.load(folder, { ...form, classes: ["dog"] }))
      assert.include(
        unknown.message,
        `${folder} is not a valid folder of classes file: its folder "cat" is no known class`
      )
      const missing = yield* Effect.flip(ImageFolder.load(folder, { ...form, classes: ["bird", "cat", "dog"] }))
      assert.include(missing.message, 'it has no folder "bird"')
    })
  )

  it.effect("refuses a class without pictures, and a folder without classes", () =>
    Effect.gen(function* () {
      const empty = yield* folderOf({ ...pets, "bird/notes.txt": "x" })
      const { message } = yield* Effect.flip(ImageFolder.load(empty, { ...form, skipInvalid: true }))
      assert.include(message, `${empty}/bird is not a valid class of pictures file: it has no file that ends in .png`)
      const none = yield* folderOf({ "README.md": "x" })
      assert.include((yield* Effect.flip(ImageFolder.load(none, form))).message, "it has no folders")
    })
  )

  it.effect("names a damaged picture, or leaves it out and reports it", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...pets, "dog/0.png": "no picture" })
      const { message } = yield* Effect.flip(ImageFolder.load(folder, form))
      assert.include(message, `${folder}/dog/0.png is not a valid picture file`)
      const { columns, size, skipped } = yield* ImageFolder.load(folder, { ...form, skipInvalid: true })
      assert.strictEqual(size, 3)
      assert.deepStrictEqual([...columns.label.data], [0, 1, 1])
      for (const [i, value] of [30, 10, 20].entries()) assert.approximately(columns.image.data[16 * i + 5], value, 2)
      assert.deepStrictEqual(
        skipped.map(({ path }) => path),
        [`${folder}/dog/0.png`]
      )
      const ruined = yield* folderOf({ ...pets, "cat/1.jpg": "no picture" })
      const error = yield* Effect.flip(ImageFolder.load(ruined, { ...form, skipInvalid: true }))
      assert.include(
        error.message,
        `${ruined}/cat is not a valid class of pictures file: none of its pictures can be read`
      )
    })
  )

  it.effect("gives batches in the order of a dataset's", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 7 }, (_, i) => [`a/${i}.png`, 30 * i] as const)
      const { files } = yield* ImageFolder.scan(yield* folderOf(Object.fromEntries(names)))
      const valuesOf = <E, R>(batches: Stream.Stream<ImageFolder.Labelled, E, R>) =>
        Effect.map(Stream.runCollect(batches), (all) =>
          all.map(({ columns, size }) => Array.from({ length: size }, (_, i) => columns.image.data[16 * i] / 30))
        )
      assert.deepStrictEqual(yield* valuesOf(ImageFolder.batches(files, form, { size: 3 })), [
        [0, 1, 2],
        [3, 4, 5],
        [6]
      ])
      const options = { size: 3, key: Random.key(1), epoch: 2 }
      const shuffled = yield* valuesOf(ImageFolder.batches(files, form, options))
      assert.sameMembers(shuffled.flat(), [0, 1, 2, 3, 4, 5, 6])
      assert.notDeepEqual(shuffled.flat(), [0, 1, 2, 3, 4, 5, 6])
      assert.deepStrictEqual(
        yield* valuesOf(ImageFolder.batches(files, form, { ...options, from: 1 })),
        shuffled.slice(1)
      )
    })
  )
})

const entry = (name: string, image: string, has = true) => ({
  name,
  category: "Objects",
  image,
  has_img_twitter: has,
  unified: "1"
})
const emoji = (...entries: ReadonlyArray<unknown>) => ({
  "emoji.json": JSON.stringify(entries),
  "img/twitter/64/1-a.png": 40,
  "img/twitter/64/2.png": 50
})

layer(services)("Emoji.load", (it) => {
  it.effect("gives pictures with their captions", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(
        emoji(entry("RED CAR", "1-a.png"), entry("X", "0.png", false), entry("Bus", "2.png"))
      )
      const { captions, columns } = yield* Emoji.load(folder)
      assert.deepStrictEqual(captions, [
        { text: "red car", category: "Objects" },
        { text: "bus", category: "Objects" }
      ])
      assert.deepStrictEqual(columns.image.shape, [2, 3, 64, 64])
      assert.deepStrictEqual([columns.image.data[0], columns.image.data[3 * 4096]], [40, 50])
    })
  )

  it.effect("keeps captions beside their pictures where one is left out", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({
        ...emoji(entry("a", "1-a.png"), entry("b", "3.png"), entry("c", "2.png")),
        "img/twitter/64/3.png": "no picture"
      })
      assert.include((yield* Effect.flip(Emoji.load(folder))).message, `${folder}/img/twitter/64/3.png`)
      const { captions, size, skipped } = yield* Emoji.load(folder, { ...form, skipInvalid: true })
      assert.deepStrictEqual(
        captions.map(({ text }) => text),
        ["a", "c"]
      )
      assert.deepStrictEqual([size, skipped.length], [2, 1])
    })
  )

  it.effect("names an entry that is none, or leaves it out and reports it", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(
        emoji(entry("a", "1-a.png"), { ...entry("b", "2.png"), category: 7 }, "c", entry("d", "2.png"))
      )
      const { message } = yield* Effect.flip(Emoji.load(folder))
      assert.include(message, `${folder}/emoji.json is not a valid emoji list file: entry 1, "b", is no emoji: `)
      const { captions, size, skipped } = yield* Emoji.load(folder, { ...form, skipInvalid: true })
      assert.deepStrictEqual(
        captions.map(({ text }) => text),
        ["a", "d"]
      )
      assert.strictEqual(size, 2)
      assert.deepStrictEqual(
        skipped.map(({ reason }) => reason.slice(0, 7)),
        ["entry 1", "entry 2"]
      )
    })
  )

  it.effect("refuses a list of something else", () =>
    Effect.gen(function* () {
      for (const wrong of [{}, { name: "a" }, entry("a", "../../etc/passwd.png")]) {
        const folder = yield* folderOf(emoji(wrong))
        assert.include((yield* Effect.flip(Emoji.load(folder))).message, "emoji.json is not a valid emoji list file")
      }
    })
  )
})
