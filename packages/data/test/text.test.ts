import { assert, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Cmudict from "../src/Cmudict.ts"
import * as NlpCorpus from "../src/NlpCorpus.ts"
import * as TypescriptMessages from "../src/TypescriptMessages.ts"

/** A folder with `files`. */
const folderOf = Effect.fnUntraced(function* (files: Readonly<Record<string, string>>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  for (const [name, content] of Object.entries(files)) {
    yield* fs.makeDirectory(`${folder}/${name.slice(0, name.lastIndexOf("/"))}`, { recursive: true })
    yield* fs.writeFileString(`${folder}/${name}`, content)
  }
  return folder
})

const documents = Object.fromEntries(
  Array.from({ length: 100 }, (_, i) => [`builds/doc-${i}.json`, JSON.stringify([`${i}a`, `${i}b`])])
)

layer(NodeFileSystem.layer)("NlpCorpus.load", (it) => {
  it.effect("gives the sentences of all documents, in order", () =>
    Effect.gen(function* () {
      const { sentences, skipped } = yield* NlpCorpus.load(yield* folderOf(documents))
      assert.deepStrictEqual(skipped, [])
      assert.deepStrictEqual(
        sentences,
        Array.from({ length: 200 }, (_, i) => `${Math.floor(i / 2)}${i % 2 === 0 ? "a" : "b"}`)
      )
    })
  )

  it.effect("leaves out what is no sentence if it may, and reports each of them", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...documents, "builds/doc-7.json": '["a", 1, "b", null]' })
      const { sentences, skipped } = yield* NlpCorpus.load(folder, { skipInvalid: true })
      assert.deepStrictEqual(sentences.slice(14, 16), ["a", "b"])
      assert.strictEqual(sentences.length, 200)
      assert.deepStrictEqual(
        skipped.map(({ path, reason }) => [path, reason]),
        [1, 3].map((i) => [`${folder}/builds/doc-7.json`, `sentence ${i} is no text`])
      )
    })
  )

  it.effect.each([
    ["{", "it is no JSON"],
    ["{}", "it is no list of sentences"],
    ['["a", 1]', "sentence 1 is no text"]
  ] as const)("refuses %s", ([content, reason]) =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...documents, "builds/doc-7.json": content })
      const { message } = yield* Effect.flip(NlpCorpus.load(folder))
      assert.include(message, `${folder}/builds/doc-7.json is not a valid corpus file: ${reason}`)
    })
  )
})

const symbols = { "data/symbols.txt": "AH\nAH0\nEY1\nZ\n" }

layer(NodeFileSystem.layer)("Cmudict.load", (it) => {
  it.effect("gives each pronunciation of each word", () =>
    Effect.gen(function* () {
      const text = ";;; a comment\nA  AH0\nA(1)  EY1\nA'S  EY1 Z\nD\ufffdJ\ufffd  Z\n(PAREN  AH0\n"
      const { entries, phonemes } = yield* Cmudict.load(yield* folderOf({ ...symbols, "data/dict.txt": text }))
      assert.deepStrictEqual(entries, [
        { word: "A", phonemes: ["AH0"] },
        { word: "A", phonemes: ["EY1"] },
        { word: "A'S", phonemes: ["EY1", "Z"] },
        { word: "(PAREN", phonemes: ["AH0"] }
      ])
      assert.deepStrictEqual(phonemes, ["AH", "AH0", "EY1", "Z"])
    })
  )

  it.effect("leaves out lines that are no words if it may, and reports each of them", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...symbols, "data/dict.txt": "A  AH0\nB  B IY1\nZ  Z\nY Y\n" })
      const { entries, skipped } = yield* Cmudict.load(folder, { skipInvalid: true })
      assert.deepStrictEqual(
        entries.map(({ word }) => word),
        ["A", "Z"]
      )
      assert.deepStrictEqual(
        skipped.map(({ reason }) => reason.slice(0, 6)),
        ["line 2", "line 4"]
      )
    })
  )

  it.effect.each([
    ["A  AH0\nB  B IY1\n", 'line 2 is no word with known phonemes: "B  B IY1"'],
    ["A AH0\n", "line 1 is no word"],
    ["A  \n", "line 1 is no word"],
    ["\n", "it has no words"]
  ] as const)("refuses %o", ([text, reason]) =>
    Effect.gen(function* () {
      const folder = yield* folderOf({ ...symbols, "data/dict.txt": text })
      const { message } = yield* Effect.flip(Cmudict.load(folder))
      assert.include(message, `${folder}/data/dict.txt is not a valid pronouncing dictionary file: ${reason}`)
    })
  )
})

const code = `
  var Diagnostics = {
    b: diag(1002, 1 /* Error */, "b_1002", "Say \\"{0}\\".\\\\"),
    a: diag(1003, 1 /* Error */, "a_1003", "Plain."),
    c: diag(1004, 0 /* Warning */, "c_1004", "English alone.")
  };`
const german = { b_1002: 'Sag "{0}".', a_1003: "Schlicht.", d_1005: "Nur Deutsch." }
const compiler = {
  "lib/typescript.js": code,
  "lib/de/diagnosticMessages.generated.json": `\ufeff${JSON.stringify(german)}`,
  "lib/fr/diagnosticMessages.generated.json": '{"a_1003": 1}'
}

layer(NodeFileSystem.layer)("TypescriptMessages.load", (it) => {
  it.effect("gives what all languages have, side by side", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(compiler)
      assert.deepStrictEqual((yield* TypescriptMessages.load(folder, ["en", "de"])).messages, [
        { en: "Plain.", de: "Schlicht." },
        { en: 'Say "{0}".\\', de: 'Sag "{0}".' }
      ])
      assert.strictEqual((yield* TypescriptMessages.load(folder, ["de"])).messages.length, 3)
    })
  )

  it.effect("names the file and the message that is wrong", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(compiler)
      const { message } = yield* Effect.flip(TypescriptMessages.load(folder, ["en", "fr"]))
      assert.include(message, `${folder}/lib/fr/diagnosticMessages.generated.json is not a valid message list file`)
      assert.include(message, 'the message "a_1003" is no text')
      const { messages, skipped } = yield* TypescriptMessages.load(folder, ["en", "fr"], { skipInvalid: true })
      assert.deepStrictEqual(messages, [])
      assert.deepStrictEqual(
        skipped.map((failure) => failure.message),
        [message]
      )
      const empty = yield* folderOf({ "lib/typescript.js": "" })
      assert.include((yield* Effect.flip(TypescriptMessages.load(empty, ["en"]))).message, "it has no messages")
      assert.strictEqual((yield* Effect.flip(TypescriptMessages.load(empty, ["ja"])))._tag, "PlatformError")
    })
  )
})
