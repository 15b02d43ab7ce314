/**
 * The instructions that need no more than numbers after them, as one table in groups of equal signature.
 *
 * Names and codes are those of the WebAssembly specification (3.0, with SIMD128, relaxed SIMD and threads); of lanes of 8
 * and 16 bits there is what converts them. Control, locals, globals, calls and constants are methods of `FunctionBuilder`.
 */
import type { IndexType, MachineType } from "./Encoder.ts"

/** What follows an opcode: nothing, a memory offset, a lane index, or both. */
export type Immediate = "none" | "memory" | "lane" | "memoryLane"

/** Instructions that share prefix, immediates and signature. `prefix` is 0 for the one-byte opcodes. */
export interface Group<I extends Immediate = Immediate, Name extends string = string> {
  readonly prefix: number
  readonly immediate: I
  readonly operands: ReadonlyArray<MachineType>
  readonly results: ReadonlyArray<MachineType>
  /** Binary logarithm of the alignment; atomic instructions demand theirs, for all others it is a hint that we do without. */
  readonly alignment: number
  readonly codes: Readonly<Record<Name, number>>
}

const letters: Readonly<Record<string, MachineType>> = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" }

const types = (text: string): ReadonlyArray<MachineType> => Array.from(text, (letter) => letters[letter] ?? "i32")

/** `signature` lists operands and results by letter: i (i32), l (i64), f (f32), d (f64), v (v128). */
const group = <I extends Immediate, Name extends string>(
  immediate: I,
  signature: `${string}:${string}`,
  codes: Readonly<Record<Name, number>>,
  { prefix = 0, alignment = 0 }: { readonly prefix?: number; readonly alignment?: number } = {}
): Group<I, Name> => {
  const [operands = "", results = ""] = signature.split(":")
  return { prefix, immediate, operands: types(operands), results: types(results), alignment, codes }
}

const bulk = { prefix: 0xfc }
const vector = { prefix: 0xfd }
const atomic32 = { prefix: 0xfe, alignment: 2 }
const atomic64 = { prefix: 0xfe, alignment: 3 }

// prettier-ignore
const scalar = {
  i32Unary: group("none", "i:i", {
    "i32.eqz": 0x45, "i32.clz": 0x67, "i32.ctz": 0x68, "i32.popcnt": 0x69, "i32.extend8_s": 0xc0,
    "i32.extend16_s": 0xc1
  }),
  i32Binary: group("none", "ii:i", {
    "i32.eq": 0x46, "i32.ne": 0x47, "i32.lt_s": 0x48, "i32.lt_u": 0x49, "i32.gt_s": 0x4a, "i32.gt_u": 0x4b,
    "i32.le_s": 0x4c, "i32.le_u": 0x4d, "i32.ge_s": 0x4e, "i32.ge_u": 0x4f, "i32.add": 0x6a, "i32.sub": 0x6b,
    "i32.mul": 0x6c, "i32.div_s": 0x6d, "i32.div_u": 0x6e, "i32.rem_s": 0x6f, "i32.rem_u": 0x70, "i32.and": 0x71,
    "i32.or": 0x72, "i32.xor": 0x73, "i32.shl": 0x74, "i32.shr_s": 0x75, "i32.shr_u": 0x76, "i32.rotl": 0x77,
    "i32.rotr": 0x78
  }),
  i64Test: group("none", "l:i", { "i64.eqz": 0x50 }),
  i64Unary: group("none", "l:l", {
    "i64.clz": 0x79, "i64.ctz": 0x7a, "i64.popcnt": 0x7b, "i64.extend8_s": 0xc2, "i64.extend16_s": 0xc3,
    "i64.extend32_s": 0xc4
  }),
  i64Compare: group("none", "ll:i", {
    "i64.eq": 0x51, "i64.ne": 0x52, "i64.lt_s": 0x53, "i64.lt_u": 0x54, "i64.gt_s": 0x55, "i64.gt_u": 0x56,
    "i64.le_s": 0x57, "i64.le_u": 0x58, "i64.ge_s": 0x59, "i64.ge_u": 0x5a
  }),
  i64Binary: group("none", "ll:l", {
    "i64.add": 0x7c, "i64.sub": 0x7d, "i64.mul": 0x7e, "i64.div_s": 0x7f, "i64.div_u": 0x80, "i64.rem_s": 0x81,
    "i64.rem_u": 0x82, "i64.and": 0x83, "i64.or": 0x84, "i64.xor": 0x85, "i64.shl": 0x86, "i64.shr_s": 0x87,
    "i64.shr_u": 0x88, "i64.rotl": 0x89, "i64.rotr": 0x8a
  }),
  f32Compare: group("none", "ff:i", {
    "f32.eq": 0x5b, "f32.ne": 0x5c, "f32.lt": 0x5d, "f32.gt": 0x5e, "f32.le": 0x5f, "f32.ge": 0x60
  }),
  f32Unary: group("none", "f:f", {
    "f32.abs": 0x8b, "f32.neg": 0x8c, "f32.ceil": 0x8d, "f32.floor": 0x8e, "f32.trunc": 0x8f, "f32.nearest": 0x90,
    "f32.sqrt": 0x91
  }),
  f32Binary: group("none", "ff:f", {
    "f32.add": 0x92, "f32.sub": 0x93, "f32.mul": 0x94, "f32.div": 0x95, "f32.min": 0x96, "f32.max": 0x97,
    "f32.copysign": 0x98
  }),
  f64Compare: group("none", "dd:i", {
    "f64.eq": 0x61, "f64.ne": 0x62, "f64.lt": 0x63, "f64.gt": 0x64, "f64.le": 0x65, "f64.ge": 0x66
  }),
  f64Unary: group("none", "d:d", {
    "f64.abs": 0x99, "f64.neg": 0x9a, "f64.ceil": 0x9b, "f64.floor": 0x9c, "f64.trunc": 0x9d, "f64.nearest": 0x9e,
    "f64.sqrt": 0x9f
  }),
  f64Binary: group("none", "dd:d", {
    "f64.add": 0xa0, "f64.sub": 0xa1, "f64.mul": 0xa2, "f64.div": 0xa3, "f64.min": 0xa4, "f64.max": 0xa5,
    "f64.copysign": 0xa6
  })
}

