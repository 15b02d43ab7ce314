/**
 * The spelling of scalar instructions in WebAssembly: `f32` and `f64` as such, everything else as `i32`.
 * `u8` is kept within 0…255 after each instruction, `bool` is 0 or 1.
 */
import type { DType } from "@cotangent/tensor/DType"
import { isFloat } from "@cotangent/tensor/DType"
import type { Instruction } from "@cotangent/tensor/Scalar"
import type { FunctionBuilder, FunctionReference, Local } from "./FunctionBuilder.ts"
import type { Opcode, OpcodeOf } from "./Opcode.ts"

/** The WebAssembly type that holds a value. */
export type Register = "f32" | "f64" | "i32"

/** The register type of a dtype: halves are computed in `f32`. */
export const registerOf = (dtype: DType): Register => (dtype === "f64" ? "f64" : isFloat(dtype) ? "f32" : "i32")

/** Functions of one or two `f64` that the host brings. */
export const hostFunctions = ["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "atan2", "pow"] as const

/** The name of a function that the host brings. */
export type HostFunction = (typeof hostFunctions)[number]

/** What `make` gives for each function of the host. */
export const eachHostFunction = <A>(make: (name: HostFunction) => A): Readonly<Record<HostFunction, A>> =>
  // One entry for each name of the list.
  Object.fromEntries(hostFunctions.map((name) => [name, make(name)])) as Record<HostFunction, A>

/** What an instruction is spelled with. */
export interface Operation {
  readonly code: FunctionBuilder
  /** Of the result. */
  readonly dtype: DType
  /** Of the first operand. */
  readonly from: DType
  readonly args: ReadonlyArray<Local>
  readonly host: Readonly<Record<HostFunction, FunctionReference>>
}

type Spelling = (operation: Operation) => void

/** An instruction of the table whose name is put together; a test validates the names. */
const plain = (code: FunctionBuilder, name: string): FunctionBuilder => code.op(name as OpcodeOf<"none">)

const push = ({ args, code }: Operation): FunctionBuilder => {
  for (const arg of args) code.get(arg)
  return code
}

const wrap = (operation: Operation): void => {
  if (operation.dtype === "u8") operation.code.i32(255).op("i32.and")
}

const isUnsigned = (dtype: DType): boolean => dtype !== "i32"

/** `f32.add` and its like; names for integers where they differ. */
const arithmetic =
  (name: string): Spelling =>
  (operation) => {
    plain(push(operation), `${registerOf(operation.from)}.${name}`)
    wrap(operation)
  }

const compare =
  (float: string, integer: string): Spelling =>
  (operation) => {
    const register = registerOf(operation.from)
    plain(
      push(operation),
      register === "i32" ? `i32.${integer}${isUnsigned(operation.from) ? "_u" : "_s"}` : `${register}.${float}`
    )
  }

const extremum =
  (name: "min" | "max"): Spelling =>
  (operation) => {
    const {
      args: [x, y],
      code,
      from
    } = operation
    if (isFloat(from)) return void plain(push(operation), `${registerOf(from)}.${name}`)
    code.get(x).get(y).get(x).get(y)
    plain(code, `i32.${name === "min" ? "lt" : "gt"}${isUnsigned(from) ? "_u" : "_s"}`).select()
  }

const rounding =
  (name: string): Spelling =>
  (operation) => {
    push(operation)
    if (isFloat(operation.from)) plain(operation.code, `${registerOf(operation.from)}.${name}`)
  }

const host =
  (name: HostFunction): Spelling =>
  ({ args, code, from, host: functions }) => {
    const isDouble = registerOf(from) === "f64"
    for (const arg of args) {
      code.get(arg)
      if (!isDouble) code.op("f64.promote_f32")
    }
    code.call(functions[name])
    if (!isDouble) code.op("f32.demote_f64")
  }

/** Division toward zero that gives 0 for a zero divisor, and wraps −2³¹ / −1. */
const quotient: Spelling = (operation) => {
  const {
    args: [x, y],
    code,
    from
  } = operation
  const divide = `i32.div${isUnsigned(from) ? "_u" : "_s"}` as Opcode
  code.get(y).i32(1).op("i32.add").i32(1)
  // y + 1 ≤ 1 unsigned: y is −1 or 0, where the machine's division traps.
  code.op("i32.le_u").if(
    () => code.i32(0).get(x).op("i32.sub").i32(0).get(y).select(),
    () => plain(code.get(x).get(y), divide),
    "i32"
  )
}

const unsignedQuotient: Spelling = ({ args: [x, y], code }) => {
  code
    .get(y)
    .op("i32.eqz")
    .if(
      () => code.i32(0),
      () => code.get(x).get(y).op("i32.div_u"),
      "i32"
    )
}

const remainder: Spelling = ({ args: [x, y], code, from }) => {
  code.get(y).op("i32.eqz")
  code.if(
    () => code.get(x),
    () => plain(code.get(x).get(y), `i32.rem${isUnsigned(from) ? "_u" : "_s"}`),
    "i32"
  )
}

const negate: Spelling = (operation) => {
  const {
    args: [x],
    code,
    from
  } = operation
  if (isFloat(from)) return void plain(code.get(x), `${registerOf(from)}.neg`)
  code.i32(0).get(x).op("i32.sub")
  wrap(operation)
}

const absolute: Spelling = ({ args: [x], code, from }) => {
  if (isFloat(from)) return void plain(code.get(x), `${registerOf(from)}.abs`)
  if (isUnsigned(from)) return void code.get(x)
  code.i32(0).get(x).op("i32.sub").get(x).get(x).i32(0).op("i32.lt_s").select()
}

const complement: Spelling = (operation) => {
  const {
    args: [x],
    code,
    dtype
  } = operation
  if (dtype === "bool") return void code.get(x).op("i32.eqz")
  code.get(x).i32(-1).op("i32.xor")
  wrap(operation)
}

/** Shift amounts count modulo the width; WebAssembly does that for 32 bits. */
const shift =
  (left: boolean): Spelling =>
  (operation) => {
    const {
      args: [x, y],
      code,
      from
    } = operation
    code.get(x).get(y)
    if (from === "u8") code.i32(7).op("i32.and")
    plain(code, left ? "i32.shl" : from === "i32" ? "i32.shr_s" : "i32.shr_u")
    wrap(operation)
  }

/** Floats saturate when they become integers; integers wrap; "not zero" is true. */
const convert: Spelling = ({ args: [x], code, dtype, from }) => {
  const [source, target] = [registerOf(from), registerOf(dtype)]
  code.get(x)
  if (dtype === "bool") {
    if (source === "i32") return void code.i32(0).op("i32.ne")
    return void (source === "f32" ? code.f32(0).op("f32.ne") : code.f64(0).op("f64.ne"))
  }
  if (source === target) {
    if (dtype === "u8") code.i32(255).op("i32.and")
    return
  }
  if (target === "f64" && source === "f32") return void code.op("f64.promote_f32")
  if (target === "f32" && source === "f64") return void code.op("f32.demote_f64")
  if (target !== "i32") return void plain(code, `${target}.convert_i32${isUnsigned(from) ? "_u" : "_s"}`)
  plain(code, `i32.trunc_sat_${source}${isUnsigned(dtype) ? "_u" : "_s"}`)
  if (dtype !== "u8") return
  const value = code.borrow("i32")
  code.tee(value).i32(255).get(value).i32(255).op("i32.lt_u").select()
  code.release(value)
}

const reinterpret: Spelling = ({ args: [x], code, dtype, from }) => {
  const [source, target] = [registerOf(from), registerOf(dtype)]
  code.get(x)
  if (source !== target) plain(code, `${target}.reinterpret_${source}`)
}

/** The spelling of every instruction. */
export const scalarInstructions: Readonly<Record<Instruction, Spelling>> = {
  add: arithmetic("add"),
  sub: arithmetic("sub"),
  mul: arithmetic("mul"),
  div: arithmetic("div"),
  quotient: (operation) => (operation.from === "i32" ? quotient(operation) : unsignedQuotient(operation)),
  remainder,
  min: extremum("min"),
  max: extremum("max"),
  neg: negate,
  abs: absolute,
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  trunc: rounding("trunc"),
  round: rounding("nearest"),
  sqrt: rounding("sqrt"),
  ...eachHostFunction(host),
  multiplyAdd: ({ args: [x, y, z], code, from }) =>
    void plain(plain(code.get(x).get(y), `${registerOf(from)}.mul`).get(z), `${registerOf(from)}.add`),
  equal: (operation) => void plain(push(operation), `${registerOf(operation.from)}.eq`),
  less: compare("lt", "lt"),
  lessEqual: compare("le", "le"),
  select: ({ args: [condition, x, y], code }) => void code.get(x).get(y).get(condition).select(),
  and: (operation) => void push(operation).op("i32.and"),
  or: (operation) => void push(operation).op("i32.or"),
  xor: (operation) => void push(operation).op("i32.xor"),
  not: complement,
  shiftLeft: shift(true),
  shiftRight: shift(false),
  cast: convert,
  bitcast: reinterpret
}
