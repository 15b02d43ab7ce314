/**
 * The suites of cases, and where they lie.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { Suite } from "./format.ts"

/** The project's own cases. */
export const ownFolder: string = fileURLToPath(new URL("../../conformance", import.meta.url))

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Suite))

/** The suites of every `*.json` of a folder, by file name. **Fails** where a file has another format. */
export const load = Effect.fnUntraced(function* (
  folder: string
): Effect.fn.Return<ReadonlyArray<Suite>, PlatformError | Schema.SchemaError, FileSystem.FileSystem | Path.Path> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = (yield* files.readDirectory(folder)).filter((name) => name.endsWith(".json"))
  return yield* Effect.forEach(names.toSorted(), (name) =>
    Effect.flatMap(files.readFileString(path.join(folder, name)), decode)
  )
})
