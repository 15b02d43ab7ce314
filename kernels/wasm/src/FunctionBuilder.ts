/**
 * Builds the body of one WebAssembly function: locals, structured control and instructions, in stack order.
 *
 * Every emitting method returns the builder, so that code reads as the text format does:
 * `code.get(x).get(y).op("f32.add").set(z)`.
 */
import type { IndexType, ValueType, Writer } from "./Encoder.ts"
import * as Encoder from "./Encoder.ts"
import type { Opcode, OpcodeOf } from "./Opcode.ts"
import * as Opcodes from "./Opcode.ts"

/** A local variable or parameter of the function whose builder made it. */
export interface Local<T extends ValueType = ValueType> {
  readonly type: T
  readonly index: number
}

/** A mutable global of a module. */
export interface Global<T extends ValueType = ValueType> {
  readonly type: T
  readonly globalIndex: number
}

/** A function that can be called from the same module. */
export interface FunctionReference {
  readonly index: number
}

/** Where a branch goes: behind a block, or to the start of a loop. */
export interface Label {
  readonly depth: number
}

/** How the lanes of a vector are read. */
export type LaneShape = "i8x16" | "i16x8" | "i32x4" | "i64x2" | "f32x4" | "f64x2"

/** A loop bound: a constant, or a local that the body leaves alone. */
export type Bound = number | Local<"index">

/** The range of a `forLoop`: `local` runs from `from` (its present value if absent) below `to`, compared unsigned. */
export interface Range {
  readonly local: Local<"index">
  readonly from?: Bound
  readonly to: Bound
  /** At least 1. */
  readonly step: number
  /** States that the first round always takes place, which saves a test. Found out alone for constant bounds. */
  readonly isNonEmpty?: boolean
}

/** Types of the locals that stand for parameters. */
export type LocalsOf<P extends ReadonlyArray<ValueType>> = { readonly [K in keyof P]: Local<P[K]> }

/** A function under construction. */
export interface FunctionBuilder<
  P extends ReadonlyArray<ValueType> = ReadonlyArray<ValueType>
