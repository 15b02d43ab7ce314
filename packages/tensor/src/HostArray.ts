/**
 * Arrays in host memory: what tensors are made from and read back as.
 *
 * `f16` and `bf16` values are held in a `Float32Array`, which represents each of them exactly; `bool` in a
 * `Uint8Array` of 0 and 1.
 */
import type { DType } from "./DType.ts"
import * as DTypes from "./DType.ts"
import { ShapeError } from "./errors.ts"
import type { Dims } from "./Shape.ts"
import { size } from "./Shape.ts"

/** The typed array that holds elements of `D`. */
export type Elements<D extends DType = DType> = D extends "f64"
  ? Float64Array
  : D extends "f32" | "f16" | "bf16"
    ? Float32Array
    : D extends "i32"
      ? Int32Array
      : D extends "u32"
        ? Uint32Array
        : Uint8Array

/** Row-major elements with their shape. */
export interface HostArray<D extends DType = DType> {
  readonly shape: Dims
  readonly dtype: D
  readonly data: Elements<D>
}

const constructors = {
  f32: Float32Array,
  f64: Float64Array,
  f16: Float32Array,
  bf16: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
  bool: Uint8Array
} as const satisfies Record<DType, unknown>

/** `length` zeros of `dtype`. */
export const allocate = <D extends DType>(dtype: D, length: number): Elements<D> =>
  new constructors[dtype](length) as Elements<D>

/** Row-major `values` rounded to `dtype`. **Throws** `ShapeError` unless there is one for each element. */
export const make = <D extends DType>(shape: Dims, dtype: D, values: ArrayLike<number>): HostArray<D> => {
  if (values.length !== size(shape)) {
    throw new ShapeError({
      operation: "HostArray.make",
      expected: `${size(shape)} values for the shape ${JSON.stringify(shape)}`,
      received: [[values.length]]
    })
  }
  const data = allocate(dtype, values.length)
  // Typed arrays round as their own dtypes do, many elements at a time.
  if (dtype !== "f16" && dtype !== "bf16" && dtype !== "bool") data.set(values)
  else for (let i = 0; i < values.length; i++) data[i] = DTypes.round(dtype, values[i])
  return { shape, dtype, data }
}

/** `data` itself as an array of `shape`, not copied. **Throws** `ShapeError` unless its length fits. */
export const view = <D extends DType>(shape: Dims, dtype: D, data: Elements<D>): HostArray<D> => {
  if (data.length !== size(shape)) {
    throw new ShapeError({
      operation: "HostArray.view",
      expected: `${size(shape)} elements for the shape ${JSON.stringify(shape)}`,
      received: [[data.length]]
    })
  }
  return { shape, dtype, data }
}

/** Copies `array` into device bytes: two bytes for halves, little-endian, everything else as it stands. */
export const encode = (array: HostArray): Uint8Array => {
  const { data, dtype } = array
  if (dtype !== "f16" && dtype !== "bf16") return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
  const bits = new Uint16Array(data.length)
  for (let i = 0; i < data.length; i++) bits[i] = dtype === "f16" ? halfToBits(data[i]) : floatToBits(data[i]) >>> 16
  return new Uint8Array(bits.buffer)
}

/** The array that `bytes` of a device hold; the inverse of `encode`. `bytes` is copied. */
export const decode = <D extends DType>(shape: Dims, dtype: D, bytes: Uint8Array): HostArray<D> => {
  const length = size(shape)
  // A Buffer of Node is a Uint8Array whose `slice` does not copy.
  const copy = new Uint8Array(bytes.subarray(0, length * DTypes.bytes(dtype)))
  if (dtype !== "f16" && dtype !== "bf16") {
    return { shape, dtype, data: new constructors[dtype](copy.buffer, 0, length) as unknown as Elements<D> }
  }
  const bits = new Uint16Array(copy.buffer, 0, length)
  const data = allocate(dtype, length)
  for (let i = 0; i < length; i++) data[i] = dtype === "f16" ? halfFromBits(bits[i]) : floatFromBits(bits[i] << 16)
  return { shape, dtype, data }
}

const scratch = new DataView(new ArrayBuffer(4))

const floatToBits = (value: number): number => {
  scratch.setFloat32(0, value)
  return scratch.getUint32(0)
}

const floatFromBits = (bits: number): number => {
  scratch.setUint32(0, bits >>> 0)
  return scratch.getFloat32(0)
}

/** IEEE half of a value that is already rounded to one. */
const halfToBits = (value: number): number => {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  if (magnitude === Infinity) return sign | 0x7c00
  if (magnitude < 2 ** -14) return sign | Math.round(magnitude * 2 ** 24)
  const exponent = Math.floor(Math.log2(magnitude))
  return sign | ((exponent + 15) << 10) | (Math.round(magnitude * 2 ** (10 - exponent)) & 0x3ff)
}

const halfFromBits = (bits: number): number => {
  const sign = (bits & 0x8000) === 0 ? 1 : -1
  const exponent = (bits >>> 10) & 31
  const fraction = bits & 0x3ff
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}
