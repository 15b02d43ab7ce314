/**
 * Loads, stores and the moves between scalars and vectors, by dtype.
 */
import type { DType } from "@cotangent/tensor/DType"
import { bytes } from "@cotangent/tensor/DType"
import type { FunctionBuilder, FunctionReference, LaneShape, Local } from "./FunctionBuilder.ts"
import { isAlternating, loadAlternate } from "./interleaving.ts"
import type { ModuleBuilder } from "./Module.ts"
import { registerOf } from "./scalarInstructions.ts"
import { laneShapeOf } from "./vectorInstructions.ts"

/** Conversions between `f32` and the bits of halves. */
export interface Halves {
  readonly fromF16: () => FunctionReference
  readonly toF16: () => FunctionReference
  readonly toBf16: () => FunctionReference
  /** Rounds an `f32` to a half; undefined for other dtypes. */
  readonly rounding: (dtype: DType) => FunctionReference | undefined
}

/** The functions of a module that convert halves, made when first asked for. */
export const halves = (module: ModuleBuilder): Halves => ({
  fromF16: () => module.shared("halves fromF16", () => fromF16(module)),
  toF16: () => module.shared("halves toF16", () => toF16(module)),
  toBf16: () => module.shared("halves toBf16", () => toBf16(module)),
  rounding: (dtype) =>
    dtype === "f16" || dtype === "bf16"
      ? module.shared(`halves round ${dtype}`, () => rounding(module, dtype, halves(module)))
      : undefined
})

const rounding = (module: ModuleBuilder, dtype: "f16" | "bf16", conversions: Halves): FunctionReference => {
  const [to, from] = dtype === "f16" ? [conversions.toF16(), conversions.fromF16()] : [conversions.toBf16(), undefined]
  const code = module.function({ name: `round ${dtype}`, parameters: ["f32"], results: ["f32"] })
  code.get(code.parameters[0]).call(to)
  if (from === undefined) code.i32(16).op("i32.shl").op("f32.reinterpret_i32")
  else code.call(from)
  return code
}

/** `x · y + z` of scalars as vectors compute it, so that it does not matter which of both does. */
export const multiplyAdd = (code: FunctionBuilder, dtype: DType, args: ReadonlyArray<Local>): void => {
  const shape = dtype === "f64" ? "f64x2" : "f32x4"
  for (const arg of args) code.get(arg).op(`${shape}.splat`)
  code.op(`${shape}.relaxed_madd`).op(`${shape}.extract_lane`, 0)
}

/** Replaces each lane of `f32` by its image under a function. */
export const eachLane = (code: FunctionBuilder, vector: Local<"v128">, image: FunctionReference): void => {
  for (let lane = 0; lane < 4; lane++) {
    code.get(vector).get(vector).op("f32x4.extract_lane", lane).call(image)
    code.op("f32x4.replace_lane", lane).set(vector)
  }
}

/** Shifts exponent and fraction into place and scales by 2¹¹², which makes subnormals normal. */
const fromF16 = (module: ModuleBuilder): FunctionReference => {
  const code = module.function({ name: "fromF16", parameters: ["i32"], results: ["f32"] })
  const [bits] = code.parameters
  const magnitude = code.local("i32")
  code.get(bits).i32(0x7fff).op("i32.and").i32(13).op("i32.shl").tee(magnitude)
  code
    .op("f32.reinterpret_i32")
    .f32(2 ** 112)
    .op("f32.mul")
    .op("i32.reinterpret_f32")
  // Infinity and NaN keep the greatest exponent.
  code.i32(0x7f800000).i32(0).get(magnitude).i32(0x0f800000).op("i32.ge_u").select().op("i32.or")
  code.get(bits).i32(0x8000).op("i32.and").i32(16).op("i32.shl").op("i32.or").op("f32.reinterpret_i32")
  return code
}

