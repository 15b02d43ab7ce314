/** Vectors of the element types of a matrix product: sizes, loads and arithmetic. */
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"

/** Element types of a matrix product. */
export type FloatType = "f32" | "f64"

/** Bytes of an element. */
export const sizeOf = (dtype: FloatType): number => (dtype === "f32" ? 4 : 8)

/** Elements of a vector. */
export const lanesOf = (dtype: FloatType): number => 16 / sizeOf(dtype)

/** The vector instructions of an element type. */
export const arithmetic = {
  f32: { add: "f32x4.add", multiply: "f32x4.mul", fused: "f32x4.relaxed_madd", splat: "v128.load32_splat" },
  f64: { add: "f64x2.add", multiply: "f64x2.mul", fused: "f64x2.relaxed_madd", splat: "v128.load64_splat" }
} as const

/** Emits `sum += x · y`, with one rounding if `isRelaxed` and the machine allows. */
export const multiplyAdd = (
  code: FunctionBuilder,
  { dtype, isRelaxed }: { readonly dtype: FloatType; readonly isRelaxed: boolean },
  { x, y, sum }: Readonly<Record<"x" | "y" | "sum", Local<"v128">>>
): void => {
  const { fused, multiply, add } = arithmetic[dtype]
  if (isRelaxed) code.get(x).get(y).get(sum).op(fused).set(sum)
  else code.get(sum).get(x).get(y).op(multiply).op(add).set(sum)
}

/** Elements in memory that become the first lanes of a vector, the others being zero. */
export interface Piece {
  readonly pointer: Local<"index">
  readonly offset: number
  readonly count: number
  readonly dtype: FloatType
}

/** Pushes a vector of `count` contiguous elements; nothing beyond them is read. */
export const loadSome = (code: FunctionBuilder, piece: Piece): FunctionBuilder => {
  const { pointer, offset, count, dtype } = piece
  const bytes = count * sizeOf(dtype)
  if (bytes >= 16) return code.get(pointer).op("v128.load", offset)
  if (bytes <= 0) return code.splat("f32x4", 0)
  if (bytes === 4) return code.get(pointer).op("v128.load32_zero", offset)
  if (bytes === 8) return code.get(pointer).op("v128.load64_zero", offset)
  return code
    .get(pointer)
    .get(pointer)
    .op("v128.load64_zero", offset)
    .op("v128.load32_lane", 2, offset + 8)
}

/** Pushes a vector of elements at any offsets from `pointer`. */
export const gather = (
  code: FunctionBuilder,
  { pointer, offsets, dtype }: Pick<Piece, "pointer" | "dtype"> & { readonly offsets: ReadonlyArray<number> }
): FunctionBuilder => {
  if (offsets.length === 0) return code.splat("f32x4", 0)
  for (const _ of offsets) code.get(pointer)
  offsets.forEach((offset, lane) => {
    if (lane === 0) code.op(dtype === "f32" ? "v128.load32_zero" : "v128.load64_zero", offset)
    else code.op(dtype === "f32" ? "v128.load32_lane" : "v128.load64_lane", lane, offset)
  })
  return code
}

/** Offsets of elements from the lowest of them, and where that lies from the first: offsets are never negative. */
export interface Spread {
  readonly shift: number
  readonly offsets: ReadonlyArray<number>
}

/** Offsets of `count` elements `stride` bytes apart. */
export const spread = (count: number, stride: number): Spread => {
  const shift = Math.min(0, (count - 1) * stride)
  return { shift, offsets: Array.from({ length: count }, (_, index) => index * stride - shift) }
}