// prettier-ignore
const conversion = {
  fromI64ToI32: group("none", "l:i", { "i32.wrap_i64": 0xa7 }),
  fromI32ToI64: group("none", "i:l", { "i64.extend_i32_s": 0xac, "i64.extend_i32_u": 0xad }),
  fromF32ToI32: group("none", "f:i", {
    "i32.trunc_f32_s": 0xa8, "i32.trunc_f32_u": 0xa9, "i32.reinterpret_f32": 0xbc
  }),
  fromF64ToI32: group("none", "d:i", { "i32.trunc_f64_s": 0xaa, "i32.trunc_f64_u": 0xab }),
  fromF32ToI64: group("none", "f:l", { "i64.trunc_f32_s": 0xae, "i64.trunc_f32_u": 0xaf }),
  fromF64ToI64: group("none", "d:l", {
    "i64.trunc_f64_s": 0xb0, "i64.trunc_f64_u": 0xb1, "i64.reinterpret_f64": 0xbd
  }),
  fromI32ToF32: group("none", "i:f", {
    "f32.convert_i32_s": 0xb2, "f32.convert_i32_u": 0xb3, "f32.reinterpret_i32": 0xbe
  }),
  fromI64ToF32: group("none", "l:f", { "f32.convert_i64_s": 0xb4, "f32.convert_i64_u": 0xb5 }),
  fromF64ToF32: group("none", "d:f", { "f32.demote_f64": 0xb6 }),
  fromI32ToF64: group("none", "i:d", { "f64.convert_i32_s": 0xb7, "f64.convert_i32_u": 0xb8 }),
  fromI64ToF64: group("none", "l:d", {
    "f64.convert_i64_s": 0xb9, "f64.convert_i64_u": 0xba, "f64.reinterpret_i64": 0xbf
  }),
  fromF32ToF64: group("none", "f:d", { "f64.promote_f32": 0xbb }),
  saturateF32ToI32: group("none", "f:i", { "i32.trunc_sat_f32_s": 0, "i32.trunc_sat_f32_u": 1 }, bulk),
  saturateF64ToI32: group("none", "d:i", { "i32.trunc_sat_f64_s": 2, "i32.trunc_sat_f64_u": 3 }, bulk),
  saturateF32ToI64: group("none", "f:l", { "i64.trunc_sat_f32_s": 4, "i64.trunc_sat_f32_u": 5 }, bulk),
  saturateF64ToI64: group("none", "d:l", { "i64.trunc_sat_f64_s": 6, "i64.trunc_sat_f64_u": 7 }, bulk)
}