> extends FunctionReference {
  readonly name: string
  readonly parameters: LocalsOf<P>
  /** What indices of the module are, and how many bytes they have in memory. */
  readonly indexType: IndexType
  readonly indexBytes: 4 | 8

  /** A fresh local; zero when the function starts. */
  readonly local: <T extends ValueType>(type: T) => Local<T>
  /** A local that was released before, else a fresh one. Its value is unspecified. */
  readonly borrow: <T extends ValueType>(type: T) => Local<T>
  /** Gives locals back to `borrow`. */
  readonly release: (...locals: ReadonlyArray<Local>) => void
  /**
   * A local that is set to a constant when the function starts; equal constants share one. Inside a loop this is up
   * to five times faster than a literal, which V8 builds anew at each use.
   */
  readonly constant: {
    (shape: LaneShape, value: number): Local<"v128">
    <T extends "i32" | "f32" | "f64" | "index">(type: T, value: number): Local<T>
  }

  readonly get: (variable: Local | Global) => FunctionBuilder<P>
  readonly set: (variable: Local | Global) => FunctionBuilder<P>
  /** Sets and leaves the value on the stack. */
  readonly tee: (local: Local) => FunctionBuilder<P>
  readonly i32: (value: number) => FunctionBuilder<P>
  /** An index: a whole number below 2^53, positive or negative. */
  readonly whole: (value: number) => FunctionBuilder<P>
  /** Makes the index on the stack an i32, as which it must do, or a condition: whether it is not zero. */
  readonly toI32: () => FunctionBuilder<P>
  readonly isSet: () => FunctionBuilder<P>
  /** Makes the i32 on the stack an index. */
  readonly toIndex: () => FunctionBuilder<P>
  readonly i64: (value: bigint) => FunctionBuilder<P>
  readonly f32: (value: number) => FunctionBuilder<P>
  readonly f64: (value: number) => FunctionBuilder<P>
  /** A vector literal with all lanes equal. */
  readonly splat: (shape: LaneShape, value: number) => FunctionBuilder<P>
  /** A vector literal of 16 bytes. */
  readonly v128: (bytes: ArrayLike<number>) => FunctionBuilder<P>
  /** Picks lanes out of two vectors; as many indices as the result has lanes, the second operand's count on. */
  readonly shuffle: (lanes: ReadonlyArray<number>) => FunctionBuilder<P>
  /** Any instruction of the table; an omitted offset is 0. */
  readonly op: {
    (name: OpcodeOf<"none">): FunctionBuilder<P>
    (name: OpcodeOf<"memory">, offset?: number): FunctionBuilder<P>
    (name: OpcodeOf<"lane">, lane: number): FunctionBuilder<P>
    (name: OpcodeOf<"memoryLane">, lane: number, offset?: number): FunctionBuilder<P>
  }
  readonly select: () => FunctionBuilder<P>
  readonly drop: () => FunctionBuilder<P>
  /** Copies bytes; takes destination, source and length, all indices. */
  readonly memoryCopy: () => FunctionBuilder<P>
  /** Fills bytes; takes destination, value, which is an i32, and length. */
  readonly memoryFill: () => FunctionBuilder<P>
  readonly atomicFence: () => FunctionBuilder<P>
  readonly call: (target: FunctionReference) => FunctionBuilder<P>
  readonly return: () => FunctionBuilder<P>
  readonly unreachable: () => FunctionBuilder<P>

  /** `body` in a block; branching to its label leaves it. */
  readonly block: (body: (exit: Label) => void, result?: ValueType) => FunctionBuilder<P>
  /** `body` in a loop; branching to its label starts it again. */
  readonly loop: (body: (again: Label) => void, result?: ValueType) => FunctionBuilder<P>
  /** Runs one of two bodies by the i32 on the stack. */
  readonly if: (then: () => void, otherwise?: () => void, result?: ValueType) => FunctionBuilder<P>
  readonly br: (label: Label) => FunctionBuilder<P>
  readonly brIf: (label: Label) => FunctionBuilder<P>
  /** A counted loop. */
  readonly forLoop: (range: Range, body: () => void) => FunctionBuilder<P>
  /** Adds a constant to a local. */
  readonly advance: (local: Local<"index">, amount: number) => FunctionBuilder<P>

  /** The size of the body so far, in bytes. */
  readonly size: () => number
  /** The function's entry in the code section. */
  readonly encode: () => Uint8Array<ArrayBuffer>
}

/** What a function is before it has a body. */
export interface Signature<P extends ReadonlyArray<ValueType>> {
  readonly name: string
  readonly index: number
  readonly parameters: P
  readonly indexType: IndexType
}

const emptyBlock = 0x40

