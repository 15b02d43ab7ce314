/**
 * Scalar expressions: the language of element rules.
 *
 * An element rule states the value at one index as an expression over loads, index variables and reductions.
 * Every backend derives its kernels from it, the reference device interprets it, fusion substitutes one rule
 * into another. Expressions are directed acyclic graphs: every walk over them visits a shared part once.
 */
import type { DType } from "./DType.ts"
import * as DTypes from "./DType.ts"

/** Instructions every backend spells out. Rows of the reference meaning stand in `Evaluator.ts`. */
export type Instruction =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "quotient"
  | "remainder"
  | "min"
  | "max"
  | "neg"
  | "abs"
  | "floor"
  | "ceil"
  | "trunc"
  | "round"
  | "sqrt"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sin"
  | "cos"
  | "tanh"
  | "atan2"
  | "pow"
  | "equal"
  | "less"
  | "lessEqual"
  | "select"
  | "and"
  | "or"
  | "xor"
  | "not"
  | "shiftLeft"
  | "shiftRight"
  | "cast"
  | "bitcast"
  | "multiplyAdd"

/** Ways to combine the values of a reduction; each is associative with an identity. */
export type Combine = "add" | "max" | "min"

/** What a load reads from: a tensor, as far as scalars care. */
export interface Source {
  readonly shape: ReadonlyArray<number>
  readonly dtype: DType
}

/** A literal. */
export interface Constant {
  readonly tag: "constant"
  readonly dtype: DType
  readonly value: number
}

/** A loop variable that runs from 0 to `extent - 1`; its identity is the object. */
export interface Variable {
  readonly tag: "variable"
  readonly dtype: "i32"
  readonly extent: number
}

/** The element of `source` at `index`, one entry per axis. */
export interface Load {
  readonly tag: "load"
  readonly dtype: DType
  readonly source: Source
  readonly index: ReadonlyArray<Scalar>
}

/** An instruction applied to operands. `dtype` is the result's. */
export interface Call {
  readonly tag: "call"
  readonly op: Instruction
  readonly dtype: DType
  readonly args: ReadonlyArray<Scalar>
}

/** `combine` over all values of `body` while `variables` run. */
export interface Reduce {
  readonly tag: "reduce"
  readonly combine: Combine
  readonly dtype: DType
  readonly variables: ReadonlyArray<Variable>
  readonly body: Scalar
}

/** The value of one element as an expression. */
export type Scalar = Constant | Variable | Load | Call | Reduce

/** One scalar per axis. */
export type Index = ReadonlyArray<Scalar>

/** A tensor as an element rule sees it: something with a value at every index. */
export interface Accessor extends Source {
  readonly at: (index: Index) => Scalar
}

/** A literal of `dtype`, rounded to it. */
export const constant = (value: number, dtype: DType = "i32"): Constant => ({
  tag: "constant",
  dtype,
  value: DTypes.round(dtype, value)
})

/** A fresh loop variable over `[0, extent)`. */
export const variable = (extent: number): Variable => ({ tag: "variable", dtype: "i32", extent })

/** The element of `source` at `index`. */
export const load = (source: Source, index: Index): Load => ({ tag: "load", dtype: source.dtype, source, index })

/** Reads `source` itself: the accessor of a tensor that is in memory. */
export const accessor = (source: Source): Accessor => ({
  shape: source.shape,
  dtype: source.dtype,
  at: (index) => load(source, index)
})

/** An instruction whose result has `dtype`. */
export const call = (op: Instruction, dtype: DType, ...args: ReadonlyArray<Scalar>): Call => ({
  tag: "call",
  op,
  dtype,
  args
})

const sameDType =
  (op: Instruction) =>
  (x: Scalar, y: Scalar): Scalar =>
    call(op, x.dtype, x, y)
const unary =
  (op: Instruction) =>
  (x: Scalar): Scalar =>
    call(op, x.dtype, x)
const predicate =
  (op: Instruction) =>
  (x: Scalar, y: Scalar): Scalar =>
    call(op, "bool", x, y)

export const add = sameDType("add")
export const sub = sameDType("sub")
export const mul = sameDType("mul")
export const div = sameDType("div")
export const quotient = sameDType("quotient")
export const remainder = sameDType("remainder")
export const min = sameDType("min")
export const max = sameDType("max")
export const pow = sameDType("pow")
export const atan2 = sameDType("atan2")
export const and = sameDType("and")
export const or = sameDType("or")
export const xor = sameDType("xor")
export const shiftLeft = sameDType("shiftLeft")
export const shiftRight = sameDType("shiftRight")
export const neg = unary("neg")
export const abs = unary("abs")
export const floor = unary("floor")
export const ceil = unary("ceil")
export const trunc = unary("trunc")
export const round = unary("round")
export const sqrt = unary("sqrt")
export const exp = unary("exp")
export const expm1 = unary("expm1")
export const log = unary("log")
export const log1p = unary("log1p")
export const sin = unary("sin")
export const cos = unary("cos")
export const tanh = unary("tanh")
export const not = unary("not")
export const equal = predicate("equal")
export const less = predicate("less")
export const lessEqual = predicate("lessEqual")

/** `x` where `condition` holds, `y` elsewhere; both sides may be computed, only the chosen one counts. */
export const select = (condition: Scalar, x: Scalar, y: Scalar): Scalar => call("select", x.dtype, condition, x, y)

/** The value of `x` as `dtype`: floats truncate toward zero, "not zero" is true. */
export const cast = (x: Scalar, dtype: DType): Scalar => (x.dtype === dtype ? x : call("cast", dtype, x))

/** The bits of `x` read as `dtype`, which has the same width. */
export const bitcast = (x: Scalar, dtype: DType): Scalar => (x.dtype === dtype ? x : call("bitcast", dtype, x))

/** `x · y + z`, rounded once where the device can: for the inside of approximations, where either will do. */
export const multiplyAdd = (x: Scalar, y: Scalar, z: Scalar): Scalar => call("multiplyAdd", z.dtype, x, y, z)

/** A literal of the dtype of `x`. */
export const like = (x: Scalar, value: number): Scalar => constant(value, x.dtype)

/** The value of the polynomial with `coefficients`, highest power first, at `x`, by Horner's rule. */
export const polynomial = (x: Scalar, coefficients: ReadonlyArray<number>): Scalar =>
  coefficients.slice(1).reduce((sum, c) => multiplyAdd(sum, x, like(x, c)), like(x, coefficients[0]))

/** `combine` of `body` over all indices within `extents`. */
export const reduce = (combine: Combine, extents: ReadonlyArray<number>, body: (index: Index) => Scalar): Scalar => {
  if (extents.length === 0) return body([])
  const variables = extents.map(variable)
  const inner = body(variables)
  return { tag: "reduce", combine, dtype: inner.dtype, variables, body: inner }
}

/** What a reduction over nothing gives: 0 for `add`, the lowest value for `max`, the highest for `min`. */
export const identity = (combine: Combine, dtype: DType): number =>
  combine === "add" ? 0 : combine === "max" ? DTypes.lowest(dtype) : DTypes.highest(dtype)

const none: ReadonlyArray<never> = []

/** The parts a scalar is directly made of. */
export const children = (scalar: Scalar): ReadonlyArray<Scalar> => {
  switch (scalar.tag) {
    case "constant":
    case "variable":
      return none
    case "load":
      return scalar.index
    case "call":
      return scalar.args
    case "reduce":
      return [scalar.body]
  }
}
