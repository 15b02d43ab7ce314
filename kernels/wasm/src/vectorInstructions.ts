/**
 * The spelling of instructions on vectors: four lanes of 32 bits, or two of `f64`. `bool` is a mask of all ones or
 * all zeros in each lane; `u8` lanes are kept within 0…255.
 */
import type { DType } from "@cotangent/tensor/DType"
import { isFloat } from "@cotangent/tensor/DType"
import type { Instruction } from "@cotangent/tensor/Scalar"
import type { FunctionBuilder, FunctionReference, LaneShape, Local } from "./FunctionBuilder.ts"
import type { OpcodeOf } from "./Opcode.ts"
import type { HostFunction } from "./scalarInstructions.ts"
import { eachHostFunction } from "./scalarInstructions.ts"

/** What an instruction on vectors is spelled with. */
export interface VectorOperation {
  readonly code: FunctionBuilder
  readonly dtype: DType
  readonly from: DType
  readonly lanes: 2 | 4
  readonly args: ReadonlyArray<Local<"v128">>
  readonly host: Readonly<Record<HostFunction, FunctionReference>>
}

type Spelling = (operation: VectorOperation) => void

const plain = (code: FunctionBuilder, name: string): FunctionBuilder => code.op(name as OpcodeOf<"none">)

const push = ({ args, code }: VectorOperation): FunctionBuilder => {
  for (const arg of args) code.get(arg)
  return code
}

/** The lane shape that instructions on a dtype are named after. */
export const laneShapeOf = (dtype: DType, lanes: 2 | 4): LaneShape =>
  lanes === 2 ? (isFloat(dtype) ? "f64x2" : "i64x2") : isFloat(dtype) ? "f32x4" : "i32x4"

const shapeOf = ({ from, lanes }: VectorOperation): LaneShape => laneShapeOf(from, lanes)

const wrap = ({ code, dtype }: VectorOperation): void => {
  if (dtype === "u8") code.get(code.constant("i32x4", 255)).op("v128.and")
}

const arithmetic =
  (name: string): Spelling =>
  (operation) => {
    plain(push(operation), `${shapeOf(operation)}.${name}`)
    wrap(operation)
  }

const suffix = (dtype: DType): string => (isFloat(dtype) ? "" : dtype === "i32" ? "_s" : "_u")

/** Names differ by signedness where lanes are integers. */
const signed =
  (name: string): Spelling =>
  (operation) =>
    void plain(push(operation), `${shapeOf(operation)}.${name}${suffix(operation.from)}`)

const extremum =
  (name: "min" | "max"): Spelling =>
  (operation) => {
    // The greater of two masks is their union.
    if (operation.from === "bool") push(operation).op(name === "max" ? "v128.or" : "v128.and")
    else signed(name)(operation)
  }

/** Changes the signs of floats. V8 would make up the mask anew at each use where it joins vectors. */
const bySign =
  (name: "v128.xor" | "v128.andnot"): Spelling =>
  (operation) => {
    push(operation)
      .get(operation.code.constant(shapeOf(operation), -0))
      .op(name)
  }

const rounding =
  (name: string): Spelling =>
  (operation) => {
    push(operation)
    if (isFloat(operation.from)) plain(operation.code, `${shapeOf(operation)}.${name}`)
  }

/** Calls the host for each lane. */
const host =
  (name: HostFunction): Spelling =>
  ({ args, code, host: functions, lanes }) => {
    const [shape, isDouble] = [lanes === 2 ? "f64x2" : "f32x4", lanes === 2] as const
    const result = code.borrow("v128")
    for (let lane = 0; lane < lanes; lane++) {
      if (lane > 0) code.get(result)
      for (const arg of args) {
        code.get(arg).op(`${shape}.extract_lane`, lane)
        if (!isDouble) code.op("f64.promote_f32")
      }
      code.call(functions[name])
      if (!isDouble) code.op("f32.demote_f64")
      if (lane === 0) plain(code, `${shape}.splat`)
      else code.op(`${shape}.replace_lane`, lane)
      code.set(result)
    }
    code.get(result)
    code.release(result)
  }

const compare =
  (name: string): Spelling =>
  (operation) => {
    if (operation.from === "bool" && name !== "eq") {
      // As numbers, true is 1 and a mask is −1: the order of masks is the reverse.
      const {
        args: [x, y],
        code
      } = operation
      plain(code.get(y).get(x), `i32x4.${name}_s`)
    } else plain(push(operation), `${shapeOf(operation)}.${name}${name === "eq" ? "" : suffix(operation.from)}`)
  }

const convert: Spelling = (operation) => {
  const {
    args: [x],
    code,
    dtype,
    from,
    lanes
  } = operation
  const [source, target] = [laneShapeOf(from, lanes), laneShapeOf(dtype, lanes)]
  code.get(x)
  if (dtype === from) return
  if (dtype === "bool") return void plain(code.get(code.constant(source, 0)), `${source}.ne`)
  if (from === "bool") return void code.get(code.constant(target, 1)).op("v128.and")
  if (source === target) return wrap(operation)
  // Lanes of f64 convert to nothing else: what follows is 32 bits wide.
  if (target === "f32x4") return void plain(code, `f32x4.convert_i32x4${suffix(from)}`)
  plain(code, `i32x4.trunc_sat_f32x4${suffix(dtype)}`)
  if (dtype === "u8") code.get(code.constant("i32x4", 255)).op("i32x4.min_u")
}

/** The plain form; `vectorSelect.ts` knows shorter ones for some operands. */
const select: Spelling = ({ args: [condition, x, y], code }) =>
  void code.get(x).get(y).get(condition).op("v128.bitselect")

const complement: Spelling = (operation) => {
  push(operation).op("v128.not")
  wrap(operation)
}

/** Shifts by an amount that all lanes share are emitted by the caller, which knows the amount as a scalar. */
export const shiftName = (left: boolean, from: DType): OpcodeOf<"none"> =>
  left ? "i32x4.shl" : from === "i32" ? "i32x4.shr_s" : "i32x4.shr_u"

/** The spelling of every instruction that vectors have; others make a loop scalar. */
export const vectorInstructions: Readonly<Partial<Record<Instruction, Spelling>>> = {
  add: arithmetic("add"),
  sub: arithmetic("sub"),
  mul: arithmetic("mul"),
  div: arithmetic("div"),
  min: extremum("min"),
  max: extremum("max"),
  neg: (operation) => (isFloat(operation.from) ? bySign("v128.xor")(operation) : arithmetic("neg")(operation)),
  abs: (operation) => {
    if (isFloat(operation.from)) bySign("v128.andnot")(operation)
    else if (operation.from === "i32") arithmetic("abs")(operation)
    else push(operation)
  },
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  trunc: rounding("trunc"),
  round: rounding("nearest"),
  sqrt: rounding("sqrt"),
  ...eachHostFunction(host),
  multiplyAdd: (operation) => {
    const {
      args: [x, y, z],
      code
    } = operation
    const shape = shapeOf(operation)
    plain(plain(code.get(x).get(y), `${shape}.mul`).get(z), `${shape}.add`)
  },
  equal: compare("eq"),
  less: compare("lt"),
  lessEqual: compare("le"),
  select,
  and: (operation) => void push(operation).op("v128.and"),
  or: (operation) => void push(operation).op("v128.or"),
  xor: (operation) => void push(operation).op("v128.xor"),
  not: complement,
  cast: convert,
  bitcast: (operation) => void push(operation)
}