/** A builder with an empty body. `Module.ts` calls it; the index must be that of the module. */
export const make = <const P extends ReadonlyArray<ValueType>>(signature: Signature<P>): FunctionBuilder<P> => {
  const { indexType } = signature
  const body = Encoder.make(512)
  const instructions = Opcodes.instructionsWith[indexType]
  const { locals, types } = localTable(signature.parameters)
  const constants = constantTable(locals.local, indexType)
  let depth = 0

  const nested = (opcode: number, result: ValueType | undefined, inside: (label: Label) => void) => {
    body.byte(opcode).byte(result === undefined ? emptyBlock : Encoder.typeCode(result, indexType))
    depth += 1
    inside({ depth })
    depth -= 1
    body.byte(0x0b)
    return self
  }
  const emit = (...bytes: ReadonlyArray<number>) => {
    body.bytes(bytes)
    return self
  }
  const indexed = (opcode: number, index: number) => {
    body.byte(opcode).unsigned(index)
    return self
  }
  const self: FunctionBuilder<P> = {
    name: signature.name,
    index: signature.index,
    indexType,
    indexBytes: indexType === "i32" ? 4 : 8,
    // `localTable` makes one local per parameter, in order.
    parameters: locals.parameters as unknown as LocalsOf<P>,
    local: locals.local,
    borrow: locals.borrow,
    release: locals.release,
    constant: constants.constant,
    get: (variable) =>
      "globalIndex" in variable ? indexed(0x23, variable.globalIndex) : indexed(0x20, variable.index),
    set: (variable) =>
      "globalIndex" in variable ? indexed(0x24, variable.globalIndex) : indexed(0x21, variable.index),
    tee: (local) => indexed(0x22, local.index),
    i32: (value) => literal(self, body, "i32", value),
    i64: (value) => {
      body.byte(0x42).signed64(value)
      return self
    },
    whole: (value) => literal(self, body, indexType, value),
    toI32: () => (indexType === "i32" ? self : self.op("i32.wrap_i64")),
    isSet: () => (indexType === "i32" ? self : self.i64(0n).op("i64.ne")),
    toIndex: () => (indexType === "i32" ? self : self.op("i64.extend_i32_s")),
    f32: (value) => literal(self, body, "f32", value),
    f64: (value) => literal(self, body, "f64", value),
    splat: (shape, value) => literal(self, body, shape, value),
    v128: (bytes) => {
      body.byte(0xfd).byte(12).bytes(bytes)
      return self
    },
    shuffle: (lanes) => {
      body.byte(0xfd).byte(13).bytes(byteLanes(lanes))
      return self
    },
    op: (name: Opcode, first: number = 0, second: number = 0) => {
      instruction(body, instructions.get(name)!, first, second)
      return self
    },
    select: () => emit(0x1b),
    drop: () => emit(0x1a),
    memoryCopy: () => emit(0xfc, 10, 0, 0),
    memoryFill: () => emit(0xfc, 11, 0),
    atomicFence: () => emit(0xfe, 3, 0),
    call: (target) => indexed(0x10, target.index),
    return: () => emit(0x0f),
    unreachable: () => emit(0x00),
    block: (inside, result) => nested(0x02, result, inside),
    loop: (inside, result) => nested(0x03, result, inside),
    if: (then, otherwise, result) =>
      nested(0x04, result, () => {
        then()
        if (otherwise === undefined) return
        body.byte(0x05)
        otherwise()
      }),
    br: (label) => indexed(0x0c, depth - label.depth),
    brIf: (label) => indexed(0x0d, depth - label.depth),
    forLoop: (range, inside) => forLoop(self, range, inside),
    advance: (local, amount) => (amount === 0 ? self : self.get(local).whole(amount).op("index.add").set(local)),
    size: () => body.size(),
    encode: () => encode(types(), indexType, constants.prologue.view(), body.view())
  }
  return self
}

/** Locals with reuse. `types` lists those that are not parameters. */
const localTable = (parameters: ReadonlyArray<ValueType>) => {
  const added: Array<ValueType> = []
  const free: Array<Local> = []
  const local = <T extends ValueType>(type: T): Local<T> => ({ type, index: parameters.length + added.push(type) - 1 })
  const borrow = <T extends ValueType>(type: T): Local<T> => {
    const found = free.findIndex((candidate) => candidate.type === type)
    const [taken] = found < 0 ? [] : free.splice(found, 1)
    // `findIndex` saw that it has this type.
    return taken === undefined ? local(type) : (taken as Local<T>)
  }
  return {
    locals: {
      parameters: parameters.map((type, index): Local => ({ type, index })),
      local,
      borrow,
      release: (...locals: ReadonlyArray<Local>) => void free.push(...locals)
    },
    types: (): ReadonlyArray<ValueType> => added
  }
}

type LiteralType = LaneShape | IndexType | "f32" | "f64"

const isLaneShape = (type: LiteralType | "index"): type is LaneShape => type.includes("x")

