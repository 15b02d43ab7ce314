/**
 * The spelling of scalars in CUDA C: `u8` is kept within 0…255 in an `unsigned`, halves are computed as `float`.
 */
import type { DType } from "@cotangent/tensor/DType"
import { isFloat } from "@cotangent/tensor/DType"
import type { Combine, Instruction } from "@cotangent/tensor/Scalar"
import { identity } from "@cotangent/tensor/Scalar"

/** The type of a value in a register. */
export const registerOf = (dtype: DType): string => {
  switch (dtype) {
    case "f64":
      return "double"
    case "i32":
      return "int"
    case "u32":
    case "u8":
      return "unsigned"
    case "bool":
      return "bool"
    default:
      return "float"
  }
}

const memories: Readonly<Record<DType, string>> = {
  f32: "float",
  f64: "double",
  f16: "ct_word",
  bf16: "ct_word",
  i32: "int",
  u32: "unsigned",
  u8: "ct_byte",
  bool: "ct_byte"
}

/** The type of an element in memory. */
export const memoryOf = (dtype: DType): string => memories[dtype]

/** An element as it is loaded. */
export const loaded = (dtype: DType, text: string): string =>
  memoryOf(dtype) === registerOf(dtype) || dtype === "u8" ? text : `ct_${dtype}::from(${text})`

/** A value as it is stored. */
export const stored = (dtype: DType, text: string): string =>
  memoryOf(dtype) === registerOf(dtype) ? text : `ct_${dtype}::to(${text})`

const floatText = (value: number, suffix: string): string => {
  if (Number.isNaN(value)) return suffix === "f" ? "ct_nan()" : "(double)ct_nan()"
  if (!Number.isFinite(value)) return `${value < 0 ? "-" : ""}${suffix === "f" ? "" : "(double)"}ct_infinity()`
  const text = Object.is(value, -0) ? "-0" : String(value)
  const number = `${/[.e]/.test(text) ? text : `${text}.0`}${suffix}`
  return text.startsWith("-") ? `(${number})` : number
}

/** A literal. */
export const literal = (dtype: DType, value: number): string => {
  if (dtype === "bool") return value === 0 ? "false" : "true"
  if (dtype === "f64") return floatText(value, "")
  if (isFloat(dtype)) return floatText(value, "f")
  if (dtype !== "i32") return `${value}u`
  return value === -2147483648 ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : String(value)
}

/** What a reduction starts with. */
export const start = (combine: Combine, dtype: DType): string => literal(dtype, identity(combine, dtype))

/** An instruction: the dtype of its result and that of its first operand, then the operands. */
interface Spoken {
  readonly dtype: DType
  readonly from: DType
  readonly args: ReadonlyArray<string>
}

type Spelling = (call: Spoken) => string

const wrapped = (dtype: DType, text: string): string => (dtype === "u8" ? `(${text} & 255u)` : text)

/** Integers wrap, which C promises for unsigned ones only. */
const arithmetic =
  (sign: string): Spelling =>
  ({ args: [x, y], dtype }) =>
    dtype === "i32" ? `(int)((unsigned)${x} ${sign} (unsigned)${y})` : wrapped(dtype, `(${x} ${sign} ${y})`)

const compare =
  (sign: string): Spelling =>
  ({ args: [x, y] }) =>
    `(${x} ${sign} ${y})`

const bitwise =
  (sign: string): Spelling =>
  ({ args: [x, y], dtype }) =>
    dtype === "bool" ? `((${x}) ${sign} (${y})) != 0` : `(${x} ${sign} ${y})`

/** A function of the mathematical library. */
const math =
  (name: string): Spelling =>
  ({ args, from }) =>
    `${name}${from === "f64" ? "" : "f"}(${args.join(", ")})`

/** Of halves the fast one will do: what it is off by, some 10⁻⁶ of the value, is far below their rounding. */
const exponential: Spelling = (call) =>
  call.dtype === "f16" || call.dtype === "bf16" ? `__expf(${call.args[0]})` : math("exp")(call)

/** The same, of which integers are their own result. */
const rounding =
  (name: string): Spelling =>
  (call) =>
    isFloat(call.from) ? math(name)(call) : call.args[0]

const helper =
  (name: string): Spelling =>
  ({ args }) =>
    `${name}(${args.join(", ")})`

