/**
 * Where files that were fetched are kept, and how fetching goes on: what downloads ask of their surroundings.
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/** What a download has come to. */
export type Progress =
  /** `received` of `total` bytes are here; how many there will be is not always known. */
  | {
      readonly _tag: "Downloading"
      readonly what: string
      readonly received: number
      readonly total: number | undefined
    }
  /** The transfer broke off for `reason`, and is taken up again. */
  | { readonly _tag: "Retrying"; readonly what: string; readonly reason: string }
  | { readonly _tag: "Unpacking"; readonly what: string }
  | { readonly _tag: "Ready"; readonly what: string; readonly path: string }

/** The cache, and how it may be filled. */
export interface DataCacheService {
  /** The folder of everything that was fetched. */
  readonly folder: string
  /** Whether nothing may be fetched, so that only what is there can be used. */
  readonly isOffline: boolean
  /** Is told how downloads go on, about a hundred times for each. */
  readonly report: (progress: Progress) => Effect.Effect<void>
  /** How long a server may send nothing. */
  readonly patience: Duration.Input
  /** How long to wait before a transfer is taken up again; twice as long each further time. */
  readonly pause: Duration.Input
}

/** What a cache can be told; everything has its usual value. */
export interface DataCacheOptions {
  /** Unless stated `COTANGENT_CACHE`, or the folder `cotangent` where this user's caches are. */
  readonly folder?: string | undefined
  /** Downloads are allowed unless stated. */
  readonly isOffline?: boolean | undefined
  /** Nobody is told unless stated. */
  readonly report?: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** 30 seconds unless stated. */
  readonly patience?: Duration.Input | undefined
  /** A second unless stated. */
  readonly pause?: Duration.Input | undefined
}

/** The variable `name` of the environment, if it says anything. */
const variable = (name: string): Config.Config<Option.Option<string>> =>
  Config.map(Config.option(Config.String(name)), (value) => Option.filter(value, (text) => text !== ""))

/** The folder `path` below the one that the variable `name` holds. */
const below = (name: string, path: string): Config.Config<Option.Option<string>> =>
  Config.map(
    variable(name),
    Option.map((folder) => `${folder}${path}`)
  )

/** The places for a cache, the best first: asked for, of the user's caches, of Windows, of the user's home. */
const places = [
  variable("COTANGENT_CACHE"),
  below("XDG_CACHE_HOME", "/cotangent"),
  below("LOCALAPPDATA", "/cotangent/cache"),
  below("HOME", "/.cache/cotangent")
]

/**
 * The folder of the cache: `COTANGENT_CACHE`, else `cotangent` in `XDG_CACHE_HOME`, in `LOCALAPPDATA`, or in `.cache` of
 * the user's home.
 *
 * **Fails** `ConfigError` where the environment holds none of these.
 */
export const usualFolder: Effect.Effect<string, ConfigError> = Effect.gen(function* () {
  for (const place of places) {
    const folder = yield* place
    if (Option.isSome(folder)) return folder.value
  }
  return yield* Config.NonEmptyString("COTANGENT_CACHE")
})

/** The service that downloads ask for. */
export class DataCache extends Context.Service<DataCache, DataCacheService>()("@cotangent/data/DataCache") {
  /** **Fails** `ConfigError` if no folder is named, neither here nor by the environment. */
  static readonly layer = ({
    folder,
    isOffline = false,
    patience = "30 seconds",
    pause = "1 second",
    report = () => Effect.void
  }: DataCacheOptions = {}): Layer.Layer<DataCache, ConfigError> =>
    Layer.effect(
      DataCache,
      Effect.map(folder === undefined ? usualFolder : Effect.succeed(folder), (home) => ({
        folder: home,
        isOffline,
        patience,
        pause,
        report
      }))
    )
}
