/**
 * Byte-pair encoding: tokens are runs of bytes that are frequent in the texts it was trained on. Every text has tokens,
 * since every byte is one.
 *
 * **Source** Gage 1994, "A New Algorithm for Data Compression"; Sennrich, Haddow, Birch 2016, "Neural Machine Translation
 * of Rare Words with Subword Units"; on bytes, Radford et al. 2019, section 2.2.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import { joined, join, keyOf } from "./internal/merging.ts"
import { countUnits, piecesOf } from "./internal/pieces.ts"
import type { Tokenizer } from "./Tokenizer.ts"

/** Two tokens that are joined, and the token that they become. */
export type Merge = readonly [left: number, right: number, joined: number]

/** What a tokenizer of byte pairs knows. */
export interface BytePairs {
  /** The bytes of each token, by its number; special tokens have none. */
  readonly tokens: ReadonlyArray<Uint8Array>
  /** In the order in which they are applied. */
  readonly merges: ReadonlyArray<Merge>
  readonly special: Readonly<Record<string, number>>
}

/** How byte pairs are trained. */
export interface TrainOptions {
  /** The most tokens there may be, special ones and the 256 bytes included. */
  readonly size: number
  /** Names of special tokens, which have the first numbers; none unless stated. */
  readonly special?: ReadonlyArray<string>
}

/** Pieces of text as tokens so far, and how often they occur. */
interface Piece {
  tokens: ReadonlyArray<number>
  readonly count: number
}

/** How often each pair of neighbors occurs, and in which pieces. */
class Pairs {
  private readonly counts = new Map<number, number>()
  private readonly places = new Map<number, Set<Piece>>()

  /** Counts the pairs of `piece` in, or out. */
  add(piece: Piece, sign: 1 | -1): void {
    for (let i = 0; i + 1 < piece.tokens.length; i++) {
      const key = keyOf(piece.tokens[i], piece.tokens[i + 1])
      const count = (this.counts.get(key) ?? 0) + sign * piece.count
      if (count === 0) this.counts.delete(key)
      else this.counts.set(key, count)
      const places = this.places.get(key)
      if (sign < 0) places?.delete(piece)
      else if (places === undefined) this.places.set(key, new Set([piece]))
      else places.add(piece)
    }
  }

  /** The pair that occurs most often, if one occurs twice; of several the one of the lowest numbers. */
  best(): { readonly key: number; readonly pieces: ReadonlyArray<Piece> } | undefined {
    let [key, most] = [-1, 1]
    for (const [candidate, count] of this.counts) {
      if (count > most || (count === most && most > 1 && candidate < key)) [key, most] = [candidate, count]
    }
    return key < 0 ? undefined : { key, pieces: [...(this.places.get(key) ?? [])] }
  }
}

/**
 * Learns byte pairs: again and again the most frequent pair of neighboring tokens, within words, becomes a token, until
 * there are `size` tokens or no pair occurs twice. Equal texts give equal tokens.
 *
 * **Throws** `ArgumentError` unless there is room for the bytes, and special names differ.
 *
 * **Example** (Learning from a text)
 *
 * ```ts run
 * const tokenizer = BytePairs.tokenizer(BytePairs.train(["low lower lowest"], { size: 259 }))
 * tokenizer.encode("lowest").length // => 4
 * tokenizer.decode(tokenizer.encode("Grüße 🙂")) // => "Grüße 🙂"
 * ```
 */
export const train = (texts: Iterable<string>, { size, special = [] }: TrainOptions): BytePairs => {
  const first = special.length
  if (!Number.isInteger(size) || size < first + 256 || new Set(special).size < first) {
    const expected = `a size of at least ${first + 256}, and special names that differ`
    throw new ArgumentError({ operation: "BytePairs.train", expected, received: `${size}, ${special.join(", ")}` })
  }
  const encoder = new TextEncoder()
  const tokens = [
    ...special.map(() => new Uint8Array()),
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  ]
  const pieces = [...countUnits(texts, piecesOf)].map(([text, count]): Piece => ({
    tokens: Array.from(encoder.encode(text), (byte) => first + byte),
    count
  }))
  const pairs = new Pairs()
  for (const piece of pieces) pairs.add(piece, 1)
  const merges: Array<Merge> = []
  // Different pairs may become the same bytes, and these are one token.
  const known = new Map<string, number>()
  while (tokens.length < size) {
    const best = pairs.best()
    if (best === undefined) break
    const [left, right] = joined(best.key)
    const bytes = Uint8Array.from([...tokens[left], ...tokens[right]])
    const result = known.get(bytes.join()) ?? tokens.length
    known.set(bytes.join(), result)
    if (result === tokens.length) tokens.push(bytes)
    merges.push([left, right, result])
    for (const piece of best.pieces) {
      pairs.add(piece, -1)
      piece.tokens = join(piece.tokens, best.key, result)
      pairs.add(piece, 1)
    }
  }
  return { tokens, merges, special: Object.fromEntries(special.map((name, i) => [name, i])) }
}

/** Pieces whose tokens are kept, so that frequent words are encoded once. */
const remembered = 2 ** 16

/**
 * The tokenizer of byte pairs. It has tokens for every text, and decodes them to the same text; half a character, which
 * tokens may be, is decoded to U+FFFD.
 */
export const tokenizer = ({ merges, special, tokens }: BytePairs): Tokenizer => {
  const ranks = new Map(merges.map(([left, right, result], rank) => [keyOf(left, right), { rank, result }]))
  const ofByte = new Map(tokens.flatMap((bytes, token) => (bytes.length === 1 ? [[bytes[0], token] as const] : [])))
  const encoder = new TextEncoder()
  const memory = new Map<string, ReadonlyArray<number>>()
  const encodePiece = (text: string): ReadonlyArray<number> => {
    const known = memory.get(text)
    if (known !== undefined) return known
    // A model has a token for every byte.
    let current: ReadonlyArray<number> = Array.from(encoder.encode(text), (byte) => ofByte.get(byte)!)
    for (;;) {
      let best = { rank: Infinity, result: -1, key: -1 }
      for (let i = 0; i + 1 < current.length; i++) {
        const key = keyOf(current[i], current[i + 1])
        const found = ranks.get(key)
        if (found !== undefined && found.rank < best.rank) best = { ...found, key }
      }
      if (best.key < 0) break
      current = join(current, best.key, best.result)
    }
    if (memory.size < remembered) memory.set(text, current)
    return current
  }
  return {
    size: tokens.length,
    special,
    encode: (text) => Int32Array.from(piecesOf(text).flatMap(encodePiece)),
    decode: (given) => {
      const runs = Array.from(given, (token) => {
        const bytes = tokens[token]
        if (bytes !== undefined) return bytes
        const expected = `tokens from 0 to ${tokens.length - 1}`
        throw new ArgumentError({ operation: "Tokenizer.decode", expected, received: String(token) })
      })
      const bytes = new Uint8Array(runs.reduce((total, { length }) => total + length, 0))
      let end = 0
      for (const run of runs) {
        bytes.set(run, end)
        end += run.length
      }
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
    }
  }
}
