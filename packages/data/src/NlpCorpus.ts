/**
 * English sentences of many kinds (news, novels, reviews, questions) from the folder of the npm package `nlp-corpus`.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { readJson } from "./internal/json.ts"

/** Documents of the package. */
const documents = 100

/**
 * Reads all sentences, 100,000 of them, in the order of the package.
 *
 * **Fails** `PlatformError` if a document cannot be read; `FormatError`, which names it, unless it is a list of sentences.
 *
 * **Example** (Fetching and reading sentences)
 *
 * ```ts
 * Effect.flatMap(NpmPackage.folder(NpmPackage.nlpCorpus), NlpCorpus.load)
 * ```
 */
export const load = (
  folder: string
): Effect.Effect<ReadonlyArray<string>, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.map(
    Effect.forEach(Array.from({ length: documents }).keys(), (i) => document(`${folder}/builds/doc-${i}.json`), {
      concurrency: 8
    }),
    (read) => read.flat()
  )

const document = Effect.fnUntraced(function* (path: string) {
  const content = yield* readJson(path, "corpus")
  const fail = at("corpus", { path })
  if (!Array.isArray(content)) return yield* fail("it is no list of sentences")
  const wrong = content.findIndex((sentence) => typeof sentence !== "string")
  if (wrong >= 0) return yield* fail(`sentence ${wrong} is no text`)
  // Just looked at.
  return content as ReadonlyArray<string>
})
