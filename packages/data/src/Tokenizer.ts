/**
 * Text as whole numbers, and back.
 *
 * A tokenizer is made of a vocabulary, which is plain data: the names of special tokens, such as padding or the end of a
 * text, which stand for no text and have the first numbers; then characters or words. `BytePairs` makes tokenizers that
 * know every text.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { readJson } from "./internal/json.ts"
import { countUnits, piecesOf } from "./internal/pieces.ts"

/** Text to tokens and back. */
export interface Tokenizer {
  /** How many tokens there are; they are whole numbers from 0. */
  readonly size: number
  /** The numbers of special tokens by their names. */
  readonly special: Readonly<Record<string, number>>
  /** **Throws** `ArgumentError` for text that there is no token for. */
  readonly encode: (text: string) => Int32Array
  /** The text of tokens; special ones have none. **Throws** `ArgumentError` for a number that is no token. */
  readonly decode: (tokens: ArrayLike<number>) => string
}

/** What a tokenizer of characters or words knows. */
export interface Vocabulary {
  readonly unit: "character" | "word"
  readonly special: ReadonlyArray<string>
  readonly units: ReadonlyArray<string>
}

/** How a vocabulary is made from texts. */
export interface VocabularyOptions {
  /** Names of special tokens; none unless stated. One called `unknown` stands for what is not in the vocabulary. */
  readonly special?: ReadonlyArray<string>
  /** The most tokens there may be, special ones included: the most frequent are kept. All unless stated. */
  readonly size?: number
}

const cutOf: Readonly<Record<Vocabulary["unit"], (text: string) => Iterable<string>>> = {
  // By code points.
  character: (text) => text,
  word: piecesOf
}

const collect = (
  unit: Vocabulary["unit"],
  texts: Iterable<string>,
  { size = Infinity, special = [] }: VocabularyOptions
): Vocabulary => {
  const counts = countUnits(texts, cutOf[unit])
  const byFrequency = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return { unit, special, units: byFrequency.slice(0, Math.max(size - special.length, 0)).map(([name]) => name) }
}

/**
 * The characters (code points) of `texts`, the most frequent first.
 *
 * **Example** (Training on a text)
 *
 * ```ts run
 * const tokenizer = Tokenizer.of(Tokenizer.characters(["banana"], { special: ["padding"] }))
 * Array.from(tokenizer.encode("nab")) // => [2, 1, 3]
 * tokenizer.decode([3, 1, 2, 0]) // => "ban"
 * ```
 */
export const characters = (texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary =>
  collect("character", texts, options)

/**
 * The words of `texts` with the space before them, numbers, signs and white space, the most frequent first.
 *
 * **Example** (Words that are not known)
 *
 * ```ts run
 * const vocabulary = Tokenizer.words(["the cat and the dog"], { special: ["unknown"] })
 * const tokenizer = Tokenizer.of(vocabulary)
 * tokenizer.decode(tokenizer.encode("the dog and the cat")) // => "the dog and the cat"
 * Array.from(tokenizer.encode("the bird"))[1] // => 0
 * ```
 */
export const words = (texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary =>
  collect("word", texts, options)

/** **Throws** `ArgumentError` for the first number that is not below `size`. */
const checkToken = (token: number, size: number): void => {
  if (Number.isInteger(token) && token >= 0 && token < size) return
  const expected = `tokens from 0 to ${size - 1}`
  throw new ArgumentError({ operation: "Tokenizer.decode", expected, received: String(token) })
}

/**
 * The tokenizer of a vocabulary. What it decodes is what was encoded, but for what is unknown.
 *
 * **Throws** `ArgumentError` if a name or a unit is there twice.
 */
export const of = ({ special, unit, units }: Vocabulary): Tokenizer => {
  const names = Object.fromEntries(special.map((name, i) => [name, i]))
  const numbers = new Map(units.map((text, i) => [text, special.length + i]))
  const size = special.length + units.length
  if (Object.keys(names).length + numbers.size < size) {
    throw new ArgumentError({ operation: "Tokenizer.of", expected: "each token once", received: "one twice" })
  }
  const unknown = names["unknown"]
  const numberOf = (text: string): number => {
    const number = numbers.get(text) ?? unknown
    if (number !== undefined) return number
    const expected = `a known ${unit}, or a special token "unknown"`
    throw new ArgumentError({ operation: "Tokenizer.encode", expected, received: JSON.stringify(text) })
  }
  return {
    size,
    special: names,
    encode: (text) => Int32Array.from([...cutOf[unit](text)], numberOf),
    decode: (tokens) =>
      Array.from(tokens, (token) => {
        checkToken(token, size)
        return token < special.length ? "" : units[token - special.length]
      }).join("")
  }
}

const VocabularySchema = Schema.Struct({
  unit: Schema.Literals(["character", "word"]),
  special: Schema.Array(Schema.String),
  units: Schema.Array(Schema.String)
})

/** Writes a vocabulary as JSON, whole or not at all. **Fails** `PlatformError` if it cannot be written. */
export const write = (
  path: string,
  { special, unit, units }: Vocabulary
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.suspend(() => AtomicFile.write(path, new TextEncoder().encode(JSON.stringify({ unit, special, units }))))

/**
 * Reads a vocabulary that `write` has written.
 *
 * **Fails** `PlatformError` if the file cannot be read; `FormatError` if it holds anything but a vocabulary with each of
 * its tokens once.
 */
export const read = (path: string): Effect.Effect<Vocabulary, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fail = at("vocabulary", { path })
    const vocabulary = yield* Schema.decodeUnknownEffect(VocabularySchema)(yield* readJson(path, "vocabulary")).pipe(
      Effect.mapError((error) => fail(error.message))
    )
    for (const names of [vocabulary.special, vocabulary.units]) {
      if (new Set(names).size < names.length) return yield* fail("it has a token twice")
    }
    return vocabulary
  })