/** Constants that are set before the body starts. */
const constantTable = (fresh: <T extends ValueType>(type: T) => Local<T>, indexType: IndexType) => {
  const prologue = Encoder.make()
  const known = new Map<string, Local>()
  const constant = (given: LiteralType | "index", value: number): Local => {
    const type = given === "index" ? indexType : given
    const key = `${type} ${Object.is(value, -0) ? "-0" : value}`
    const earlier = known.get(key)
    if (earlier !== undefined) return earlier
    const made = fresh(isLaneShape(type) ? "v128" : type)
    known.set(key, made)
    literal(undefined, prologue, type, value)
    prologue.byte(0x21).unsigned(made.index)
    return made
  }
  // The local has the type that was asked for, vectors of every shape being "v128".
  return { prologue, constant: constant as FunctionBuilder["constant"] }
}

/** Appends a literal and returns `next`. */
const literal = <A>(next: A, writer: Writer, type: LiteralType, value: number): A => {
  if (type === "i32") writer.byte(0x41).signed(value)
  else if (type === "i64") writer.byte(0x42).signed64(BigInt(value))
  else if (type === "f32") writer.byte(0x43).float(value, type)
  else if (type === "f64") writer.byte(0x44).float(value, type)
  else writer.byte(0xfd).byte(12).bytes(splatBytes(type, value))
  return next
}

const laneArrays = {
  i8x16: Int8Array,
  i16x8: Int16Array,
  i32x4: Int32Array,
  f32x4: Float32Array,
  f64x2: Float64Array
} as const

const splatBytes = (shape: LaneShape, value: number): Uint8Array => {
  const bytes = new ArrayBuffer(16)
  if (shape === "i64x2") new BigInt64Array(bytes).fill(BigInt(value))
  else new laneArrays[shape](bytes).fill(value)
  return new Uint8Array(bytes)
}

/** The 16 byte indices of a shuffle of wider lanes. */
const byteLanes = (lanes: ReadonlyArray<number>): ReadonlyArray<number> => {
  const width = 16 / lanes.length
  return lanes.flatMap((lane) => Array.from({ length: width }, (_, byte) => lane * width + byte))
}

const instruction = (body: Writer, found: Opcodes.Instruction, first: number, second: number): void => {
  if (found.prefix !== 0) body.byte(found.prefix).unsigned(found.code)
  else body.byte(found.code)
  if (found.immediate === "lane") body.byte(first)
  if (found.immediate === "memory") body.byte(found.alignment).unsigned(first)
  if (found.immediate === "memoryLane") body.byte(found.alignment).unsigned(second).byte(first)
}

/** Pushes a bound. */
export const pushBound = (code: FunctionBuilder, bound: Bound): FunctionBuilder =>
  typeof bound === "number" ? code.whole(bound) : code.get(bound)

const forLoop = <B extends FunctionBuilder>(code: B, range: Range, body: () => void): B => {
  const { local, from, to, step } = range
  const isConstant = typeof from === "number" && typeof to === "number"
  if (from !== undefined) pushBound(code, from).set(local)
  if (isConstant && from >= to) return code
  code.block((exit) => {
    if (!isConstant && range.isNonEmpty !== true) pushBound(code.get(local), to).op("index.ge_u").brIf(exit)
    code.loop((again) => {
      body()
      pushBound(code.get(local).whole(step).op("index.add").tee(local), to).op("index.lt_u").brIf(again)
    })
  })
  return code
}

/** The size, the local declarations in runs of equal type, the code. */
const encode = (
  types: ReadonlyArray<ValueType>,
  indexType: IndexType,
  ...parts: ReadonlyArray<Uint8Array>
): Uint8Array<ArrayBuffer> => {
  const declarations = Encoder.make()
  const codes = types.map((type) => Encoder.typeCode(type, indexType))
  let runs = 0
  for (let start = 0, end = 0; start < codes.length; start = end, runs += 1) {
    while (end < codes.length && codes[end] === codes[start]) end += 1
    declarations.unsigned(end - start).byte(codes[start])
  }
  const content = Encoder.make(1024).unsigned(runs).bytes(declarations.view())
  for (const part of parts) content.bytes(part)
  content.byte(0x0b)
  return Encoder.make(1024).unsigned(content.size()).bytes(content.view()).view()
}