/** Rounds to nearest, ties to even. Subnormals round by adding ½, whose last place is 2⁻²⁴. */
const toF16 = (module: ModuleBuilder): FunctionReference => {
  const code = module.function({ name: "toF16", parameters: ["f32"], results: ["i32"] })
  const [value] = code.parameters
  const [bits, sign] = [code.local("i32"), code.local("i32")]
  code.get(value).op("i32.reinterpret_f32").tee(bits).i32(16).op("i32.shr_u").i32(0x8000).op("i32.and").set(sign)
  code.get(bits).i32(0x7fffffff).op("i32.and").set(bits)
  const normal = () => {
    code.get(bits).i32(0xfff).op("i32.add").get(bits).i32(13).op("i32.shr_u").i32(1).op("i32.and").op("i32.add")
    code
      .i32(112 << 23)
      .op("i32.sub")
      .i32(13)
      .op("i32.shr_u")
      .set(bits)
    code.get(bits).i32(0x7c00).get(bits).i32(0x7c00).op("i32.lt_u").select()
  }
  const subnormal = () =>
    code
      .get(bits)
      .op("f32.reinterpret_i32")
      .f32(0.5)
      .op("f32.add")
      .op("i32.reinterpret_f32")
      .i32(0x3f000000)
      .op("i32.sub")
  code.get(bits).i32(0x7f800000).op("i32.gt_u")
  code.if(
    () => code.i32(0x7e00),
    () =>
      code
        .get(bits)
        .i32(113 << 23)
        .op("i32.lt_u")
        .if(() => subnormal(), normal, "i32"),
    "i32"
  )
  code.get(sign).op("i32.or")
  return code
}

/** Keeps the upper half of the bits, rounded to nearest, ties to even. */
const toBf16 = (module: ModuleBuilder): FunctionReference => {
  const code = module.function({ name: "toBf16", parameters: ["f32"], results: ["i32"] })
  const [value] = code.parameters
  const bits = code.local("i32")
  code.get(value).op("i32.reinterpret_f32").set(bits)
  code
    .get(value)
    .get(value)
    .op("f32.ne")
    .if(
      () => code.i32(0x7fc0),
      () => {
        code.get(bits).i32(0x7fff).op("i32.add").get(bits).i32(16).op("i32.shr_u").i32(1).op("i32.and").op("i32.add")
        code.i32(16).op("i32.shr_u")
      },
      "i32"
    )
  return code
}

/** Loads one element from the address on the stack. */
export const load = (code: FunctionBuilder, dtype: DType, offset: number, { fromF16: half }: Halves): void => {
  if (dtype === "f16") code.op("i32.load16_u", offset).call(half())
  else if (dtype === "bf16") code.op("i32.load16_u", offset).i32(16).op("i32.shl").op("f32.reinterpret_i32")
  else if (bytes(dtype) === 1) code.op("i32.load8_u", offset)
  else code.op(`${registerOf(dtype)}.load`, offset)
}

/** Stores the value on the stack at the address below it. */
export const store = (
  code: FunctionBuilder,
  dtype: DType,
  offset: number,
  { toBf16: bf16, toF16: f16 }: Halves
): void => {
  if (dtype === "f16") code.call(f16()).op("i32.store16", offset)
  else if (dtype === "bf16") code.call(bf16()).op("i32.store16", offset)
  else if (bytes(dtype) === 1) code.op("i32.store8", offset)
  else code.op(`${registerOf(dtype)}.store`, offset)
}

/** Fills a vector with the scalar on the stack. */
export const splat = (code: FunctionBuilder, shape: LaneShape): void => {
  if (shape === "f32x4" || shape === "f64x2") code.op(`${shape}.splat`)
  else code.op("i32x4.splat")
}

/** `start, start + 1, …` as lanes of `i32`. */
export const counting = (code: FunctionBuilder, start: Local<"i32">, unroll: number): ReadonlyArray<Local<"v128">> =>
  Array.from({ length: unroll }, (_, u) => {
    const result = code.local("v128")
    const steps = Int32Array.from([0, 1, 2, 3], (lane) => 4 * u + lane)
    code.get(start).op("i32x4.splat").v128(new Uint8Array(steps.buffer)).op("i32x4.add").set(result)
    return result
  })

/** Where vectors lie: neighbors are `stride` elements apart. */
export interface Run {
  readonly dtype: DType
  readonly address: Local<"index">
  readonly offset: number
  readonly stride: number
  readonly lanes: 2 | 4
}

/** Loads `unroll` vectors that follow one another. */
export const loadVectors = (
  code: FunctionBuilder,
  { address, dtype, lanes, offset, stride, unroll }: Run & { readonly unroll: number },
  conversions: Halves
): ReadonlyArray<Local<"v128">> =>
  Array.from({ length: unroll }, (_, u) => {
    const result = code.local("v128")
    const at = offset + u * lanes * stride * bytes(dtype)
    const isDense = stride === 1 && at >= 0
    if (isDense && bytes(dtype) >= 4) code.get(address).op("v128.load", at)
    else if (isDense && bytes(dtype) === 1) {
      code.get(address).op("v128.load32_zero", at).op("i16x8.extend_low_i8x16_u").op("i32x4.extend_low_i16x8_u")
      if (dtype === "bool") code.op("i32x4.neg")
    } else if (stride === 2 && at >= 0 && lanes === 4 && isAlternating(dtype)) {
      loadAlternate(code, dtype, address, at)
      if (dtype === "bool") code.op("i32x4.neg")
    } else gather(code, { address, dtype, lanes, offset: at, stride }, conversions)
    code.set(result)
    return result
  })

