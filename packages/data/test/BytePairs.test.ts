import { assert, describe, it, layer } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as fc from "fast-check"
import * as BytePairFiles from "../src/BytePairFiles.ts"
import * as BytePairs from "../src/BytePairs.ts"
import { piecesOf } from "../src/internal/pieces.ts"

/** Any text without halves of characters. */
const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }))
/** Texts in which pairs repeat. */
const repetitive = fc.string({ unit: fc.constantFrom("a", "b", "c", " "), maxLength: 30 })

const models = fc
  .tuple(fc.array(repetitive, { maxLength: 6 }), fc.nat(30), fc.subarray(["<pad>", "<end>"]))
  .map(([texts, more, special]) => ({ texts, model: BytePairs.train(texts, { size: 258 + more, special }) }))

/** Byte pairs learned as the definition says: count all pairs anew each time. */
const plainly = (texts: ReadonlyArray<string>, count: number): ReadonlyArray<string> => {
  let pieces = texts.flatMap((each) => piecesOf(each).map((piece) => Array.from(piece)))
  const order = (token: string): number => (token.length === 1 ? token.charCodeAt(0) : 256 + learned.indexOf(token))
  const learned: Array<string> = []
  while (learned.length < count) {
    const counts = new Map<string, { readonly pair: readonly [string, string]; count: number }>()
    for (const piece of pieces) {
      for (let i = 0; i + 1 < piece.length; i++) {
        const name = `${piece[i]}|${piece[i + 1]}`
        const known = counts.get(name) ?? { pair: [piece[i], piece[i + 1]] as const, count: 0 }
        counts.set(name, { ...known, count: known.count + 1 })
      }
    }
    const [best] = [...counts.values()]
      .filter((each) => each.count > 1)
      .toSorted(
        (a, b) => b.count - a.count || order(a.pair[0]) - order(b.pair[0]) || order(a.pair[1]) - order(b.pair[1])
      )
    if (best === undefined) break
    const token = best.pair.join("")
    pieces = pieces.map((piece) => {
      const joined: Array<string> = []
      for (let i = 0; i < piece.length; i++) {
        if (piece[i] === best.pair[0] && piece[i + 1] === best.pair[1]) {
          joined.push(token)
          i++
        } else joined.push(piece[i])
      }
      return joined
    })
    if (!learned.includes(token)) learned.push(token)
  }
  return learned
}

const spelled = ({ tokens }: BytePairs.BytePairs, from: number): ReadonlyArray<string> =>
  tokens.slice(from).map((bytes) => new TextDecoder().decode(bytes))

describe("byte pairs", () => {
  it("decode what they encode, whatever they were trained on", () =>
    fc.assert(
      fc.property(models, fc.oneof(text, repetitive), ({ model }, given) => {
        const tokenizer = BytePairs.tokenizer(model)
        const tokens = tokenizer.encode(given)
        assert.strictEqual(tokenizer.decode(tokens), given)
        assert.isAtMost(tokens.length, new TextEncoder().encode(given).length)
      })
    ))

  it("are those of the definition", () =>
    fc.assert(
      fc.property(fc.array(repetitive, { maxLength: 5 }), fc.nat(12), (texts, count) => {
        const model = BytePairs.train(texts, { size: 256 + count })
        assert.deepStrictEqual(spelled(model, 256), plainly(texts, count))
      })
    ))

  it("learned first do not depend on how many are learned", () =>
    fc.assert(
      fc.property(fc.array(repetitive, { maxLength: 5 }), fc.nat(10), fc.nat(10), (texts, few, more) => {
        const small = BytePairs.train(texts, { size: 256 + few })
        const large = BytePairs.train(texts, { size: 256 + few + more })
        assert.deepStrictEqual(large.tokens.slice(0, small.tokens.length), small.tokens)
        for (const given of texts) {
          const lengthOf = (model: BytePairs.BytePairs): number => BytePairs.tokenizer(model).encode(given).length
          assert.isAtMost(lengthOf(large), lengthOf(small))
        }
      })
    ))

  it("are each made of the bytes of a pair, and no more than were asked for", () =>
    fc.assert(
      fc.property(models, ({ model }) => {
        const { merges, special, tokens } = model
        assert.isAtMost(tokens.length, 288)
        for (const [left, right, joined] of merges) {
          assert.deepStrictEqual([...tokens[joined]], [...tokens[left], ...tokens[right]])
        }
        for (const token of Object.values(special)) assert.strictEqual(tokens[token].length, 0)
        const unique = new Set(tokens.slice(Object.keys(special).length).map((bytes) => bytes.join()))
        assert.strictEqual(unique.size, tokens.length - Object.keys(special).length)
      })
    ))

  it("cross no words", () => {
    const { tokens } = BytePairs.train(["ab ab ab ab"], { size: 300 })
    assert.deepStrictEqual(spelled({ tokens, merges: [], special: {} }, 256), ["ab", " ab"])
  })

  it("halve no character of what is decoded as a whole, and keep a byte order mark", () => {
    const tokenizer = BytePairs.tokenizer(BytePairs.train([], { size: 256 }))
    const tokens = tokenizer.encode("\ufeff🙂")
    assert.strictEqual(tokens.length, 7)
    assert.strictEqual(tokenizer.decode(tokens), "\ufeff🙂")
    assert.strictEqual(tokenizer.decode(tokens.subarray(3, 5)), "\ufffd")
  })

  it("throw for too few tokens, names twice, and numbers that are no token", () => {
    assert.throws(() => BytePairs.train([], { size: 256, special: ["x"] }), /at least 257/)
    assert.throws(() => BytePairs.train([], { size: 300, special: ["x", "x"] }), /special names that differ/)
    const tokenizer = BytePairs.tokenizer(BytePairs.train([], { size: 256 }))
    for (const token of [-1, 256, 0.5]) assert.throws(() => tokenizer.decode([token]), /tokens from 0 to 255/)
  })
})