const shift =
  (sign: string): Spelling =>
  ({ args: [x, y], dtype }) => {
    const amount = `(${y} & ${dtype === "u8" ? 7 : 31})`
    return dtype === "i32" && sign === "<<"
      ? `(int)((unsigned)${x} << ${amount})`
      : wrapped(dtype, `(${x} ${sign} ${amount})`)
  }

const negate: Spelling = ({ args: [x], dtype }) =>
  isFloat(dtype) ? `(-${x})` : dtype === "i32" ? `(int)(0u - (unsigned)${x})` : wrapped(dtype, `(0u - ${x})`)

const absolute: Spelling = ({ args: [x], from }) => {
  if (isFloat(from)) return `${from === "f64" ? "fabs" : "fabsf"}(${x})`
  return from === "i32" ? `(${x} < 0 ? (int)(0u - (unsigned)${x}) : ${x})` : x
}

/** Halves are rounded when they are made by a cast, as when they are stored. */
const convert: Spelling = ({ args: [x], dtype, from }) => {
  if (dtype === "bool") return `(${x} != ${literal(from, 0)})`
  if (isFloat(dtype)) {
    const value = `(${registerOf(dtype)})${x}`
    return dtype === "f16" || dtype === "bf16" ? `ct_${dtype}::from(ct_${dtype}::to(${value}))` : value
  }
  return isFloat(from) ? `ct_to_${dtype}(${x})` : wrapped(dtype, `(${registerOf(dtype)})${x}`)
}

const reinterpret: Spelling = ({ args: [x], dtype, from }) => {
  if (isFloat(from)) return dtype === "i32" ? `__float_as_int(${x})` : `__float_as_uint(${x})`
  if (isFloat(dtype)) return from === "i32" ? `__int_as_float(${x})` : `__uint_as_float(${x})`
  return `(${registerOf(dtype)})${x}`
}

/** The spelling of every instruction. */
const spellings: Readonly<Record<Instruction, Spelling>> = {
  add: arithmetic("+"),
  sub: arithmetic("-"),
  mul: arithmetic("*"),
  div: ({ args: [x, y] }) => `(${x} / ${y})`,
  quotient: helper("ct_quotient"),
  remainder: helper("ct_remainder"),
  min: helper("ct_min"),
  max: helper("ct_max"),
  neg: negate,
  abs: absolute,
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  trunc: rounding("trunc"),
  round: rounding("rint"),
  sqrt: math("sqrt"),
  exp: exponential,
  expm1: math("expm1"),
  log: math("log"),
  log1p: math("log1p"),
  sin: math("sin"),
  cos: math("cos"),
  tanh: math("tanh"),
  atan2: math("atan2"),
  pow: helper("ct_pow"),
  multiplyAdd: (call) =>
    isFloat(call.dtype) ? math("fma")(call) : arithmetic("+")({ ...call, args: [arithmetic("*")(call), call.args[2]] }),
  equal: compare("=="),
  less: compare("<"),
  lessEqual: compare("<="),
  select: ({ args: [condition, x, y] }) => `(${condition} ? ${x} : ${y})`,
  and: bitwise("&"),
  or: bitwise("|"),
  xor: bitwise("^"),
  not: ({ args: [x], dtype }) => (dtype === "bool" ? `(!${x})` : wrapped(dtype, `(~${x})`)),
  shiftLeft: shift("<<"),
  shiftRight: shift(">>"),
  cast: convert,
  bitcast: reinterpret
}

/** An instruction with its operands. */
export const spell = (op: Instruction, dtype: DType, from: DType, args: ReadonlyArray<string>): string =>
  spellings[op]({ dtype, from, args })

/** Statements that take a row-major position apart into indices. */
export const unflattened = (
  flat: string,
  extents: ReadonlyArray<number>,
  { index, names }: { readonly names: ReadonlyArray<string>; readonly index: string }
): ReadonlyArray<string> => {
  let below = 1
  return extents
    .map((extent, axis) => ({ extent, axis }))
    .toReversed()
    .map(({ axis, extent }) => {
      const rest = below === 1 ? flat : `${flat} / ${below}`
      below *= extent
      return `const ${index} ${names[axis]} = ${axis === 0 ? rest : `${below === extent ? flat : `(${rest})`} % ${extent}`};`
    })
}