// prettier-ignore
const memory = {
  i32Load: group("memory", "i:i", {
    "i32.load": 0x28, "i32.load8_s": 0x2c, "i32.load8_u": 0x2d, "i32.load16_s": 0x2e, "i32.load16_u": 0x2f
  }),
  i64Load: group("memory", "i:l", {
    "i64.load": 0x29, "i64.load8_s": 0x30, "i64.load8_u": 0x31, "i64.load16_s": 0x32, "i64.load16_u": 0x33,
    "i64.load32_s": 0x34, "i64.load32_u": 0x35
  }),
  f32Load: group("memory", "i:f", { "f32.load": 0x2a }),
  f64Load: group("memory", "i:d", { "f64.load": 0x2b }),
  i32Store: group("memory", "ii:", { "i32.store": 0x36, "i32.store8": 0x3a, "i32.store16": 0x3b }),
  i64Store: group("memory", "il:", {
    "i64.store": 0x37, "i64.store8": 0x3c, "i64.store16": 0x3d, "i64.store32": 0x3e
  }),
  f32Store: group("memory", "if:", { "f32.store": 0x38 }),
  f64Store: group("memory", "id:", { "f64.store": 0x39 }),
  vectorLoad: group("memory", "i:v", {
    "v128.load": 0, "v128.load8x8_s": 1, "v128.load8x8_u": 2, "v128.load16x4_s": 3, "v128.load16x4_u": 4,
    "v128.load32x2_s": 5, "v128.load32x2_u": 6, "v128.load8_splat": 7, "v128.load16_splat": 8,
    "v128.load32_splat": 9, "v128.load64_splat": 10, "v128.load32_zero": 92, "v128.load64_zero": 93
  }, vector),
  vectorStore: group("memory", "iv:", { "v128.store": 11 }, vector),
  laneLoad: group("memoryLane", "iv:v", {
    "v128.load8_lane": 84, "v128.load16_lane": 85, "v128.load32_lane": 86, "v128.load64_lane": 87
  }, vector),
  laneStore: group("memoryLane", "iv:", {
    "v128.store8_lane": 88, "v128.store16_lane": 89, "v128.store32_lane": 90, "v128.store64_lane": 91
  }, vector)
}

// prettier-ignore
const atomic = {
  notify: group("memory", "ii:i", { "memory.atomic.notify": 0x00 }, atomic32),
  wait32: group("memory", "iil:i", { "memory.atomic.wait32": 0x01 }, atomic32),
  i32Load: group("memory", "i:i", { "i32.atomic.load": 0x10 }, atomic32),
  i32Store: group("memory", "ii:", { "i32.atomic.store": 0x17 }, atomic32),
  i32Update: group("memory", "ii:i", {
    "i32.atomic.rmw.add": 0x1e, "i32.atomic.rmw.sub": 0x25, "i32.atomic.rmw.and": 0x2c, "i32.atomic.rmw.or": 0x33,
    "i32.atomic.rmw.xor": 0x3a, "i32.atomic.rmw.xchg": 0x41
  }, atomic32),
  i32Exchange: group("memory", "iii:i", { "i32.atomic.rmw.cmpxchg": 0x48 }, atomic32),
  i64Load: group("memory", "i:l", { "i64.atomic.load": 0x11 }, atomic64),
  i64Store: group("memory", "il:", { "i64.atomic.store": 0x18 }, atomic64),
  i64Update: group("memory", "il:l", { "i64.atomic.rmw.add": 0x1f, "i64.atomic.rmw.xchg": 0x42 }, atomic64),
  i64Exchange: group("memory", "ill:l", { "i64.atomic.rmw.cmpxchg": 0x49 }, atomic64)
}

