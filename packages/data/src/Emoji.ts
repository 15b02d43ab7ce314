/**
 * Small pictures with captions: emoji and their names, from the folder of the npm package `emoji-datasource-twitter`.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Datasets from "./Dataset.ts"
import type { ImageDecoder, PictureForm } from "./ImageDecoder.ts"
import { readJson } from "./internal/json.ts"
import { readPictures } from "./internal/pictures.ts"
import type { Reading, Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** What a picture shows. */
export interface Caption {
  /** Its name in small letters: `woman surfing`. */
  readonly text: string
  /** One of ten kinds, such as `Animals & Nature`. */
  readonly category: string
}

/** Pictures and their captions, in the same order. */
export interface Captioned extends Reading<{
  /** `[n, channels, height, width]`, from 0 to 255. */
  readonly image: HostArray<"u8">
}> {
  readonly captions: ReadonlyArray<Caption>
}

const List = Schema.Array(Schema.Unknown)

const Entry = Schema.Struct({
  name: Schema.String,
  category: Schema.String,
  image: Schema.String.check(Schema.isPattern(/^[\w-]+\.png$/)),
  has_img_twitter: Schema.Boolean
})

const decode = Schema.decodeUnknownResult(Entry)

/** An entry of the list as failures name it: by its place, from 0, and by its name if it has one. */
const placeOf = (entry: unknown, i: number): string => {
  const name = typeof entry === "object" && entry !== null && "name" in entry ? entry.name : undefined
  return typeof name === "string" ? `entry ${i}, ${JSON.stringify(name)},` : `entry ${i}`
}

/** The entries of the list at `path`; those that are none go to `skips` if that is given. */
const readEntries = Effect.fnUntraced(function* (path: string, skips: Array<FormatError> | undefined) {
  const fail = at("emoji list", { path })
  const list = yield* Schema.decodeUnknownEffect(List)(yield* readJson(path, "emoji list")).pipe(
    Effect.mapError((error) => fail(error.message))
  )
  const entries: Array<typeof Entry.Type> = []
  for (const [i, given] of list.entries()) {
    const entry = decode(given)
    if (Result.isSuccess(entry)) {
      entries.push(entry.success)
      continue
    }
    const failure = fail(`${placeOf(given, i)} is no emoji: ${entry.failure.message}`)
    if (skips === undefined) return yield* failure
    skips.push(failure)
  }
  return entries
})

/**
 * Reads the 1,911 pictures with their names; 64 × 64 pixels in colour, unless `form` says otherwise.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError`, which names it, if the list or an entry of it is not one of
 * emoji, or if a picture is damaged, unless `skipInvalid` says to leave entries and pictures out.
 *
 * **Example** (Fetching and loading pictures with captions)
 *
 * ```ts
 * Effect.flatMap(NpmPackage.folder(NpmPackage.emoji), (folder) => Emoji.load(folder, { channels: 3, size: [32, 32] }))
 * ```
 */
export const load = (
  folder: string,
  form: Partial<PictureForm> & Tolerance = {}
): Effect.Effect<Captioned, FormatError | PlatformError, FileSystem.FileSystem | ImageDecoder> =>
  Effect.gen(function* () {
    const path = `${folder}/emoji.json`
    const skips = Readings.skips(form)
    const entries = yield* readEntries(path, skips)
    const shown = entries.filter((entry) => entry.has_img_twitter)
    const { image, kept, skipped } = yield* readPictures(
      shown.map((entry) => `${folder}/img/twitter/64/${entry.image}`),
      { channels: 3, size: [64, 64], ...form }
    )
    const captions = kept.map((i) => ({ text: shown[i].name.toLowerCase(), category: shown[i].category }))
    return { ...Readings.make(Datasets.make({ image }), [...(skips ?? []), ...skipped]), captions }
  })
