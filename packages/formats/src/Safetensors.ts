/**
 * Named tensors in one file: a JSON header with shapes, dtypes and offsets, then the bytes.
 *
 * **Source** the description of the format at https://github.com/huggingface/safetensors, including what it asks of
 * readers: no hole, no overlap, no byte that no tensor owns, no key twice, a header of at most 100 MB.
 */
import type { DType } from "@cotangent/tensor/DType"
import { bytes as bytesOf } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as HostArrays from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as AtomicFile from "./AtomicFile.ts"
import type { FormatError, Source } from "./FormatError.ts"
import { at } from "./FormatError.ts"
import * as Elements from "./internal/elements.ts"
import * as Json from "./internal/json.ts"

/** What a safetensors file holds. */
export interface Safetensors {
  /** Arrays by name, in the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, HostArray>
  readonly metadata: ReadonlyMap<string, string>
}

const longestHeader = 100_000_000

const spelling: Readonly<Record<DType, string>> = {
  f32: "F32",
  f64: "F64",
  f16: "F16",
  bf16: "BF16",
  i32: "I32",
  u32: "U32",
  u8: "U8",
  bool: "BOOL"
}

// The keys of the table are all dtypes.
const dtypes = new Map(Object.entries(spelling).map(([dtype, spelled]) => [spelled, dtype as DType]))

const metadataKey = "__metadata__"

const Offset = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** One tensor as the header describes it. */
const Entry = Schema.Struct({
  dtype: Schema.String,
  shape: Schema.Array(Offset),
  data_offsets: Schema.Tuple([Offset, Offset])
})

const decodeEntry = Schema.decodeUnknownResult(Entry, { onExcessProperty: "error" })
const isMetadata = Schema.is(Schema.Record(Schema.String, Schema.String))

type Fail = (reason: string) => FormatError

/** One tensor with its place among the bytes behind the header. */
interface Placed {
  readonly name: string
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
  readonly begin: number
  readonly end: number
}

/** The header's text, and where the bytes of the tensors start. */
const headerOf = Effect.fnUntraced(function* (bytes: Uint8Array, fail: Fail) {
  if (bytes.length < 8) return yield* fail(`it has ${bytes.length} bytes, and the length of its header takes 8`)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (length > longestHeader)
    return yield* fail(`its header claims ${length} bytes, at most ${longestHeader} are allowed`)
  const start = 8 + Number(length)
  if (start > bytes.length) {
    return yield* fail(`its header claims ${length} bytes, but only ${bytes.length - 8} follow`)
  }
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, start)),
    catch: () => fail("its header is not UTF-8")
  })
  return { text, start }
})

/** The header as a record of entries that nothing is known of. */
const parseHeader = Effect.fnUntraced(function* (text: string, fail: Fail) {
  const parsed = text.startsWith("{") ? Json.parse(text) : undefined
  if (parsed === undefined) return yield* fail("its header is not a JSON object")
  const repeated = Json.duplicateKey(text)
  if (repeated !== undefined) return yield* fail(`its header has the key ${JSON.stringify(repeated)} twice`)
  // JSON text that starts with a brace is an object.
  return new Map(Object.entries(parsed.value as Record<string, unknown>))
})

const place = Effect.fnUntraced(function* (name: string, described: unknown, fail: Fail) {
  const decoded = decodeEntry(described)
  if (Result.isFailure(decoded)) {
    return yield* fail(
      `it must have a dtype, a shape of whole numbers and two data_offsets: ${oneLine(decoded.failure.message)}`
    )
  }
  const {
    shape,
    dtype: spelled,
    data_offsets: [begin, end]
  } = decoded.success
  const dtype = dtypes.get(spelled)
  if (dtype === undefined) {
    return yield* fail(`its dtype ${JSON.stringify(spelled)} is not one of ${[...dtypes.keys()].join(", ")}`)
  }
  const length = Elements.byteLength(shape, dtype)
  if (length === undefined) return yield* fail(`its shape ${Elements.describe(shape)} has too many elements`)
  if (end - begin !== length) {
    return yield* fail(
      `${spelled} of shape ${Elements.describe(shape)} takes ${length} bytes, its offsets are ${begin} to ${end}`
    )
  }
  return { name, shape, dtype, begin, end } satisfies Placed
})

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, 200)

/** Succeeds if the tensors, in the order of their bytes, tile all `available` bytes. */
const checkTiling = Effect.fnUntraced(function* (placed: ReadonlyArray<Placed>, available: number, fail: Fail) {
  let position = 0
  for (const { name, begin, end } of placed) {
    const tensor = `the tensor ${JSON.stringify(name)}`
    if (begin < position) return yield* fail(`${tensor} starts at byte ${begin}, inside the one before it`)
    if (begin > position) return yield* fail(`no tensor owns the bytes from ${position} to ${begin}, before ${tensor}`)
    if (end > available) return yield* fail(`${tensor} ends at byte ${end} of ${available}`)
    position = end
  }
  if (position < available) return yield* fail(`${available - position} bytes follow the last tensor`)
})

