import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as Zip from "effect/encoding/Zip"
import * as Stream from "effect/Stream"
import type { FormatError } from "../src/FormatError.ts"
import * as Npy from "../src/Npy.ts"
import * as Npz from "../src/Npz.ts"

const source = { path: "x.npz" }

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

/** Written by `numpy.savez_compressed(f, x=numpy.arange(6, dtype="f4").reshape(2, 3), y=numpy.zeros(1000, "u1"))`. */
const byNumpy = fromBase64(
  "UEsDBC0AAAAIAAAAIQBP6QAq//////////8FABQAeC5ucHkBABAAmAAAAAAAAABVAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Ce" +
    "ll9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYwaLAHEg5ABMQNQLzAAQBQSwMELQAAAAgAAAAhAHV8+0X//////////wUAFAB5" +
    "Lm5weQEAEABoBAAAAAAAAE8AAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkahgYGBjqa" +
    "Ogq1CuQCLoZRMApGwbAHAFBLAQItAy0AAAAIAAAAIQBP6QAqVQAAAJgAAAAFAAAAAAAAAAAAAACAAQAAAAB4Lm5weVBLAQItAy0AAAAIAAAAIQB1fPtF" +
    "TwAAAGgEAAAFAAAAAAAAAAAAAACAAYwAAAB5Lm5weVBLBQYAAAAAAgACAGYAAAASAQAAAAA="
)

const x = make([3], "u8", [1, 2, 3])

const zip = (...entries: ReadonlyArray<Zip.ContentEntry>): Effect.Effect<Uint8Array, Zip.ZipError> =>
  Stream.fromIterable(entries).pipe(
    Stream.pipeThroughChannel(Zip.encode()),
    Stream.runCollect,
    Effect.map((chunks) => new Uint8Array(chunks.flatMap((chunk) => [...chunk])))
  )

const reason = (bytes: Uint8Array, limit?: number): Effect.Effect<string, Npz.Npz> =>
  Npz.decode(bytes, limit === undefined ? source : { ...source, limit }).pipe(
    Effect.flip,
    Effect.map((error: FormatError) => error.message)
  )

const patched = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = bytes.slice()
  copy[at < 0 ? copy.length + at : at] = value
  return copy
}

describe("Npz.decode", () => {
  it.effect("reads what NumPy compressed", () =>
    Effect.gen(function* () {
      const arrays = yield* Npz.decode(byNumpy, source)
      assert.deepStrictEqual(
        [...arrays],
        [
          ["x", make([2, 3], "f32", [0, 1, 2, 3, 4, 5])],
          ["y", make([1000], "u8", new Uint8Array(1000))]
        ]
      )
    })
  )

  it.effect("refuses arrays that inflate beyond the limit", () =>
    Effect.gen(function* () {
      assert.include(yield* reason(byNumpy, 1000), "its arrays inflate to more than the 848 bytes left to them")
    })
  )

  it.effect("names the entry that is no npy file", () =>
    Effect.gen(function* () {
      assert.include(yield* reason(yield* zip(Zip.file("a.txt", "hello"))), 'its entry "a.txt" is not an npy file')
      const broken = yield* reason(yield* zip(Zip.file("a.npy", "hello", { method: "Store" })))
      assert.strictEqual(broken, "x.npz/a.npy is not a valid npy file: it does not start with \\x93NUMPY")
    })
  )

  it.effect("refuses a name that stands twice", () =>
    Effect.gen(function* () {
      const entry = Zip.file("a.npy", Npy.encode(x))
      assert.include(yield* reason(yield* zip(entry, entry)), 'it has the entry "a.npy" twice')
    })
  )

  it.effect("refuses a directory that contradicts the entries", () =>
    Effect.gen(function* () {
      const bytes = yield* Npz.encode(new Map([["x", x]]))
      const directory = new DataView(bytes.buffer).getUint32(bytes.length - 6, true)
      const contradiction = 'its directory does not agree with the entry "x.npy"'
      assert.include(yield* reason(patched(bytes, directory + 24, 1)), contradiction)
      assert.include(yield* reason(patched(bytes, directory + 42, 1)), contradiction)
      assert.include(yield* reason(patched(bytes, directory + 46, 0x79)), contradiction)
      assert.include(yield* reason(patched(bytes, -12, 2)), "its directory counts 2 entries, but there are 1")
      assert.include(yield* reason(patched(bytes, -10, 1)), "its directory has another length than it claims")
    })
  )

  it.effect("refuses trailing bytes", () =>
    Effect.gen(function* () {
      const bytes = yield* Npz.encode(new Map([["x", x]]))
      assert.include(yield* reason(new Uint8Array([...bytes, 0])), "it does not end with the directory of the archive")
    })
  )

  it.effect("refuses data that does not match its checksum", () =>
    Effect.gen(function* () {
      const bytes = yield* Npz.encode(new Map([["x", x]]))
      assert.match(yield* reason(patched(bytes, bytes.indexOf(0x93) + 130, 9)), /x\.npz is not a valid npz file: .*CRC/)
    })
  )
})

describe("Npz.encode", () => {
  it.effect("fails for a name that no archive may have", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Npz.encode(new Map([["/etc/x", x]])))
      assert.strictEqual(error.kind, "InvalidHeader")
    })
  )
})
