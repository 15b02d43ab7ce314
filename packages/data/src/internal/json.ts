/** Files of JSON. */
import { at } from "@cotangent/formats/FormatError"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"

/** What the file at `path` holds. **Fails** `FormatError` unless it is JSON; a byte order mark is left aside. */
export const readJson = Effect.fnUntraced(function* (path: string, format: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path)
  return yield* Effect.try({
    try: () => JSON.parse(text.replace(/^\ufeff/, "")) as unknown,
    catch: (error) => at(format, { path })(`it is no JSON: ${String(error)}`)
  })
})
