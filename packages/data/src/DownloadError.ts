/**
 * Why something could not be fetched, and what to do about it.
 */
import * as Schema from "effect/Schema"

/**
 * Something that could not be fetched. `reason` is what stood in the way: downloads are not allowed, the server cannot
 * be reached, it answers with an error, it sends less or more than it should, or something else than was published.
 */
export class DownloadError extends Schema.TaggedError<DownloadError>()("DownloadError", {
  what: Schema.String,
  url: Schema.String,
  reason: Schema.Literals(["offline", "unreachable", "refused", "broken", "oversized", "altered"]),
  detail: Schema.String,
  remedy: Schema.String
}) {
  override get message(): string {
    return `cannot fetch ${this.what} from ${this.url}: ${this.detail}; ${this.remedy}`
  }

  /** Whether the next attempt may succeed. */
  get isTransient(): boolean {
    return this.reason === "unreachable" || this.reason === "broken"
  }
}

const remedies: Readonly<Record<DownloadError["reason"], string>> = {
  offline: "allow downloads once, or set COTANGENT_CACHE to a folder that has it",
  unreachable: "connect to the network, or set COTANGENT_CACHE to a folder that has it",
  refused: "see whether the address is right and open to you",
  broken: "try again: what has arrived is kept",
  oversized: "the server does not hold what was published under this name; ask another one",
  altered: "the server does not hold what was published under this name; ask another one"
}

/** An address without a user's name and password. */
const redacted = (url: string): string => url.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1")

/** Makes the failures of one download. */
export const failureOf =
  ({ url, what }: { readonly url: string; readonly what: string }) =>
  (reason: DownloadError["reason"], detail: string): DownloadError =>
    new DownloadError({ what, url: redacted(url), reason, detail, remedy: remedies[reason] })
