/** Reading the elements of an array that a file describes. */
import type { DType } from "@cotangent/tensor/DType"
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as HostArrays from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import { format, size } from "@cotangent/tensor/Shape"
import * as Effect from "effect/Effect"
import type { FormatError } from "../FormatError.ts"

/** The bytes that an array takes; nothing where no computer could count them. */
export const byteLength = (shape: Dims, dtype: DType): number | undefined => {
  // Extents of 0 are left aside, so that [0, 2^53, 2^53] is refused like [2^53, 2^53].
  const bound = shape.reduce((total, extent) => total * Math.max(extent, 1), DTypes.bytes(dtype))
  return Number.isSafeInteger(bound) ? size(shape) * DTypes.bytes(dtype) : undefined
}

/** `[2, 3]`, cut short where a file claims thousands of axes. */
export const describe = (shape: Dims): string =>
  shape.length <= 16 ? format(shape) : `${format(shape.slice(0, 8)).slice(0, -1)}, …] of ${shape.length} axes`

/** What a reader knows of an array before it touches the elements. */
export interface Described {
  readonly shape: Dims
  readonly dtype: DType
  /** Exactly as many as shape and dtype take. */
  readonly bytes: Uint8Array
}

/** The array that little-endian `bytes` hold, copied. */
export const read = (
  { shape, dtype, bytes }: Described,
  fail: (reason: string) => FormatError
): Effect.Effect<HostArray, FormatError> => {
  const neither = dtype === "bool" ? bytes.findIndex((byte) => byte > 1) : -1
  return neither < 0
    ? Effect.succeed(HostArrays.decode(shape, dtype, bytes))
    : Effect.fail(fail(`element ${neither} is ${bytes[neither]}, but a bool is 0 or 1`))
}
