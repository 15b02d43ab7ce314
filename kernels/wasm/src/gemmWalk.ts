/**
 * Operands of a matrix product whose rows, columns or steps of depth are several axes in memory: the windows of a
 * convolution, a transposed batch. The place of an element is the sum of two, one for each of its axes; both stand in
 * tables, which packing reads, or micro-kernels where nothing is packed.
 */
import type { Stretch } from "@cotangent/compiler/LoopProgram"
import type { FunctionBuilder, FunctionReference, Local } from "./FunctionBuilder.ts"
import type { Driver } from "./gemmDriver.ts"
import { pushAddress } from "./gemmDriver.ts"
import type { FloatType } from "./gemmVector.ts"
import { lanesOf, loadSome, sizeOf } from "./gemmVector.ts"
import type { ModuleBuilder } from "./Module.ts"

/** Writes the tables of the operands that are walked through. */
export const fillTables = ({ code, plan, scratch, size, spec }: Driver): void => {
  for (const [operand, table] of [
    [spec.a, plan.scratch.tables.a],
    [spec.b, plan.scratch.tables.b]
  ] as const) {
    if (operand.walk === undefined) continue
    const [pointer, place] = [code.borrow("index"), code.borrow("index")]
    pushAddress(code, scratch, table, [])
    code.set(pointer)
    for (const stretches of [operand.walk.free, operand.walk.depth]) {
      code.whole(0).set(place)
      fill(code, { pointer, place, size }, stretches)
    }
    code.release(pointer, place)
  }
}

interface Table {
  readonly pointer: Local<"index">
  readonly place: Local<"index">
  readonly size: number
}

const fill = (code: FunctionBuilder, table: Table, [stretch, ...inner]: ReadonlyArray<Stretch>): void => {
  const { place, pointer, size } = table
  if (stretch === undefined) {
    code.get(pointer).get(place).op("index.store").advance(pointer, code.indexBytes)
    return
  }
  const round = code.borrow("index")
  code.forLoop({ local: round, from: 0, to: stretch.extent, step: 1 }, () => {
    fill(code, table, inner)
    code.advance(place, stretch.stride * size)
  })
  code.advance(place, -stretch.extent * stretch.stride * size)
  code.release(round)
}

/** Pushes an operand, and where its tables tell of the row or column `first` and of the present step of depth. */
export const pushWalk = (driver: Driver, operand: "a" | "b", first: () => void): void => {
  const { code, plan, scratch, spec, start } = driver
  const table = plan.scratch.tables[operand]
  code.get(driver[operand])
  pushAddress(code, scratch, table, [])
  first()
  code.whole(code.indexBytes).op("index.mul").op("index.add")
  pushAddress(code, scratch, table + code.indexBytes * (operand === "a" ? spec.m : spec.n), [[code.indexBytes, start]])
}

/** Some rows or columns of an operand that is walked through. */
export interface WalkSpec {
  readonly dtype: FloatType
  /** How many there are. */
  readonly count: number
  /** Vectors at every step of depth, the last filled up with zeros; none beyond `count` elements if absent. */
  readonly vectors?: number
}

/**
 * The function `(operand, places, steps, target, depth)` that packs rows or columns: at every step of depth they lie
 * side by side.
 */
export const packWalked = (module: ModuleBuilder, spec: WalkSpec): FunctionReference =>
  module.shared(`gemm walk ${JSON.stringify(spec)}`, () => {
    const parameters = ["index", "index", "index", "index", "index"] as const
    const code: WalkBuilder = module.function({ name: "gemm_walk", parameters: [...parameters] })
    const [operand, places] = code.parameters
    const elements = Array.from({ length: spec.count }, (_, i) => {
      const element = code.local("index")
      code
        .get(places)
        .op("index.load", code.indexBytes * i)
        .get(operand)
        .op("index.add")
        .set(element)
      return element
    })
    if (spec.vectors === undefined || spec.count === 1) eachElement(code, spec, elements)
    else {
      pushIsRun(code, spec, elements)
      code.if(
        () => wholeVectors(code, spec, elements[0]),
        () => eachElement(code, spec, elements)
      )
    }
    return code
  })

type WalkBuilder = FunctionBuilder<ReadonlyArray<"index">>

/** Pushes whether elements lie side by side. */
const pushIsRun = (code: WalkBuilder, { dtype }: WalkSpec, [first, ...rest]: ReadonlyArray<Local<"index">>): void => {
  code.i32(1)
  rest.forEach((element, i) =>
    code
      .get(element)
      .get(first)
      .op("index.sub")
      .whole((i + 1) * sizeOf(dtype))
      .op("index.eq")
      .op("i32.and")
  )
}

/** Runs `body` for every step of depth with its place. */
const eachStep = (code: WalkBuilder, bytes: number, body: (place: Local<"index">) => void): void => {
  const [, , steps, target, depth] = code.parameters
  const place = code.local("index")
  code.loop((again) => {
    code.get(steps).op("index.load").set(place)
    body(place)
    code.advance(steps, code.indexBytes).advance(target, bytes)
    code.get(depth).whole(1).op("index.sub").tee(depth).isSet().brIf(again)
  })
}

const wholeVectors = (code: WalkBuilder, { count, dtype, vectors = 0 }: WalkSpec, first: Local<"index">): void => {
  const [, , , target] = code.parameters
  const lanes = lanesOf(dtype)
  const pointer = code.local("index")
  eachStep(code, vectors * 16, (place) => {
    code.get(first).get(place).op("index.add").set(pointer)
    for (let j = 0; j < vectors; j += 1) {
      const piece = { pointer, offset: j * 16, count: Math.min(lanes, count - j * lanes), dtype }
      loadSome(code.get(target), piece).op("v128.store", j * 16)
    }
  })
}

const eachElement = (code: WalkBuilder, spec: WalkSpec, elements: ReadonlyArray<Local<"index">>): void => {
  const { count, dtype, vectors } = spec
  const [, , , target] = code.parameters
  const size = sizeOf(dtype)
  const width = vectors === undefined ? count : vectors * lanesOf(dtype)
  eachStep(code, width * size, (place) => {
    elements.forEach((element, i) => {
      code.get(target).get(element).get(place).op("index.add")
      code.op(`${dtype}.load`).op(`${dtype}.store`, i * size)
    })
    for (let i = count; i < width; i += 1) {
      code.get(target)
      if (dtype === "f32") code.f32(0)
      else code.f64(0)
      code.op(`${dtype}.store`, i * size)
    }
  })
}
