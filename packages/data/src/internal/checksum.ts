/** Checksums of files, computed piece by piece. */
import { sha256, sha512 } from "@noble/hashes/sha2.js"
import * as Base64 from "effect/encoding/Base64"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Integrity } from "../Download.ts"

const algorithms = { sha256, sha512 }

/** The checksum of `bytes` by the algorithm of `expected`. */
export const checksum = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  expected: Integrity
): Effect.Effect<Integrity, E, R> =>
  Effect.gen(function* () {
    // What an `Integrity` begins with.
    const name = expected.slice(0, expected.indexOf("-")) as keyof typeof algorithms
    const hash = algorithms[name].create()
    yield* Stream.runForEach(bytes, (chunk) => Effect.sync(() => hash.update(chunk)))
    return `${name}-${Base64.encode(hash.digest())}` as const
  })
