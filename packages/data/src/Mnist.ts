/**
 * The handwritten digits of MNIST from the folder that holds its four IDX files.
 *
 * **Source** LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition".
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { format } from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import type { Dataset } from "./Dataset.ts"
import * as Datasets from "./Dataset.ts"
import * as Idx from "./Idx.ts"
import type { Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** Pictures of digits, and which digits they are. */
export type Digits = Dataset<{
  /** `[n, 28, 28]`, from 0 (paper) to 255 (ink). */
  readonly image: HostArray<"u8">
  /** `[n]`, from 0 to 9. */
  readonly label: HostArray<"u8">
}>

/** The two parts of MNIST, of 60,000 and 10,000 digits. */
export interface Mnist {
  readonly train: Digits
  readonly test: Digits
  /** Why examples were left out: one failure for each of them, which names file and place. */
  readonly skipped: ReadonlyArray<FormatError>
}

/** The array in the file at `path`, if it is one of `u8` whose shape `fits`. */
const readBytes = Effect.fnUntraced(function* (
  path: string,
  expected: string,
  fits: (shape: HostArray["shape"]) => boolean
) {
  const { data, dtype, shape } = yield* Idx.readFile(path)
  if (dtype === "u8" && fits(shape)) {
    // The dtype was just compared.
    return { data, dtype, shape } as HostArray<"u8">
  }
  return yield* at("MNIST", { path })(
    `it must hold u8 of shape ${expected}, but holds ${dtype} of shape ${format(shape)}`
  )
})

const readPart = Effect.fnUntraced(function* (folder: string, part: string, tolerance: Tolerance) {
  const [imagePath, labelPath] = [`${folder}/${part}-images-idx3-ubyte`, `${folder}/${part}-labels-idx1-ubyte`]
  const image = yield* readBytes(
    imagePath,
    "[n, 28, 28]",
    ([, height, width, ...rest]) => height === 28 && width === 28 && rest.length === 0
  )
  const label = yield* readBytes(labelPath, "[n]", (shape) => shape.length === 1)
  const fail = at("MNIST", { path: labelPath })
  if (label.shape[0] !== image.shape[0]) {
    return yield* fail(`it has ${label.shape[0]} labels for the ${image.shape[0]} images of ${imagePath}`)
  }
  const failures = Array.from(label.data, (digit, i): FormatError | undefined =>
    digit > 9 ? fail(`label ${i} is ${digit}, which is no digit`) : undefined
  )
  const [first, ...others] = failures.filter((failure) => failure !== undefined)
  const all = Datasets.make({ image, label })
  if (first === undefined) return Readings.make(all)
  if (tolerance.skipInvalid !== true) return yield* first
  const kept = [...failures.keys()].filter((i) => failures[i] === undefined)
  return Readings.make(Datasets.gather(all, kept), [first, ...others])
})

/**
 * Reads MNIST from the files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
 * `t10k-labels-idx1-ubyte` of `folder`. Pixels stay bytes: a model scales them where it runs.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError` if one is no whole IDX file, if it does not hold
 * images of 28 × 28, or if images and labels differ in number; and for a label that is no digit, unless `skipInvalid`
 * says to leave it out.
 *
 * **Example** (Loading the digits)
 *
 * ```ts
 * Mnist.load("data/mnist") // Effect<Mnist, FormatError | PlatformError, FileSystem>
 * ```
 */
export const load = (
  folder: string,
  tolerance: Tolerance = {}
): Effect.Effect<Mnist, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.map(
    Effect.all([readPart(folder, "train", tolerance), readPart(folder, "t10k", tolerance)], { concurrency: 2 }),
    ([train, test]) => ({ train, test, skipped: [...train.skipped, ...test.skipped] })
  )
