/**
 * English sentences of many kinds (news, novels, reviews, questions) from the folder of the npm package `nlp-corpus`.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { readJson } from "./internal/json.ts"
import type { Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** The sentences that were read. */
export interface NlpCorpus {
  readonly sentences: ReadonlyArray<string>
  /** Why sentences were left out: one failure for each of them, which names document and place. */
  readonly skipped: ReadonlyArray<FormatError>
}

/** Documents of the package. */
const documents = 100

/**
 * Reads all sentences, 100,000 of them, in the order of the package.
 *
 * **Fails** `PlatformError` if a document cannot be read; `FormatError`, which names it, unless it is a list of sentences,
 * and for a sentence that is no text, unless `skipInvalid` says to leave it out.
 *
 * **Example** (Fetching and reading sentences)
 *
 * ```ts
 * Effect.flatMap(NpmPackage.folder(NpmPackage.nlpCorpus), (folder) => NlpCorpus.load(folder))
 * ```
 */
export const load = (
  folder: string,
  tolerance: Tolerance = {}
): Effect.Effect<NlpCorpus, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.map(
    Effect.forEach(
      Array.from({ length: documents }).keys(),
      (i) => document(`${folder}/builds/doc-${i}.json`, tolerance),
      { concurrency: 8 }
    ),
    (read) => ({
      sentences: read.flatMap(({ sentences }) => sentences),
      skipped: read.flatMap(({ skipped }) => skipped)
    })
  )

const document = Effect.fnUntraced(function* (path: string, tolerance: Tolerance) {
  const content = yield* readJson(path, "corpus")
  const fail = at("corpus", { path })
  if (!Array.isArray(content)) return yield* fail("it is no list of sentences")
  const skips = Readings.skips(tolerance)
  const sentences: Array<string> = []
  for (const [i, sentence] of (content as ReadonlyArray<unknown>).entries()) {
    if (typeof sentence === "string") sentences.push(sentence)
    else {
      const failure = fail(`sentence ${i} is no text`)
      if (skips === undefined) return yield* failure
      skips.push(failure)
    }
  }
  return { sentences, skipped: skips ?? [] }
})