/** Pushes the address of an element at any distance; the rest that the instruction adds must not be negative. */
const pushAddress = (code: FunctionBuilder, address: Local<"index">, at: number): number => {
  code.get(address)
  if (at >= 0) return at
  code.whole(at).op("index.add")
  return 0
}

const gather = (code: FunctionBuilder, { address, dtype, lanes, offset, stride }: Run, conversions: Halves): void => {
  const shape = laneShapeOf(dtype, lanes)
  const result = code.borrow("v128")
  for (let lane = 0; lane < lanes; lane++) {
    if (lane > 0) code.get(result)
    load(code, dtype, pushAddress(code, address, offset + lane * stride * bytes(dtype)), conversions)
    if (lane === 0) splat(code, shape)
    else code.op(`${shape as "f32x4" | "f64x2" | "i32x4"}.replace_lane`, lane)
    code.set(result)
  }
  code.get(result)
  if (dtype === "bool") code.op("i32x4.neg")
  code.release(result)
}

/**
 * Stores vectors that follow one another: dense ones side by side, others lane by lane. The last comes first: where V8
 * joins two stores it puts the joint one where the second stood, and keeps the first if that has the lower address.
 */
export const storeVectors = (
  code: FunctionBuilder,
  { address, dtype, lanes, offset, stride }: Run,
  vectors: ReadonlyArray<Local<"v128">>,
  conversions: Halves
): void =>
  [...vectors.entries()].toReversed().forEach(([u, vector]) => {
    const at = offset + u * lanes * stride * bytes(dtype)
    if (stride === 1 && bytes(dtype) >= 4) code.get(address).get(vector).op("v128.store", at)
    else if (stride === 1 && bytes(dtype) === 1 && lanes === 4) {
      const narrow = code.borrow("v128")
      code.get(vector)
      if (dtype === "bool") code.get(code.constant("i32x4", 1)).op("v128.and")
      code
        .tee(narrow)
        .get(narrow)
        .op("i16x8.narrow_i32x4_u")
        .tee(narrow)
        .get(narrow)
        .op("i8x16.narrow_i16x8_u")
        .set(narrow)
      code.get(address).get(narrow).op("v128.store32_lane", 0, at)
      code.release(narrow)
    } else scatter(code, { address, dtype, lanes, offset: at, stride }, vector, conversions)
  })

const scatter = (
  code: FunctionBuilder,
  { address, dtype, lanes, offset, stride }: Run,
  vector: Local<"v128">,
  conversions: Halves
): void => {
  for (let lane = 0; lane < lanes; lane++) {
    const rest = pushAddress(code, address, offset + lane * stride * bytes(dtype))
    extract(code, { dtype, lanes }, vector, lane)
    store(code, dtype, rest, conversions)
  }
}

const extract = (
  code: FunctionBuilder,
  { dtype, lanes }: Pick<Run, "dtype" | "lanes">,
  vector: Local<"v128">,
  lane: number
): void => {
  const shape = laneShapeOf(dtype, lanes)
  code.get(vector)
  if (shape === "i64x2") code.op("i32x4.extract_lane", 2 * lane)
  else code.op(`${shape as "f32x4" | "f64x2" | "i32x4"}.extract_lane`, lane)
  if (dtype === "bool") code.i32(1).op("i32.and")
}

/** Hands over the lanes of a vector, one by one. */
export const foldLanes = (
  code: FunctionBuilder,
  shape: Pick<Run, "dtype" | "lanes">,
  vector: Local<"v128">,
  add: (value: Local) => void
): void => {
  const value = code.local(registerOf(shape.dtype))
  for (let lane = 0; lane < shape.lanes; lane++) {
    extract(code, shape, vector, lane)
    code.set(value)
    add(value)
  }
}

/** Integers have no infinities; their identities are literals of `i32`. */
export const finite = (dtype: DType, value: number): number => (registerOf(dtype) === "i32" ? value | 0 : value)
