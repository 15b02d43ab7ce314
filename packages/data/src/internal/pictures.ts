/** Many files of pictures as one array. */
import { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { view } from "@cotangent/tensor/HostArray"
import * as Shape from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type { PictureForm } from "../ImageDecoder.ts"
import { ImageDecoder } from "../ImageDecoder.ts"
import type { Tolerance } from "../Reading.ts"

/** Files that are decoded at the same time. */
const concurrency = 8

/** The pictures that could be read. */
export interface Pictures {
  /** `[n, channels, height, width]` */
  readonly image: HostArray<"u8">
  /** Which of the paths they come from. */
  readonly kept: ReadonlyArray<number>
  readonly skipped: ReadonlyArray<FormatError>
}

const readOne = Effect.fnUntraced(function* (path: string, form: PictureForm) {
  const fs = yield* FileSystem.FileSystem
  const decoder = yield* ImageDecoder
  return yield* decoder.decode(yield* fs.readFile(path), { path }, form)
})

/** A form of pictures that are all of one size. */
export type Sized = PictureForm & { readonly size: readonly [number, number] }

/**
 * The pictures in the files at `paths`.
 *
 * **Fails** `FormatError` for a file that is no picture, unless it may be left out; `PlatformError` for one that cannot
 * be read.
 */
export const readPictures = (
  paths: ReadonlyArray<string>,
  { skipInvalid = false, ...form }: Sized & Tolerance
): Effect.Effect<Pictures, FormatError | PlatformError, FileSystem.FileSystem | ImageDecoder> =>
  Effect.gen(function* () {
    const shape = [form.channels, ...form.size]
    const width = Shape.size(shape)
    const data = new Uint8Array(paths.length * width)
    const failures = yield* Effect.forEach(
      paths,
      (path, i) =>
        readOne(path, form).pipe(
          Effect.flatMap((picture) => {
            if (!Shape.equals(picture.shape, shape)) {
              return Effect.fail(at("picture", { path })(`it was decoded to the shape ${Shape.format(picture.shape)}`))
            }
            data.set(picture.data, i * width)
            return Effect.succeed(undefined)
          }),
          Effect.catchIf(
            (error): error is FormatError => skipInvalid && error instanceof FormatError,
            (error) => Effect.succeed(error)
          )
        ),
      { concurrency }
    )
    const kept = failures.flatMap((failure, i) => (failure === undefined ? [i] : []))
    for (const [to, from] of kept.entries()) data.copyWithin(to * width, from * width, (from + 1) * width)
    return {
      image: view([kept.length, ...shape], "u8", data.subarray(0, kept.length * width)),
      kept,
      skipped: failures.filter((failure) => failure !== undefined)
    }
  })
