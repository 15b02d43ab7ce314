/**
 * The colour pictures of CIFAR-10 and CIFAR-100 from the folders of their binary versions.
 *
 * **Source** Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images";
 * https://www.cs.toronto.edu/~kriz/cifar.html.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { view } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Datasets from "./Dataset.ts"
import type { Archive } from "./Download.ts"
import * as Download from "./Download.ts"
import type { Reading, Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** Pictures of one of ten things. */
export type Pictures10 = Reading<{
  /** `[n, 3, 32, 32]`: red, green and blue, from 0 to 255. */
  readonly image: HostArray<"u8">
  /** `[n]`, places in the names of the classes. */
  readonly label: HostArray<"u8">
}>

/** Pictures of one of a hundred things, which belong to twenty kinds. */
export type Pictures100 = Reading<{
  readonly image: HostArray<"u8">
  readonly label: HostArray<"u8">
  /** `[n]`, places in the names of the kinds. */
  readonly coarse: HostArray<"u8">
}>

/** CIFAR-10: 50,000 pictures to train on, 10,000 for the test. */
export interface Cifar10 {
  readonly train: Pictures10
  readonly test: Pictures10
  readonly classes: ReadonlyArray<string>
}

/** CIFAR-100, as many pictures. */
export interface Cifar100 {
  readonly train: Pictures100
  readonly test: Pictures100
  readonly classes: ReadonlyArray<string>
  readonly kinds: ReadonlyArray<string>
}

/** The binary version of CIFAR-10 where its authors publish it; its files are in the folder `cifar-10-batches-bin`. */
export const archive10: Archive = {
  what: "CIFAR-10",
  url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
  integrity: Download.sha256("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
  bytes: 170_052_171,
  unpacked: 200_000_000,
  into: "files/cifar-10"
}

/** The binary version of CIFAR-100 where its authors publish it; its files are in the folder `cifar-100-binary`. */
export const archive100: Archive = {
  what: "CIFAR-100",
  url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
  integrity: Download.sha256("58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"),
  bytes: 168_513_733,
  unpacked: 200_000_000,
  into: "files/cifar-100"
}

const pixels = 3 * 32 * 32

/** The lines of a file that names classes. */
const readNames = Effect.fnUntraced(function* (path: string, count: number) {
  const fs = yield* FileSystem.FileSystem
  const names = (yield* fs.readFileString(path))
    .split("\n")
    .map((name) => name.trim())
    .filter((name) => name !== "")
  if (names.length === count) return names
  return yield* at("CIFAR", { path })(`it names ${names.length} classes, not ${count}`)
})

/** Records of a few labels and a picture: the labels, one array for each place in a record, and the pictures. */
interface Records {
  readonly labels: ReadonlyArray<Uint8Array>
  readonly images: Uint8Array
  readonly size: number
}

/**
 * The records of the files at `paths`, each with labels below `limits`.
 *
 * **Fails** `FormatError`, which names the record; one with an unknown label goes to `skips` instead if that is given.
 */
const readRecords = Effect.fnUntraced(function* (
  paths: ReadonlyArray<string>,
  limits: ReadonlyArray<number>,
  skips: Array<FormatError> | undefined
): Effect.fn.Return<Records, FormatError | PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const files = yield* Effect.forEach(paths, (path) => fs.readFile(path))
  const width = limits.length + pixels
  const most = files.reduce((total, { length }) => total + Math.floor(length / width), 0)
  const labels = limits.map(() => new Uint8Array(most))
  const images = new Uint8Array(most * pixels)
  let size = 0
  for (const [i, bytes] of files.entries()) {
    const fail = at("CIFAR", { path: paths[i] })
    if (bytes.length % width > 0) {
      return yield* fail(`its ${bytes.length} bytes are no whole number of records of ${width} bytes`)
    }
    for (let record = 0; record * width < bytes.length; record++) {
      const start = record * width
      const wrong = limits.findIndex((limit, place) => bytes[start + place] >= limit)
      if (wrong >= 0) {
        const failure = fail(
          `record ${record} has the label ${bytes[start + wrong]}, but there are ${limits[wrong]} classes`
        )
        if (skips === undefined) return yield* failure
        skips.push(failure)
        continue
      }
      for (const [place, column] of labels.entries()) column[size] = bytes[start + place]
      images.set(bytes.subarray(start + limits.length, start + width), size * pixels)
      size++
    }
  }
  return { labels: labels.map((column) => column.subarray(0, size)), images: images.subarray(0, size * pixels), size }
})

const column = (data: Uint8Array): HostArray<"u8"> => view([data.length], "u8", data)
const pictures = ({ images, size }: Records): HostArray<"u8"> => view([size, 3, 32, 32], "u8", images)

const part10 = Effect.fnUntraced(function* (paths: ReadonlyArray<string>, tolerance: Tolerance) {
  const skips = Readings.skips(tolerance)
  const records = yield* readRecords(paths, [10], skips)
  return Readings.make(Datasets.make({ image: pictures(records), label: column(records.labels[0]) }), skips)
})

const part100 = Effect.fnUntraced(function* (path: string, tolerance: Tolerance) {
  const skips = Readings.skips(tolerance)
  const records = yield* readRecords([path], [20, 100], skips)
  const [coarse, label] = records.labels
  return Readings.make(Datasets.make({ image: pictures(records), label: column(label), coarse: column(coarse) }), skips)
})

/**
 * Reads CIFAR-10 from the files `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin` and `batches.meta.txt` of
 * `folder`.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError` if one holds no whole records, and for a record with an
 * unknown label, unless `skipInvalid` says to leave it out.
 *
 * **Example** (Fetching and loading the pictures)
 *
 * ```ts
 * Effect.flatMap(Download.folder(Cifar.archive10), (folder) => Cifar.load10(`${folder}/cifar-10-batches-bin`))
 * ```
 */
export const load10 = (
  folder: string,
  tolerance: Tolerance = {}
): Effect.Effect<Cifar10, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.all({
    train: part10(
      [1, 2, 3, 4, 5].map((i) => `${folder}/data_batch_${i}.bin`),
      tolerance
    ),
    test: part10([`${folder}/test_batch.bin`], tolerance),
    classes: readNames(`${folder}/batches.meta.txt`, 10)
  })

/**
 * Reads CIFAR-100 from the files `train.bin`, `test.bin`, `fine_label_names.txt` and `coarse_label_names.txt` of `folder`.
 *
 * **Fails** as `load10` does.
 */
export const load100 = (
  folder: string,
  tolerance: Tolerance = {}
): Effect.Effect<Cifar100, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.all({
    train: part100(`${folder}/train.bin`, tolerance),
    test: part100(`${folder}/test.bin`, tolerance),
    classes: readNames(`${folder}/fine_label_names.txt`, 100),
    kinds: readNames(`${folder}/coarse_label_names.txt`, 20)
  })
