/**
 * MNIST as its authors published it: four gzipped IDX files, fetched on first use. Their own page no longer has them; others
 * hold the same bytes, which checksums prove.
 *
 * **Source** LeCun, Cortes, Burges, "The MNIST database of handwritten digits", http://yann.lecun.com/exdb/mnist/.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import { DataCache } from "./DataCache.ts"
import type { Packed, Services } from "./Download.ts"
import * as Download from "./Download.ts"
import { DownloadError } from "./DownloadError.ts"

/** A file of a set, without the address that all have in common. */
export interface Published extends Omit<Packed, "into" | "url" | "what"> {
  /** What it is called when it is unpacked. */
  readonly name: string
}

/** The four files. */
export const files: ReadonlyArray<Published> = [
  {
    name: "train-images-idx3-ubyte",
    integrity: Download.sha256("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    bytes: 9_912_422,
    unpacked: 47_040_016
  },
  {
    name: "train-labels-idx1-ubyte",
    integrity: Download.sha256("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    bytes: 28_881,
    unpacked: 60_008
  },
  {
    name: "t10k-images-idx3-ubyte",
    integrity: Download.sha256("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    bytes: 1_648_877,
    unpacked: 7_840_016
  },
  {
    name: "t10k-labels-idx1-ubyte",
    integrity: Download.sha256("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    bytes: 4_542,
    unpacked: 10_008
  }
]

/** Where the archives are fetched from unless another place is named. */
export const mirror = "https://ossci-datasets.s3.amazonaws.com/mnist"

/** What is fetched, if not the usual files from the usual place. */
export interface Options {
  /** An address that has the archives below it. */
  readonly mirror?: string
  readonly files?: ReadonlyArray<Published>
}

/** The failure with what to do about it. */
const advise = (error: DownloadError, folder: string): DownloadError => {
  const { detail, reason, url, what } = error
  const start = reason === "offline" ? "run it once with the network" : "name another mirror"
  return new DownloadError({ what, url, reason, detail, remedy: `${start}, or put the unpacked files into ${folder}` })
}

/**
 * The folder with the four IDX files, for `Mnist.load`, each fetched and unpacked on its first use.
 *
 * **Fails** as `Download.unpacked` does.
 *
 * **Example** (Fetching and loading the digits)
 *
 * ```ts
 * Effect.flatMap(MnistArchives.folder(), (folder) => Mnist.load(folder))
 * ```
 */
export const folder = ({ files: wanted = files, mirror: from = mirror }: Options = {}): Effect.Effect<
  string,
  DownloadError | FormatError | PlatformError,
  Services
> =>
  Effect.gen(function* () {
    const cache = yield* DataCache
    const into = "files/mnist"
    yield* Effect.forEach(wanted, ({ name, ...rest }) =>
      Download.unpacked({
        ...rest,
        what: `MNIST, ${name}`,
        url: `${from.replace(/\/+$/, "")}/${name}.gz`,
        into: `${into}/${name}`
      })
    ).pipe(
      Effect.mapError((error) => (error._tag === "DownloadError" ? advise(error, `${cache.folder}/${into}`) : error))
    )
    return `${cache.folder}/${into}`
  })