// prettier-ignore
const lanes = {
  splatI32: group("none", "i:v", { "i32x4.splat": 17 }, vector),
  splatI64: group("none", "l:v", { "i64x2.splat": 18 }, vector),
  splatF32: group("none", "f:v", { "f32x4.splat": 19 }, vector),
  splatF64: group("none", "d:v", { "f64x2.splat": 20 }, vector),
  extractI32: group("lane", "v:i", { "i32x4.extract_lane": 27 }, vector),
  extractI64: group("lane", "v:l", { "i64x2.extract_lane": 29 }, vector),
  extractF32: group("lane", "v:f", { "f32x4.extract_lane": 31 }, vector),
  extractF64: group("lane", "v:d", { "f64x2.extract_lane": 33 }, vector),
  replaceI32: group("lane", "vi:v", { "i32x4.replace_lane": 28 }, vector),
  replaceI64: group("lane", "vl:v", { "i64x2.replace_lane": 30 }, vector),
  replaceF32: group("lane", "vf:v", { "f32x4.replace_lane": 32 }, vector),
  replaceF64: group("lane", "vd:v", { "f64x2.replace_lane": 34 }, vector)
}

// prettier-ignore
const vectors = {
  test: group("none", "v:i", {
    "v128.any_true": 83, "i32x4.all_true": 163, "i32x4.bitmask": 164, "i64x2.all_true": 195, "i64x2.bitmask": 196
  }, vector),
  shift: group("none", "vi:v", {
    "i32x4.shl": 171, "i32x4.shr_s": 172, "i32x4.shr_u": 173, "i64x2.shl": 203, "i64x2.shr_s": 204,
    "i64x2.shr_u": 205
  }, vector),
  compare: group("none", "vv:v", {
    "i32x4.eq": 55, "i32x4.ne": 56, "i32x4.lt_s": 57, "i32x4.lt_u": 58, "i32x4.gt_s": 59, "i32x4.gt_u": 60,
    "i32x4.le_s": 61, "i32x4.le_u": 62, "i32x4.ge_s": 63, "i32x4.ge_u": 64, "f32x4.eq": 65, "f32x4.ne": 66,
    "f32x4.lt": 67, "f32x4.gt": 68, "f32x4.le": 69, "f32x4.ge": 70, "f64x2.eq": 71, "f64x2.ne": 72, "f64x2.lt": 73,
    "f64x2.gt": 74, "f64x2.le": 75, "f64x2.ge": 76, "i64x2.eq": 214, "i64x2.ne": 215, "i64x2.lt_s": 216,
    "i64x2.gt_s": 217, "i64x2.le_s": 218, "i64x2.ge_s": 219
  }, vector),
  unary: group("none", "v:v", {
    "v128.not": 77, "f32x4.demote_f64x2_zero": 94, "f64x2.promote_low_f32x4": 95, "f32x4.ceil": 103,
    "f32x4.floor": 104, "f32x4.trunc": 105, "f32x4.nearest": 106, "f64x2.ceil": 116, "f64x2.floor": 117,
    "f64x2.trunc": 122, "f64x2.nearest": 148, "i16x8.extend_low_i8x16_u": 137, "i32x4.abs": 160, "i32x4.neg": 161,
    "i32x4.extend_low_i16x8_s": 167, "i32x4.extend_high_i16x8_s": 168, "i32x4.extend_low_i16x8_u": 169,
    "i32x4.extend_high_i16x8_u": 170, "i64x2.abs": 192, "i64x2.neg": 193, "i64x2.extend_low_i32x4_s": 199,
    "i64x2.extend_high_i32x4_s": 200, "i64x2.extend_low_i32x4_u": 201, "i64x2.extend_high_i32x4_u": 202,
    "f32x4.abs": 224, "f32x4.neg": 225, "f32x4.sqrt": 227, "f64x2.abs": 236, "f64x2.neg": 237, "f64x2.sqrt": 239,
    "i32x4.trunc_sat_f32x4_s": 248, "i32x4.trunc_sat_f32x4_u": 249, "f32x4.convert_i32x4_s": 250,
    "f32x4.convert_i32x4_u": 251, "i32x4.trunc_sat_f64x2_s_zero": 252, "i32x4.trunc_sat_f64x2_u_zero": 253,
    "f64x2.convert_low_i32x4_s": 254, "f64x2.convert_low_i32x4_u": 255
  }, vector),
  bits: group("none", "vv:v", { "v128.and": 78, "v128.andnot": 79, "v128.or": 80, "v128.xor": 81 }, vector),
  integer: group("none", "vv:v", {
    "i8x16.narrow_i16x8_u": 102, "i16x8.narrow_i32x4_u": 134, "i32x4.add": 174, "i32x4.sub": 177, "i32x4.mul": 181,
    "i32x4.min_s": 182, "i32x4.min_u": 183, "i32x4.max_s": 184, "i32x4.max_u": 185, "i64x2.add": 206,
    "i64x2.sub": 209, "i64x2.mul": 213
  }, vector),
  floating: group("none", "vv:v", {
    "f32x4.add": 228, "f32x4.sub": 229, "f32x4.mul": 230, "f32x4.div": 231, "f32x4.min": 232, "f32x4.max": 233,
    "f32x4.pmin": 234, "f32x4.pmax": 235, "f64x2.add": 240, "f64x2.sub": 241, "f64x2.mul": 242, "f64x2.div": 243,
    "f64x2.min": 244, "f64x2.max": 245, "f64x2.pmin": 246, "f64x2.pmax": 247
  }, vector),
  ternary: group("none", "vvv:v", { "v128.bitselect": 82 }, vector)
}