/**
 * Reads a safetensors file from memory; every array is copied out of `bytes`.
 *
 * **Fails** `FormatError` for anything but a well-formed file, including dtypes that tensors do not have (64-bit
 * integers, 8-bit floats), before it allocates what the header claims.
 *
 * **Numerics** Elements are copied bit for bit; a NaN in `f16` or `bf16` may lose its payload.
 *
 * **Example** (Reading what was written)
 *
 * ```ts run
 * const weight = { shape: [2], dtype: "f32", data: new Float32Array([1, 2]) } as const
 * const bytes = Safetensors.encode({ tensors: new Map([["weight", weight]]), metadata: new Map() })
 * const file = Effect.runSync(Safetensors.decode(bytes, { path: "model.safetensors" }))
 * file.tensors.get("weight")?.shape // => [2]
 * ```
 */
export const decode: (bytes: Uint8Array, source: Source) => Effect.Effect<Safetensors, FormatError> = Effect.fnUntraced(
  function* (bytes, source) {
    const fail = at("safetensors", source)
    const { text, start } = yield* headerOf(bytes, fail)
    const header = yield* parseHeader(text, fail)
    const metadata = header.get(metadataKey) ?? {}
    header.delete(metadataKey)
    if (!isMetadata(metadata)) return yield* fail(`its ${metadataKey} is not a record of strings`)
    const failIn =
      (name: string): Fail =>
      (reason) =>
        fail(`in the tensor ${JSON.stringify(name)}, ${reason}`)
    const placed: Array<Placed> = []
    for (const [name, described] of header) placed.push(yield* place(name, described, failIn(name)))
    placed.sort((a, b) => a.begin - b.begin || a.end - b.end)
    yield* checkTiling(placed, bytes.length - start, fail)
    const tensors = new Map<string, HostArray>()
    for (const { name, shape, dtype, begin, end } of placed) {
      const owned = bytes.subarray(start + begin, start + end)
      tensors.set(name, yield* Elements.read({ shape, dtype, bytes: owned }, failIn(name)))
    }
    return { tensors, metadata: new Map(Object.entries(metadata)) }
  }
)

const checkText = (text: string): void => {
  if (text.isWellFormed()) return
  throw new ArgumentError({
    operation: "Safetensors.encode",
    expected: "names and metadata of well-formed text",
    received: JSON.stringify(text)
  })
}

const checkName = (name: string): void => {
  checkText(name)
  if (name !== metadataKey) return
  throw new ArgumentError({
    operation: "Safetensors.encode",
    expected: "names that the format does not reserve",
    received: name
  })
}

const byWidth = (a: readonly [string, HostArray], b: readonly [string, HostArray]): number =>
  bytesOf(b[1].dtype) - bytesOf(a[1].dtype)

/**
 * The bytes of a safetensors file, the same for the same content: tensors stand in the order given, wide elements
 * before narrow ones, so that each is aligned.
 *
 * **Throws** `ArgumentError` for a name that is `__metadata__` or not well-formed text.
 */
export const encode = ({ tensors, metadata }: Safetensors): Uint8Array => {
  for (const name of tensors.keys()) checkName(name)
  for (const text of [...metadata.keys(), ...metadata.values()]) checkText(text)
  const entries: Array<readonly [string, unknown]> =
    metadata.size === 0 ? [] : [[metadataKey, Object.fromEntries(metadata)]]
  const parts: Array<Uint8Array> = []
  let position = 0
  for (const [name, array] of [...tensors].toSorted(byWidth)) {
    const part = HostArrays.encode(array)
    const end = position + part.length
    entries.push([name, { dtype: spelling[array.dtype], shape: array.shape, data_offsets: [position, end] }])
    parts.push(part)
    position = end
  }
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const start = 8 + Math.ceil(header.length / 8) * 8
  const bytes = new Uint8Array(start + position).fill(0x20, 8, start)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true)
  bytes.set(header, 8)
  let offset = start
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

/** Reads the file at `path`. **Fails** `PlatformError` if it cannot be read, `FormatError` as `decode` does. */
export const readFile: (
  path: string
) => Effect.Effect<Safetensors, FormatError | PlatformError, FileSystem.FileSystem> = Effect.fnUntraced(
  function* (path) {
    const fs = yield* FileSystem.FileSystem
    return yield* decode(yield* fs.readFile(path), { path })
  }
)

/** Writes the file at `path`, whole or not at all. **Fails** `PlatformError` if it cannot be written. */
export const writeFile = (
  path: string,
  content: Safetensors
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.suspend(() => AtomicFile.write(path, encode(content)))
