import * as Effect from "effect/Effect"
import type { Fetching } from "../lab/fetching.ts"
import { progressText } from "../lab/fetching.ts"
import type { Screen } from "../terminal/Screen.ts"

/** Fetching that is shown on a screen. */
export const fetchingOn = (
  { clear, print, status, style }: Screen,
  { archives, json, offline }: Pick<Fetching, "archives"> & { readonly json: boolean; readonly offline: boolean }
): Fetching => ({
  isOffline: offline,
  archives,
  report: (progress) => {
    if (json) return Effect.void
    if (progress._tag === "Ready") return Effect.andThen(clear, print(style.dim(progressText(progress))))
    return status((columns) => `  ${progressText(progress)}`.slice(0, columns - 1))
  }
})
