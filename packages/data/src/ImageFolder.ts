/**
 * Pictures in one folder for each class, as ImageNet has them: `cat/1.jpg`, `cat/2.jpg`, `dog/1.png`.
 */
import { at } from "@cotangent/formats/FormatError"
import type { FormatError } from "@cotangent/formats/FormatError"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import type { BatchOptions, Shuffle } from "./Dataset.ts"
import * as Datasets from "./Dataset.ts"
import type { ImageDecoder } from "./ImageDecoder.ts"
import type { Sized } from "./internal/pictures.ts"
import { readPictures } from "./internal/pictures.ts"
import type { Reading, Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** A file with a picture, and the class that it belongs to. */
export interface PictureFile {
  readonly path: string
  /** A place in the names of the classes. */
  readonly label: number
}

/** What a folder holds. */
export interface ImageFolder {
  readonly classes: ReadonlyArray<string>
  /** Class by class, in the order of their names. */
  readonly files: ReadonlyArray<PictureFile>
}

/** Pictures with their classes. */
export type Labelled = Reading<{
  /** `[n, channels, height, width]`, from 0 to 255. */
  readonly image: HostArray<"u8">
  /** `[n]` */
  readonly label: HostArray<"i32">
}>

/** What pictures are to be like; all of one size. */
export type Form = Sized & Tolerance

type Services = FileSystem.FileSystem | ImageDecoder
type Failure = FormatError | PlatformError

const isPicture = (name: string): boolean => /(?:^|\/)[^./][^/]*\.(?:png|jpe?g|webp)$/i.test(name)

/** The pictures of a class. */
const filesOf = Effect.fnUntraced(function* (path: string, label: number) {
  const fs = yield* FileSystem.FileSystem
  const names = (yield* fs.readDirectory(path, { recursive: true })).map((name) => name.replaceAll("\\", "/"))
  const files = names.filter(isPicture).toSorted()
  if (files.length > 0) return files.map((name): PictureFile => ({ path: `${path}/${name}`, label }))
  return yield* at("class of pictures", { path })("it has no file that ends in .png, .jpg, .jpeg or .webp")
})

/** The names of the folders in `folder`, in order. */
const foldersIn = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const names = (yield* fs.readDirectory(folder)).filter((name) => !name.startsWith(".")).toSorted()
  return yield* Effect.filter(names, (name) =>
    Effect.map(fs.stat(`${folder}/${name}`), ({ type }) => type === "Directory")
  )
})

/**
 * Lists the pictures in `folder` without reading them. Classes are its folders in the order of their names, or those of
 * `classes` in their order; files of other kinds are left aside.
 *
 * **Fails** `PlatformError` if a folder cannot be read; `FormatError` for a class without pictures, and, where classes are
 * named, for a folder that is none of them.
 */
export const scan = (
  folder: string,
  { classes }: { readonly classes?: ReadonlyArray<string> } = {}
): Effect.Effect<ImageFolder, Failure, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const found = yield* foldersIn(folder)
    const fail = at("folder of classes", { path: folder })
    const unknown = classes && found.find((name) => !classes.includes(name))
    if (unknown !== undefined) return yield* fail(`its folder ${JSON.stringify(unknown)} is no known class`)
    const names = classes ?? found
    const missing = names.find((name) => !found.includes(name))
    if (missing !== undefined) return yield* fail(`it has no folder ${JSON.stringify(missing)}`)
    if (names.length === 0) return yield* fail("it has no folders")
    const files = yield* Effect.forEach(names, (name, label) => filesOf(`${folder}/${name}`, label))
    return { classes: names, files: files.flat() }
  })

/**
 * Reads pictures with their classes.
 *
 * **Fails** `PlatformError` if a file cannot be read; `FormatError`, which names it, if it is no whole picture, unless
 * `skipInvalid` says to leave it out.
 */
export const read = (files: ReadonlyArray<PictureFile>, form: Form): Effect.Effect<Labelled, Failure, Services> =>
  Effect.gen(function* () {
    const paths = files.map(({ path }) => path)
    const { image, kept, skipped } = yield* readPictures(paths, form)
    const labels = kept.map((i) => files[i].label)
    return Readings.make(Datasets.make({ image, label: make([labels.length], "i32", labels) }), skipped)
  })

/**
 * Reads all pictures of a folder that holds one for each class.
 *
 * **Fails** as `scan` and `read` do; `FormatError` also if nothing of a class could be read.
 *
 * **Example** (Loading small colour pictures)
 *
 * ```ts
 * ImageFolder.load("pets", { channels: 3, size: [64, 64] })
 * // Effect<Labelled & { classes: ReadonlyArray<string> }, FormatError | PlatformError, FileSystem | ImageDecoder>
 * ```
 */
export const load = (
  folder: string,
  form: Form & { readonly classes?: ReadonlyArray<string> }
): Effect.Effect<Labelled & { readonly classes: ReadonlyArray<string> }, Failure, Services> =>
  Effect.gen(function* () {
    const { classes, files } = yield* scan(folder, form)
    const all = yield* read(files, form)
    const empty = classes.findIndex((_, label) => !all.columns.label.data.includes(label))
    if (empty < 0) return { ...all, classes }
    return yield* at("class of pictures", { path: `${folder}/${classes[empty]}` })("none of its pictures can be read")
  })

/**
 * The batches of pictures that are too many for memory, read when they are asked for. Order, resuming and options are
 * those of `Dataset.batches`; pictures that are left out make their batch smaller.
 */
export const batches: {
  (
    files: ReadonlyArray<PictureFile>,
    form: Form,
    options: BatchOptions & Shuffle
  ): Stream.Stream<Labelled, DeviceError | Failure, Device | Services>
  (
    files: ReadonlyArray<PictureFile>,
    form: Form,
    options: BatchOptions & { readonly key?: undefined }
  ): Stream.Stream<Labelled, Failure, Services>
} = (files: ReadonlyArray<PictureFile>, form: Form, options: BatchOptions) => {
  const places = Datasets.make({ place: make([files.length], "i32", [...files.keys()]) })
  // With a key the signature asks for an epoch; without one no device is used.
  const orders = Datasets.batches(places, options as BatchOptions & { readonly key?: undefined })
  return Stream.mapEffect(orders, ({ place }) =>
    read(
      Array.from(place.data, (i) => files[i]),
      form
    )
  )
}
