import { assert, describe, it, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as fc from "fast-check"
import { piecesOf } from "../src/internal/pieces.ts"
import * as Tokenizer from "../src/Tokenizer.ts"

/** Any text without halves of characters. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "b", " ", "'s", "1", "\n", ".", "é") })
)

const kinds = { characters: Tokenizer.characters, words: Tokenizer.words }

describe("pieces", () => {
  it("make up the text, and hold a kind of sign each", () =>
    fc.assert(
      fc.property(text, (given) => {
        assert.strictEqual(piecesOf(given).join(""), given)
      })
    ))

  it("are words with the space before them, contractions apart", () => {
    const pieces = ["I", "'m", " sure", ":", " it", "'s", " 42", "nd", "  ", " time", "!?", "\n"]
    assert.deepStrictEqual(piecesOf("I'm sure: it's 42nd   time!?\n"), pieces)
  })
})

describe.each(Object.entries(kinds))("a tokenizer of %s", (_, collect) => {
  it("decodes what it encodes, for texts that it was made from", () =>
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const tokenizer = Tokenizer.of(collect(texts, { special: ["padding"] }))
        for (const given of texts) {
          const tokens = tokenizer.encode(given)
          assert.strictEqual(tokenizer.decode(tokens), given)
          assert.isTrue(tokens.every((token) => token > 0 && token < tokenizer.size))
          assert.strictEqual(tokenizer.decode([0, ...tokens, 0]), given)
        }
      })
    ))

  it("does not depend on the order of texts", () =>
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        assert.deepStrictEqual(collect(texts, {}), collect(texts.toReversed(), {}))
      })
    ))

  it("keeps the most frequent, and calls the rest unknown", () => {
    const vocabulary = collect(["a a a a b b c"], { special: ["padding", "unknown"], size: 4 })
    assert.strictEqual(vocabulary.units.length, 2)
    const tokenizer = Tokenizer.of(vocabulary)
    assert.deepStrictEqual(tokenizer.special, { padding: 0, unknown: 1 })
    assert.include([...tokenizer.encode("a a c")], 1)
    assert.strictEqual(tokenizer.size, 4)
  })

  it("throws for what it does not know, unless there is a token for it", () => {
    const tokenizer = Tokenizer.of(collect(["a"], {}))
    assert.throws(() => tokenizer.encode("ä"), /Tokenizer.encode: expected a known (character|word).*received "ä"/)
    for (const token of [-1, 1, 0.5])
      assert.throws(() => tokenizer.decode([token]), /Tokenizer.decode: expected tokens from 0/)
  })
})

it("a vocabulary has each token once", () => {
  assert.throws(() => Tokenizer.of({ unit: "word", special: [], units: ["a", "a"] }), /each token once/)
  assert.throws(() => Tokenizer.of({ unit: "word", special: ["x", "x"], units: [] }), /each token once/)
})

layer(NodeFileSystem.layer)("a vocabulary on disk", (it) => {
  it.effect("is what was written", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/vocabulary.json`
      for (const vocabulary of [
        Tokenizer.characters(["grün 🙂"], { special: ["a", "b"] }),
        Tokenizer.words(["to be or not to be"])
      ]) {
        yield* Tokenizer.write(path, vocabulary)
        assert.deepStrictEqual(yield* Tokenizer.read(path), vocabulary)
      }
    })
  )

  it.effect.each([
    ["x", "it is no JSON"],
    ['{"unit":"line","special":[],"units":[]}', "unit"],
    ['{"unit":"word","special":[1],"units":[]}', "special"],
    ['{"unit":"word","special":[],"units":["a","a"]}', "it has a token twice"]
  ] as const)("is refused where it is %s", ([content, reason]) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/vocabulary.json`
      yield* fs.writeFileString(path, content)
      const { message } = yield* Effect.flip(Tokenizer.read(path))
      assert.include(message, `${path} is not a valid vocabulary file: `)
      assert.include(message, reason)
    })
  )
})