const folder = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempDirectoryScoped()
  return { vocabulary: `${path}/vocab.json`, merges: `${path}/merges.txt` }
})

layer(NodeFileSystem.layer)("byte pairs in files", (it) => {
  it.effect("are what was written", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(models, async ({ model }) => {
          const program = Effect.gen(function* () {
            const paths = yield* folder
            yield* BytePairFiles.write(paths, model)
            return yield* BytePairFiles.read(paths)
          })
          const read = await Effect.runPromise(Effect.scoped(Effect.provide(program, NodeFileSystem.layer)))
          assert.deepStrictEqual(read, model)
        }),
        { numRuns: 15 }
      )
    )
  )

  it.effect("may have their numbers in any order, and spell bytes as GPT-2 does", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const paths = yield* folder
      yield* BytePairFiles.write(paths, BytePairs.train([" é é"], { size: 258, special: [] }))
      assert.strictEqual(yield* fs.readFileString(paths.merges), "#version: 0.2\nĠ Ã\nĠÃ ©\n")
      const vocabulary = JSON.parse(yield* fs.readFileString(paths.vocabulary)) as Record<string, number>
      assert.deepStrictEqual(
        [vocabulary["Ġ"], vocabulary["Ċ"], vocabulary["!"], vocabulary["Ġé"]],
        [32, 10, 33, undefined]
      )
      const turned = Object.fromEntries(Object.entries(vocabulary).map(([name, number]) => [name, 257 - number]))
      yield* fs.writeFileString(paths.vocabulary, JSON.stringify({ ...turned, "<|endoftext|>": 258 }))
      const model = yield* BytePairFiles.read(paths)
      assert.deepStrictEqual(model.special, { "<|endoftext|>": 258 })
      const tokenizer = BytePairs.tokenizer(model)
      assert.deepStrictEqual([...tokenizer.encode(" é")], [0])
      assert.strictEqual(tokenizer.decode([0, 258, 257 - 33]), " é!")
    })
  )

  it.effect("are refused where they lie", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const paths = yield* folder
      yield* BytePairFiles.write(paths, BytePairs.train([], { size: 256 }))
      const vocabulary = JSON.parse(yield* fs.readFileString(paths.vocabulary)) as Record<string, number>
      const { "!": _, ...others } = vocabulary
      for (const [wrong, reason] of [
        [[], "it is no record of tokens"],
        [{ ...vocabulary, x: 3 }, "has the number 3, not one of its own"],
        [{ ...vocabulary, new: 300 }, 'the token "new" has the number 300'],
        [{ ...vocabulary, new: "1" }, 'the token "new" has the number 1'],
        [{ ...others, new: 33 }, "it has no token for the byte 33"]
      ] as const) {
        yield* fs.writeFileString(paths.vocabulary, JSON.stringify(wrong))
        const { message } = yield* Effect.flip(BytePairFiles.read(paths))
        assert.include(message, `${paths.vocabulary} is not a valid vocabulary file: `)
        assert.include(message, reason)
      }
      yield* fs.writeFileString(paths.vocabulary, JSON.stringify({ ...vocabulary, ab: 256 }))
      for (const line of ["a b c", "ab", "a c", "x y"]) {
        yield* fs.writeFileString(paths.merges, `#version: 0.2\na b\n${line}\n`)
        const { message } = yield* Effect.flip(BytePairFiles.read(paths))
        assert.include(message, `${paths.merges} is not a valid list of merges file: line 3 is no pair of tokens`)
      }
    })
  )

  it.effect("cannot hold a special token that is called as another is spelled", () =>
    Effect.gen(function* () {
      const model = BytePairs.train([], { size: 257, special: ["a"] })
      const exit = yield* Effect.exit(BytePairFiles.write(yield* folder, model))
      assert.include(String(exit), "special names that spell no other token")
    })
  )
})
