/**
 * The element types of tensors.
 *
 * `f32` is the default; `f64` exists end to end because finite differences need it; `f16` and `bf16` are storage
 * types that devices compute in `f32`; `bool` is stored in one byte as 0 or 1.
 */

/** An element type. */
export type DType = "f32" | "f64" | "f16" | "bf16" | "i32" | "u32" | "u8" | "bool"

/** Element types with a fraction: those that derivatives exist for. */
export type Float = "f32" | "f64" | "f16" | "bf16"

/** Element types that count. */
export type Integer = "i32" | "u32" | "u8"

/** Everything that arithmetic needs to know of one element type. */
interface Description {
  readonly kind: "float" | "integer" | "bool"
  /** Bytes of one element in a device buffer. */
  readonly bytes: number
  readonly lowest: number
  readonly highest: number
  /** The nearest representable value. Integers truncate and wrap; `bool` is "not zero". */
  readonly round: (value: number) => number
}

const toBfloat = (() => {
  const f32 = new Float32Array(1)
  const bits = new Uint32Array(f32.buffer)
  return (value: number): number => {
    f32[0] = value
    if (Number.isNaN(f32[0])) return Number.NaN
    // Round to nearest, ties to even, on the 16 bits that are kept.
    bits[0] = (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) & 0xffff0000
    return f32[0]
  }
})()

/** The nearest IEEE half: a quantum of 2^-24 below 2^-14, else eleven significant bits. */
const toHalf = (value: number): number => {
  const single = Math.fround(value)
  const magnitude = Math.abs(single)
  if (!(magnitude > 0) || magnitude === Infinity) return single
  if (magnitude >= 65520) return Math.sign(single) * Infinity
  const quantum = 2 ** (Math.max(Math.floor(Math.log2(magnitude)), -14) - 10)
  const scaled = single / quantum
  const nearest = Math.round(scaled)
  const even = Math.abs(scaled - Math.trunc(scaled)) === 0.5 ? 2 * Math.round(scaled / 2) : nearest
  return even * quantum
}

const table: Record<DType, Description> = {
  f32: { kind: "float", bytes: 4, lowest: -Infinity, highest: Infinity, round: Math.fround },
  f64: { kind: "float", bytes: 8, lowest: -Infinity, highest: Infinity, round: (x) => x },
  f16: { kind: "float", bytes: 2, lowest: -Infinity, highest: Infinity, round: toHalf },
  bf16: { kind: "float", bytes: 2, lowest: -Infinity, highest: Infinity, round: toBfloat },
  i32: { kind: "integer", bytes: 4, lowest: -2147483648, highest: 2147483647, round: (x) => x | 0 },
  u32: { kind: "integer", bytes: 4, lowest: 0, highest: 4294967295, round: (x) => x >>> 0 },
  u8: { kind: "integer", bytes: 1, lowest: 0, highest: 255, round: (x) => x & 255 },
  bool: { kind: "bool", bytes: 1, lowest: 0, highest: 1, round: (x) => (x === 0 ? 0 : 1) }
}

/** All element types, in the order of this module's documentation. */
export const all = Object.keys(table) as ReadonlyArray<DType>

/** Bytes of one element in a device buffer. */
export const bytes = (dtype: DType): number => table[dtype].bytes

/** Whether derivatives exist for `dtype`. */
export const isFloat = (dtype: DType): dtype is Float => table[dtype].kind === "float"

/** Whether `dtype` counts. */
export const isInteger = (dtype: DType): dtype is Integer => table[dtype].kind === "integer"

/** The nearest value that `dtype` can hold. Floats round to even; integers truncate and wrap. */
export const round = (dtype: DType, value: number): number => table[dtype].round(value)

const epsilons: Readonly<Record<Float, number>> = { f64: 2 ** -52, f32: 2 ** -23, f16: 2 ** -10, bf16: 2 ** -7 }

/** The distance from 1 to the next greater value of `dtype`. */
export const epsilon = (dtype: Float): number => epsilons[dtype]

/** The least value of `dtype`: the identity of `max`. */
export const lowest = (dtype: DType): number => table[dtype].lowest

/** The greatest value of `dtype`: the identity of `min`. */
export const highest = (dtype: DType): number => table[dtype].highest
