/**
 * One array in NumPy's own file format: a header in the syntax of Python, then the bytes.
 *
 * **Source** NumPy Enhancement Proposal 1 and the documentation of `numpy.lib.format`, versions 1.0 to 3.0.
 */
import type { DType } from "@cotangent/tensor/DType"
import { bytes as bytesOf } from "@cotangent/tensor/DType"
import { DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as HostArrays from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
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
import { pythonToJson } from "./internal/python.ts"

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** What NumPy itself allows: `NPY_MAXDIMS`. */
const highestRank = 64

/** No header of a plain array is longer; those of version 1.0 cannot be. */
const longestHeader = 65_535

const spelling: Readonly<Record<Exclude<DType, "bf16">, string>> = {
  f32: "f4",
  f64: "f8",
  f16: "f2",
  i32: "i4",
  u32: "u4",
  u8: "u1",
  bool: "b1"
}

// The keys of the table are all dtypes but one.
const dtypes = new Map(Object.entries(spelling).map(([dtype, spelled]) => [spelled, dtype as DType]))

const Extent = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const decodeHeader = Schema.decodeUnknownResult(
  Schema.Struct({ descr: Schema.String, fortran_order: Schema.Boolean, shape: Schema.Array(Extent) }),
  { onExcessProperty: "error" }
)

type Fail = (reason: string) => FormatError

/** The header's text, and where the elements start. */
const headerOf = Effect.fnUntraced(function* (bytes: Uint8Array, fail: Fail) {
  if (magic.some((byte, i) => bytes[i] !== byte)) return yield* fail("it does not start with \\x93NUMPY")
  const [major, minor] = [bytes[6], bytes[7]]
  if (!(major >= 1 && major <= 3 && minor === 0)) return yield* fail("its version is not 1.0, 2.0 or 3.0")
  const start = major === 1 ? 10 : 12
  if (bytes.length < start) return yield* fail(`it ends after ${bytes.length} bytes, inside its header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > longestHeader)
    return yield* fail(`its header claims ${length} bytes, at most ${longestHeader} are allowed`)
  if (start + length > bytes.length) {
    return yield* fail(`its header claims ${length} bytes, but only ${bytes.length - start} follow`)
  }
  // Whatever the version says of its encoding, the description of a plain array is ASCII.
  const text = new TextDecoder("latin1").decode(bytes.subarray(start, start + length))
  return { text, start: start + length }
})

const parseHeader = Effect.fnUntraced(function* (text: string, fail: Fail) {
  if (!text.endsWith("\n")) return yield* fail("its header does not end with a line break")
  const json = pythonToJson(text)
  const parsed = json === undefined ? undefined : Json.parse(json)
  if (json === undefined || parsed === undefined) return yield* fail("its header does not describe a plain array")
  const repeated = Json.duplicateKey(json)
  if (repeated !== undefined) return yield* fail(`its header has the key ${JSON.stringify(repeated)} twice`)
  const header = decodeHeader(parsed.value)
  return Result.isSuccess(header)
    ? header.success
    : yield* fail("its header must have the keys descr (a dtype), fortran_order and shape, and no others")
})

/** The element type that `descr` spells, and whether its bytes are swapped. */
const dtypeOf = Effect.fnUntraced(function* (descr: string, fail: Fail) {
  const dtype = dtypes.get(descr.slice(1))
  const order = descr[0]
  if (dtype !== undefined && (bytesOf(dtype) === 1 ? order === "|" : order === "<" || order === ">")) {
    return { dtype, isBigEndian: order === ">" }
  }
  return yield* fail(`its dtype ${JSON.stringify(descr)} is not one of ${[...dtypes.keys()].join(", ")} with |, < or >`)
})

const swap = (bytes: Uint8Array, width: number): Uint8Array => {
  const swapped = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) swapped[i] = bytes[i - (i % width) + width - 1 - (i % width)]
  return swapped
}

/** Column-major elements in row-major order. */
const toRowMajor = ({ shape, dtype, data }: HostArray): HostArray => {
  const result = HostArrays.allocate(dtype, data.length)
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((total, extent) => total * extent, 1))
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from]
    // Counts the index up: the last axis runs fastest, an axis that is full starts again.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++
      from += strides[axis]
      if (index[axis] < shape[axis]) break
      from -= shape[axis] * strides[axis]
      index[axis] = 0
    }
  }
  return { shape, dtype, data: result }
}

/**
 * Reads an npy file (versions 1.0, 2.0, 3.0; either byte order; either memory order) from memory.
 *
 * **Fails** `FormatError` for anything but one whole, plain array of a dtype that tensors have, before it allocates
 * what the header claims. NumPy's default integer `i8` has 64 bits and is refused: convert it first.
 *
 * **Example** (Reading what was written)
 *
 * ```ts run
 * const bytes = Npy.encode({ shape: [2, 2], dtype: "f32", data: new Float32Array([1, 2, 3, 4]) })
 * const array = Effect.runSync(Npy.decode(bytes, { path: "x.npy" }))
 * array.shape // => [2, 2]
 * ```
 */
export const decode: (bytes: Uint8Array, source: Source) => Effect.Effect<HostArray, FormatError> = Effect.fnUntraced(
  function* (bytes, source) {
    const fail = at("npy", source)
    const { text, start } = yield* headerOf(bytes, fail)
    const { descr, fortran_order: isFortran, shape } = yield* parseHeader(text, fail)
    const { dtype, isBigEndian } = yield* dtypeOf(descr, fail)
    if (shape.length > highestRank)
      return yield* fail(`its shape has ${shape.length} axes, at most ${highestRank} are allowed`)
    const length = Elements.byteLength(shape, dtype)
    if (length === undefined) return yield* fail(`its shape ${Elements.describe(shape)} has too many elements`)
    if (bytes.length - start !== length) {
      return yield* fail(
        `${descr} of shape ${Elements.describe(shape)} takes ${length} bytes, but ${bytes.length - start} follow the header`
      )
    }
    const stored = bytes.subarray(start)
    const little = isBigEndian ? swap(stored, bytesOf(dtype)) : stored
    const array = yield* Elements.read({ shape, dtype, bytes: little }, fail)
    return isFortran ? toRowMajor(array) : array
  }
)

const tuple = (shape: Dims): string => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`)

/**
 * The bytes of an npy file of version 1.0 in row-major order, as NumPy writes them.
 *
 * **Throws** `DTypeError` for `bf16`, which NumPy does not have; `ShapeError` for more than 64 axes.
 */
export const encode = ({ shape, dtype, data }: HostArray): Uint8Array => {
  if (dtype === "bf16") {
    throw new DTypeError({
      operation: "Npy.encode",
      expected: "a dtype that NumPy has",
      received: [dtype],
      hint: "convert it to f32, which holds every bf16"
    })
  }
  if (shape.length > highestRank) {
    throw new ShapeError({ operation: "Npy.encode", expected: `at most ${highestRank} axes`, received: [shape] })
  }
  const descr = (bytesOf(dtype) === 1 ? "|" : "<") + spelling[dtype]
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple(shape)}, }`
  const start = Math.ceil((10 + header.length + 1) / 64) * 64
  const elements = HostArrays.encode({ shape, dtype, data })
  const bytes = new Uint8Array(start + elements.length)
  bytes.set([...magic, 1, 0, (start - 10) & 255, (start - 10) >> 8])
  bytes.set(new TextEncoder().encode(`${header.padEnd(start - 11)}\n`), 10)
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
