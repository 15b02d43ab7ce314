/**
 * One array in the IDX format of the MNIST files: a magic number with type and rank, the extents, then the elements,
 * all big-endian.
 *
 * **Source** LeCun, Cortes, Burges, "The MNIST database", section "File formats".
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import type { FormatError, Source } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import type { DType } from "@cotangent/tensor/DType"
import { DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as HostArrays from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import { format, size } from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"

/** An element type of the format. */
interface Stored {
  readonly name: string
  readonly bytes: number
  /** What the elements become: the narrowest dtype that holds each of them. */
  readonly dtype: DType
}

const stored: ReadonlyMap<number, Stored> = new Map([
  [0x08, { name: "u8", bytes: 1, dtype: "u8" }],
  [0x09, { name: "i8", bytes: 1, dtype: "i32" }],
  [0x0b, { name: "i16", bytes: 2, dtype: "i32" }],
  [0x0c, { name: "i32", bytes: 4, dtype: "i32" }],
  [0x0d, { name: "f32", bytes: 4, dtype: "f32" }],
  [0x0e, { name: "f64", bytes: 8, dtype: "f64" }]
])

type Fail = (reason: string) => FormatError

const headerOf = Effect.fnUntraced(function* (bytes: Uint8Array, fail: Fail) {
  if (bytes.length < 4) return yield* fail(`it has ${bytes.length} bytes, and its magic number takes 4`)
  const type = stored.get(bytes[2])
  if (bytes[0] !== 0 || bytes[1] !== 0 || type === undefined) {
    const magic = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")
    return yield* fail(`its magic number ${magic} is not 00 00, an element type from 08 to 0e, and a rank`)
  }
  const rank = bytes[3]
  const start = 4 + 4 * rank
  if (bytes.length < start)
    return yield* fail(`its ${rank} extents take ${4 * rank} bytes, but ${bytes.length - 4} follow`)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return { type, start, shape: Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis)) }
})

/** Elements of `width` bytes with their bytes in the other order. */
const swap = (bytes: Uint8Array, width: number): Uint8Array => {
  const swapped = new Uint8Array(bytes)
  if (width === 1) return swapped
  for (let start = 0; start < bytes.length; start += width) swapped.subarray(start, start + width).reverse()
  return swapped
}

/** Integers of one or two bytes, which no dtype has, as `i32`. */
const widen = (shape: Dims, elements: Uint8Array, bytes: number): HostArray<"i32"> => {
  const view = new DataView(elements.buffer, elements.byteOffset)
  const data = new Int32Array(elements.length / bytes)
  for (let i = 0; i < data.length; i++) data[i] = bytes === 1 ? view.getInt8(i) : view.getInt16(2 * i)
  return HostArrays.view(shape, "i32", data)
}

/**
 * Reads an IDX file from memory; the elements are copied out of `bytes`. The 8-bit and 16-bit signed integers, which
 * tensors do not have, become `i32`.
 *
 * **Fails** `FormatError` for anything but one whole array, before it allocates what the header claims.
 *
 * **Example** (Reading what was written)
 *
 * ```ts run
 * const bytes = Idx.encode({ shape: [3], dtype: "u8", data: new Uint8Array([5, 0, 4]) })
 * const array = Effect.runSync(Idx.decode(bytes, { path: "labels-idx1-ubyte" }))
 * array.shape // => [3]
 * ```
 */
export const decode: (bytes: Uint8Array, source: Source) => Effect.Effect<HostArray, FormatError> = Effect.fnUntraced(
  function* (bytes, source) {
    const fail = at("IDX", source)
    const { type, shape, start } = yield* headerOf(bytes, fail)
    const bound = shape.reduce((total, extent) => total * Math.max(extent, 1), type.bytes)
    if (!Number.isSafeInteger(bound)) return yield* fail(`its shape ${format(shape)} has too many elements`)
    const length = size(shape) * type.bytes
    if (bytes.length - start !== length) {
      return yield* fail(
        `${type.name} of shape ${format(shape)} takes ${length} bytes, but ${bytes.length - start} follow the header`
      )
    }
    const elements = bytes.subarray(start)
    if (type.dtype === "i32" && type.bytes < 4) return widen(shape, elements, type.bytes)
    return HostArrays.decode(shape, type.dtype, type.bytes === 1 ? elements : swap(elements, type.bytes))
  }
)

/**
 * The bytes of an IDX file.
 *
 * **Throws** `DTypeError` unless the dtype is `u8`, `i32`, `f32` or `f64`; `ShapeError` for more than 255 axes or an
 * extent from 2³².
 */
export const encode = ({ shape, dtype, data }: HostArray): Uint8Array => {
  const code = [...stored].find(([, type]) => type.name === dtype)
  if (code === undefined) {
    throw new DTypeError({ operation: "Idx.encode", expected: "u8, i32, f32 or f64", received: [dtype] })
  }
  if (shape.length > 255 || shape.some((extent) => extent >= 2 ** 32)) {
    throw new ShapeError({ operation: "Idx.encode", expected: "at most 255 extents below 2^32", received: [shape] })
  }
  const elements = swap(HostArrays.encode({ shape, dtype, data }), code[1].bytes)
  const start = 4 + 4 * shape.length
  const bytes = new Uint8Array(start + elements.length)
  bytes.set([0, 0, code[0], shape.length])
  const view = new DataView(bytes.buffer)
  shape.forEach((extent, axis) => view.setUint32(4 + 4 * axis, extent))
  bytes.set(elements, start)
  return bytes
}

/** Reads the file at `path`. **Fails** `PlatformError` if it cannot be read, `FormatError` as `decode` does. */
export const readFile: (path: string) => Effect.Effect<HostArray, FormatError | PlatformError, FileSystem.FileSystem> =
  Effect.fnUntraced(function* (path) {
    const fs = yield* FileSystem.FileSystem
    return yield* decode(yield* fs.readFile(path), { path })
  })

/** Writes the file at `path`, whole or not at all. **Fails** `PlatformError` if it cannot be written. */
export const writeFile = (path: string, array: HostArray): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.suspend(() => AtomicFile.write(path, encode(array)))
