/**
 * The same sentences in several languages: the messages of the TypeScript compiler, from the folder of the npm package
 * `typescript`. Places for what a message is about are spelled `{0}`, `{1}` in all languages.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { readJson } from "./internal/json.ts"
import type { Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** Languages that messages come in beside English. */
export const languages = [
  "cs",
  "de",
  "es",
  "fr",
  "it",
  "ja",
  "ko",
  "pl",
  "pt-br",
  "ru",
  "tr",
  "zh-cn",
  "zh-tw"
] as const

/** A language by its code. */
export type Language = "en" | (typeof languages)[number]

/** Messages in the languages `L`. */
export interface Messages<L extends Language> {
  readonly messages: ReadonlyArray<{ readonly [K in L]: string }>
  /** Why messages were left out: one failure for each of them, which names file and message. */
  readonly skipped: ReadonlyArray<FormatError>
}

const format = "message list"

/** The English messages by their names: the compiler has them in its code. */
const english = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = `${folder}/lib/typescript.js`
  const text = yield* fs.readFileString(path)
  const messages = new Map<string, string>()
  for (const [, name, literal] of text.matchAll(/\bdiag\(\d+, \d+[^"\n]*, "(\w+)", ("(?:[^"\\\n]|\\.)*")/g)) {
    messages.set(name, yield* literalOf(literal, path))
  }
  if (messages.size === 0) return yield* at(format, { path })("it has no messages")
  return messages
})

const literalOf = (literal: string, path: string): Effect.Effect<string, FormatError> =>
  Effect.try({
    try: () => String(JSON.parse(literal)),
    catch: () => at(format, { path })(`it has a message that is no text: ${literal.slice(0, 60)}`)
  })

/** The messages of a language by their names; what is no text goes to `skips` if that is given. */
const translated = Effect.fnUntraced(function* (
  folder: string,
  language: Language,
  skips: Array<FormatError> | undefined
) {
  const path = `${folder}/lib/${language}/diagnosticMessages.generated.json`
  const content = yield* readJson(path, format)
  const fail = at(format, { path })
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return yield* fail("it is no record of messages")
  }
  const messages = new Map<string, string>()
  for (const [name, text] of Object.entries(content)) {
    if (typeof text === "string") messages.set(name, text)
    else {
      const failure = fail(`the message ${JSON.stringify(name)} is no text`)
      if (skips === undefined) return yield* failure
      skips.push(failure)
    }
  }
  return messages
})

/**
 * Reads the messages that all of `wanted` languages have, about 2,000, in the order of their names.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError`, which names file and message, if it holds anything
 * else; a message that is no text is left out if `skipInvalid` says so.
 *
 * **Example** (Fetching English and German sentences)
 *
 * ```ts
 * NpmPackage.folder(NpmPackage.typescript).pipe(
 *   Effect.flatMap((folder) => TypescriptMessages.load(folder, ["en", "de"]))
 * ) // Effect<Messages<"en" | "de">, …>: its messages are { en: string, de: string }
 * ```
 */
export const load = <const L extends Language>(
  folder: string,
  wanted: ReadonlyArray<L>,
  tolerance: Tolerance = {}
): Effect.Effect<Messages<L>, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const skips = Readings.skips(tolerance)
    const read = yield* Effect.forEach(wanted, (language) =>
      language === "en" ? english(folder) : translated(folder, language, skips)
    )
    const names = [...(read[0]?.keys() ?? [])].filter((name) => read.every((messages) => messages.has(name)))
    // Each language has the message.
    const messages = names.toSorted().map(
      (name) =>
        Object.fromEntries(wanted.map((language, i) => [language, read[i].get(name)])) as {
          readonly [K in L]: string
        }
    )
    return { messages, skipped: skips ?? [] }
  })