// prettier-ignore
const relaxed = {
  unary: group("none", "v:v", {
    "i32x4.relaxed_trunc_f32x4_s": 0x101, "i32x4.relaxed_trunc_f32x4_u": 0x102,
    "i32x4.relaxed_trunc_f64x2_s_zero": 0x103, "i32x4.relaxed_trunc_f64x2_u_zero": 0x104
  }, vector),
  binary: group("none", "vv:v", {
    "f32x4.relaxed_min": 0x10d, "f32x4.relaxed_max": 0x10e, "f64x2.relaxed_min": 0x10f, "f64x2.relaxed_max": 0x110
  }, vector),
  ternary: group("none", "vvv:v", {
    "f32x4.relaxed_madd": 0x105, "f32x4.relaxed_nmadd": 0x106, "f64x2.relaxed_madd": 0x107,
    "f64x2.relaxed_nmadd": 0x108, "i32x4.relaxed_laneselect": 0x10b, "i64x2.relaxed_laneselect": 0x10c
  }, vector)
}

const families = { scalar, conversion, memory, atomic, lanes, vectors, relaxed }

type Families = typeof families

type AnyGroup = { readonly [F in keyof Families]: Families[F][keyof Families[F]] }[keyof Families]

type NamesOf<G, I extends Immediate> = G extends Group<I, infer Name> ? Name : never

type IndexNamesOf<Name> = Name extends `i64.${infer Rest}`
  ? `i32.${Rest}` extends TableName
    ? `index.${Rest}`
    : never
  : never

type TableName = NamesOf<AnyGroup, Immediate>

/**
 * Names of the instructions with a given kind of immediate. What `i32` and `i64` both have, `index` has as well: it is
 * that of the module's indices.
 */
export type OpcodeOf<I extends Immediate> = NamesOf<AnyGroup, I> | IndexNamesOf<NamesOf<AnyGroup, I>>

/** Names of all instructions of the table. */
export type Opcode = OpcodeOf<Immediate>

/** All groups of the table. */
export const groups: ReadonlyArray<Group> = Object.values(families).flatMap((family) => Object.values<Group>(family))

/** One instruction: where it stands and what it takes. */
export interface Instruction extends Omit<Group, "codes"> {
  readonly code: number
}

/** The instructions by name. */
export const instructions: ReadonlyMap<string, Instruction> = new Map(
  groups.flatMap(({ codes, ...rest }) =>
    Object.entries(codes).map(([name, code]): [string, Instruction] => [name, { ...rest, code }])
  )
)

/** The instructions by name, those of `index` included, for modules whose indices are of a type. */
export const instructionsWith: Readonly<Record<IndexType, ReadonlyMap<string, Instruction>>> = {
  i32: withIndices("i32"),
  i64: withIndices("i64")
}

function withIndices(index: IndexType): ReadonlyMap<string, Instruction> {
  const own = [...instructions].filter(([name]) => name.startsWith(`${index}.`))
  return new Map([
    ...instructions,
    ...own.map(([name, instruction]) => [name.replace(index, "index"), instruction] as const)
  ])
}
