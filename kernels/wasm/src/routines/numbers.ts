/**
 * Code of algorithms on matrices of `f64` in memory, written as it reads: values are functions that push them.
 */
import type { Bound, FunctionBuilder, Local } from "../FunctionBuilder.ts"
import type { OpcodeOf } from "../Opcode.ts"

/** Emits code that leaves one value on the stack. */
export type Push = () => void

/** A number of a row or column. */
export type Index = number | Local<"index">

/** A row-major matrix of `f64`, or a vector as a matrix of one row. */
export interface Matrix {
  readonly base: Local<"index">
  readonly width: number
}

type Operation = (...operands: ReadonlyArray<Push>) => Push

/** What algorithms are written with. Names of values build code; `let`, `set`, `put` and the control structures emit it. */
export interface Numbers {
  readonly number: (value: number) => Push
  readonly get: (local: Local) => Push
  readonly add: Operation
  readonly sub: Operation
  readonly mul: Operation
  readonly div: Operation
  readonly sqrt: Operation
  readonly abs: Operation
  readonly neg: Operation
  readonly less: Operation
  readonly greater: Operation
  readonly differs: Operation
  /** Compares indices. */
  readonly isBefore: (i: Index, j: Index) => Push
  readonly isSame: (i: Index, j: Index) => Push
  /** `x` where the condition holds, else `y`; both are computed. */
  readonly choose: (condition: Push, x: Push, y: Push) => Push
  /** The element at a row and a column. */
  readonly cell: (x: Matrix, row: Index, column: Index) => Push
  /** Element `at` from an address on. */
  readonly entry: (address: Local<"index">, at: Index) => Push

  /** A fresh variable with a value. */
  readonly variable: (value: Push) => Local<"f64">
  /** A fresh index with a value. */
  readonly index: (value: Push) => Local<"index">
  readonly set: (local: Local, value: Push) => void
  readonly put: (address: Local<"index">, at: Index, value: Push) => void
  /** The address of a row. */
  readonly row: (x: Matrix, row: Index) => Local<"index">
  /** `i + 1`. */
  readonly next: (i: Local<"index">) => Local<"index">
  /** `count − 1 − i`. */
  readonly mirrored: (i: Local<"index">, count: number) => Local<"index">
  readonly loop: (from: Bound, to: Bound, body: (i: Local<"index">) => void) => void
  readonly when: (condition: Push, then: () => void, otherwise?: () => void) => void
  /** Exchanges the elements at `i` and `j` of a row. */
  readonly swap: (address: Local<"index">, i: Index, j: Index) => void
  /** Exchanges two rows. */
  readonly swapRows: (x: Matrix, i: Index, j: Index) => void
}

/** The vocabulary for the body of one function. */
export const numbers = (code: FunctionBuilder): Numbers => {
  const whole = (at: Index): FunctionBuilder => (typeof at === "number" ? code.whole(at) : code.get(at))
  const operation =
    (name: OpcodeOf<"none">): Operation =>
    (...operands) =>
    () => {
      for (const push of operands) push()
      code.op(name)
    }
  const compare = (name: OpcodeOf<"none">) => (i: Index, j: Index) =>
    operation(name)(
      () => whole(i),
      () => whole(j)
    )
  const held = <T extends "index" | "f64">(type: T, value: Push): Local<T> => {
    const local = code.local(type)
    value()
    code.set(local)
    return local
  }
  /** Pushes the address of an element; the rest is its offset. */
  const locate = (address: Local<"index">, at: Index): number => {
    code.get(address)
    if (typeof at === "number") return 8 * at
    code.get(at).whole(3).op("index.shl").op("index.add")
    return 0
  }
  const entry =
    (address: Local<"index">, at: Index): Push =>
    () =>
      void code.op("f64.load", locate(address, at))
  const put = (address: Local<"index">, at: Index, value: Push): void => {
    const offset = locate(address, at)
    value()
    code.op("f64.store", offset)
  }
  const pushRow = ({ base, width }: Matrix, row: Index): FunctionBuilder =>
    whole(row)
      .whole(8 * width)
      .op("index.mul")
      .get(base)
      .op("index.add")
  const row = (x: Matrix, at: Index): Local<"index"> => held("index", () => pushRow(x, at))
  const loop = (from: Bound, to: Bound, body: (i: Local<"index">) => void): void => {
    const local = code.local("index")
    code.forLoop({ local, from, to, step: 1 }, () => body(local))
  }
  const exchange = (left: readonly [Local<"index">, Index], right: readonly [Local<"index">, Index]): void => {
    const value = held("f64", entry(...left))
    put(...left, entry(...right))
    put(...right, () => code.get(value))
  }
  return {
    number: (value) => () => code.get(code.constant("f64", value)),
    get: (local) => () => code.get(local),
    add: operation("f64.add"),
    sub: operation("f64.sub"),
    mul: operation("f64.mul"),
    div: operation("f64.div"),
    sqrt: operation("f64.sqrt"),
    abs: operation("f64.abs"),
    neg: operation("f64.neg"),
    less: operation("f64.lt"),
    greater: operation("f64.gt"),
    differs: operation("f64.ne"),
    isBefore: compare("index.lt_u"),
    isSame: compare("index.eq"),
    choose: (condition, x, y) => () => {
      x()
      y()
      condition()
      code.select()
    },
    cell: (x, at, column) => () => {
      pushRow(x, at)
      if (typeof column !== "number") code.get(column).whole(3).op("index.shl").op("index.add")
      code.op("f64.load", typeof column === "number" ? 8 * column : 0)
    },
    entry,
    variable: (value) => held("f64", value),
    index: (value) => held("index", value),
    set: (local, value) => {
      value()
      code.set(local)
    },
    put,
    row,
    next: (i) => held("index", () => code.get(i).whole(1).op("index.add")),
    mirrored: (i, count) =>
      held("index", () =>
        code
          .whole(count - 1)
          .get(i)
          .op("index.sub")
      ),
    loop,
    when: (condition, then, otherwise) => {
      condition()
      code.if(then, otherwise)
    },
    swap: (address, i, j) => exchange([address, i], [address, j]),
    swapRows: (x, i, j) => {
      const [left, right] = [row(x, i), row(x, j)]
      loop(0, x.width, (k) => exchange([left, k], [right, k]))
    }
  }
}
