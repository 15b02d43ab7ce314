/**
 * The events of a training in a file, a line of JSON each, so that a training that is resumed knows its past.
 */
import { Event } from "@cotangent/train/Event"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const Line = Schema.fromJsonString(Event)
const decode = Schema.decodeUnknownResult(Line)

/** The event as a line of JSON. */
export const encode: (event: Event) => string = Schema.encodeSync(Line)

const isBefore = (step: number, event: Event): boolean =>
  event._tag !== "Started" && event._tag !== "Stopped" && event.step <= step

/**
 * Begins the file at `path`: with those of its events that lead to `step`, which it gives, or with none for step 0.
 * Lines that are damaged are left out.
 */
export const begin = Effect.fnUntraced(function* (
  path: string,
  step: number
): Effect.fn.Return<ReadonlyArray<Event>, PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const text = step === 0 ? "" : yield* Effect.orElseSucceed(fs.readFileString(path), () => "")
  const events = text
    .split("\n")
    .map((line) => decode(line))
    .flatMap((result) => (Result.isSuccess(result) && isBefore(step, result.success) ? [result.success] : []))
  yield* fs.writeFileString(path, events.map((event) => `${encode(event)}\n`).join(""))
  return events
})

/** Adds an event to the file at `path`. */
export const append = (path: string, event: Event): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(path, `${encode(event)}\n`, { flag: "a" }))
