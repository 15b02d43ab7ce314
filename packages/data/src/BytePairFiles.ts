/**
 * Byte pairs in the two files that GPT-2 brought into use: `vocab.json`, tokens with their numbers, and `merges.txt`, a
 * pair in each line. Bytes are spelled as letters.
 *
 * **Source** The tokenizer published with Radford et al. 2019.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type { BytePairs, Merge } from "./BytePairs.ts"
import { readJson } from "./internal/json.ts"

/** Where the files are. */
export interface BytePairPaths {
  readonly vocabulary: string
  readonly merges: string
}

/** Whether a byte is its own letter: what can be seen in Latin-1. */
const isVisible = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)

/** The letter of each byte: its own, or for those that cannot be seen one after the other from U+0100. */
const letters: ReadonlyArray<string> = (() => {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++))
})()

const byteOf: ReadonlyMap<string, number> = new Map(letters.map((letter, byte) => [letter, byte]))

const spell = (bytes: Uint8Array): string => Array.from(bytes, (byte) => letters[byte]).join("")

/** The bytes that `text` spells; nothing if a letter is none of a byte. */
const bytesOf = (text: string): Uint8Array | undefined => {
  const bytes = Array.from(text, (letter) => byteOf.get(letter))
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined
}

/** The names of tokens in the order of their numbers. */
const readNames = Effect.fnUntraced(function* (path: string) {
  const content = yield* readJson(path, "vocabulary")
  const fail = at("vocabulary", { path })
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return yield* fail("it is no record of tokens")
  }
  const entries = Object.entries(content)
  const names = new Array<string | undefined>(entries.length).fill(undefined)
  for (const [name, number] of entries) {
    const isFree = Number.isInteger(number) && number >= 0 && number < names.length && names[number] === undefined
    if (!isFree) {
      return yield* fail(`the token ${JSON.stringify(name)} has the number ${String(number)}, not one of its own`)
    }
    names[number] = name
  }
  // As many names as numbers, each with its own.
  return names as ReadonlyArray<string>
})

/** The pairs in the file at `path`, as tokens of `numbers`. */
const readMerges = Effect.fnUntraced(function* (path: string, numbers: ReadonlyMap<string, number>) {
  const fs = yield* FileSystem.FileSystem
  const fail = at("list of merges", { path })
  const merges: Array<Merge> = []
  for (const [i, line] of (yield* fs.readFileString(path)).split(/\r?\n/).entries()) {
    if (line === "" || (i === 0 && line.startsWith("#version"))) continue
    const names = line.split(" ")
    const [left, right, joined] = [names[0], names[1] ?? "", names.join("")].map((name) => numbers.get(name))
    if (names.length !== 2 || left === undefined || right === undefined || joined === undefined) {
      return yield* fail(
        `line ${i + 1} is no pair of tokens that make up a token: ${JSON.stringify(line.slice(0, 60))}`
      )
    }
    merges.push([left, right, joined])
  }
  return merges
})

/**
 * Reads byte pairs. Tokens that are neither bytes nor made by a pair are special, and called by their names.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError`, which names token or line, if numbers are not each
 * given once from 0, a byte has no token, or a line is no pair of tokens.
 *
 * **Example** (Loading the tokenizer of GPT-2)
 *
 * ```ts
 * BytePairFiles.read({ vocabulary: "gpt2/vocab.json", merges: "gpt2/merges.txt" })
 * ```
 */
export const read = (
  paths: BytePairPaths
): Effect.Effect<BytePairs, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const names = yield* readNames(paths.vocabulary)
    const numbers = new Map(names.map((name, number) => [name, number]))
    const missing = letters.findIndex((letter) => !numbers.has(letter))
    if (missing >= 0) {
      return yield* at("vocabulary", { path: paths.vocabulary })(`it has no token for the byte ${missing}`)
    }
    const merges = yield* readMerges(paths.merges, numbers)
    const made = new Set([...letters.map((letter) => numbers.get(letter)), ...merges.map(([, , joined]) => joined)])
    const special = Object.fromEntries(names.flatMap((name, i) => (made.has(i) ? [] : [[name, i] as const])))
    // What bytes or pairs made is spelled in letters of bytes.
    const tokens = names.map((name, i) => (made.has(i) ? (bytesOf(name) ?? new Uint8Array()) : new Uint8Array()))
    return { tokens, merges, special }
  })

/**
 * Writes byte pairs, each file whole or not at all.
 *
 * **Fails** `PlatformError` if a file cannot be written.
 *
 * **Throws** `ArgumentError` if a special token is called as another token is spelled.
 */
export const write = (
  paths: BytePairPaths,
  { merges, special, tokens }: BytePairs
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    const names = tokens.map(spell)
    for (const [name, token] of Object.entries(special)) names[token] = name
    const vocabulary = Object.fromEntries(names.map((name, token) => [name, token]))
    const twice = names.find((name, token) => vocabulary[name] !== token)
    if (twice !== undefined) {
      const expected = "special names that spell no other token"
      throw new ArgumentError({ operation: "BytePairFiles.write", expected, received: JSON.stringify(twice) })
    }
    const lines = merges.map(([left, right]) => `${names[left]} ${names[right]}\n`)
    const encoder = new TextEncoder()
    return Effect.andThen(
      AtomicFile.write(paths.vocabulary, encoder.encode(JSON.stringify(vocabulary))),
      AtomicFile.write(paths.merges, encoder.encode(`#version: 0.2\n${lines.join("")}`))
    )
  })
