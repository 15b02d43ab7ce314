/**
 * Partial results of a reduction in vectors: what the rounds of a loop carry along.
 *
 * Sums are vectors that terms are added to. The greatest of floats is found by `pmax`, one instruction instead of
 * eight; what that does not respect is kept beside: whether a term was not a number, and the signs of zeros.
 */
import { isFloat } from "@cotangent/tensor/DType"
import type { Reduce } from "@cotangent/tensor/Scalar"
import { identity } from "@cotangent/tensor/Scalar"
import type { FunctionBuilder, Local } from "./FunctionBuilder.ts"
import * as Memory from "./memoryInstructions.ts"
import type { Machine } from "./Emitter.ts"
import { laneShapeOf, vectorInstructions } from "./vectorInstructions.ts"

type Vectors = ReadonlyArray<Local<"v128">>

/** What the reduction is and where its code goes. */
export interface Setting {
  readonly code: FunctionBuilder
  readonly machine: Machine
  readonly node: Reduce
  readonly lanes: 2 | 4
}

/** Parts of a reduction side by side; each list of `state` has a vector for each part. */
export interface Accumulator {
  readonly state: ReadonlyArray<Vectors>
}

const isFloatExtremum = ({ combine, dtype }: Reduce): boolean => combine !== "add" && isFloat(dtype)

/** Parts that have seen nothing; their number is a power of two. */
export const start = (setting: Setting, parts: number): Accumulator => {
  const { code, node, lanes } = setting
  const value = identity(node.combine, node.dtype)
  const shape = laneShapeOf(node.dtype, lanes)
  const nothing = code.constant(shape, node.dtype === "bool" ? -value : Memory.finite(node.dtype, value))
  const fill = (constant: Local<"v128">): Vectors =>
    Array.from({ length: parts }, () => {
      const part = code.local("v128")
      code.get(constant).set(part)
      return part
    })
  if (!isFloatExtremum(node)) return { state: [fill(nothing)] }
  const signs = code.constant("i32x4", node.combine === "max" ? -1 : 0)
  return { state: [fill(nothing), fill(code.constant("i32x4", 0)), fill(signs)] }
}

/** Takes one more vector into each part. */
export const take = (setting: Setting, { state }: Accumulator, values: Vectors): void => {
  const { code } = setting
  const [parts, unordered, signs] = state
  values.forEach((value, u) => {
    combine(setting, [parts[u], value], parts[u])
    if (unordered === undefined) return
    code
      .get(unordered[u])
      .get(value)
      .get(value)
      .op(`${floatShape(setting)}.ne`)
      .op("v128.or")
      .set(unordered[u])
    code.get(signs[u]).get(value).op(signOf(setting)).set(signs[u])
  })
}

/** Takes one more product into each part of a sum, with one rounding. */
export const takeProduct = (setting: Setting, { state: [parts] }: Accumulator, x: Vectors, y: Vectors): void =>
  parts.forEach((part, u) =>
    setting.code
      .get(x[u])
      .get(y[u])
      .get(part)
      .op(`${floatShape(setting)}.relaxed_madd`)
      .set(part)
  )

/** The same in fewer parts, at most `most`: the second half joins the first, again and again. */
export const join = (setting: Setting, { state }: Accumulator, most: number): Accumulator => {
  const [parts, unordered, signs] = state
  if (parts.length <= most) return { state }
  const half = parts.length / 2
  for (let u = 0; u < half; u++) {
    combine(setting, [parts[u], parts[u + half]], parts[u])
    if (unordered === undefined) continue
    setting.code
      .get(unordered[u])
      .get(unordered[u + half])
      .op("v128.or")
      .set(unordered[u])
    setting.code
      .get(signs[u])
      .get(signs[u + half])
      .op(signOf(setting))
      .set(signs[u])
  }
  return join(setting, { state: state.map((vectors) => vectors.slice(0, half)) }, most)
}

/** The results, one for each part. */
export const results = (setting: Setting, { state }: Accumulator): Vectors => {
  const { code, machine, lanes } = setting
  const [parts, unordered, signs] = state
  if (unordered === undefined) return parts
  const shape = floatShape(setting)
  const blend = lanes === 2 ? "i64x2.relaxed_laneselect" : "i32x4.relaxed_laneselect"
  return parts.map((part, u) => {
    const result = code.local("v128")
    code.get(signs[u]).get(code.constant(shape, -0)).op("v128.and")
    code.get(part).get(part).get(code.constant(shape, 0)).op(`${shape}.eq`)
    // All ones are not a number.
    code
      .op(machine.isRelaxed ? blend : "v128.bitselect")
      .get(unordered[u])
      .op("v128.or")
      .set(result)
    return result
  })
}

/**
 * Puts two parts into memory and takes them back. V8 joins vectors in pairs from their stores on; it takes them back by
 * halves, as V8 would replace a load of the whole by what was stored.
 */
export const passThrough = ({ code }: Setting, { state }: Accumulator, scratch: Local<"index">): void => {
  const all = state.flat()
  // The last comes first: see `storeVectors`.
  for (const [i, vector] of [...all.entries()].toReversed())
    code
      .get(scratch)
      .get(vector)
      .op("v128.store", 16 * i)
  all.forEach((vector, i) =>
    code
      .get(scratch)
      .get(scratch)
      .op("v128.load64_zero", 16 * i)
      .op("v128.load64_lane", 1, 16 * i + 8)
      .set(vector)
  )
}

/** The bytes that `passThrough` takes for two parts, on lines of their own. */
export const partBytes = 128

const combine = (setting: Setting, args: Vectors, into: Local<"v128">): void => {
  const { code, machine, node, lanes } = setting
  const { dtype } = node
  if (isFloatExtremum(node)) {
    code
      .get(args[0])
      .get(args[1])
      .op(`${floatShape(setting)}.${node.combine === "max" ? "pmax" : "pmin"}`)
  } else vectorInstructions[node.combine]!({ code, dtype, from: dtype, lanes, args, host: machine.host })
  code.set(into)
}

// The greatest of zeros is negative if all are, the least if one is.
const signOf = ({ node }: Setting) => (node.combine === "max" ? "v128.and" : "v128.or")

const floatShape = ({ lanes }: Setting) => (lanes === 2 ? "f64x2" : "f32x4")
