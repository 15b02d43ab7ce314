/**
 * Emits reductions: sums and extrema over loops. A sum whose terms lie side by side runs in vectors of its own; one
 * that is needed along an axis of vectors runs in ordinary loops around them.
 *
 * **Numerics** The order of a sum depends on the shapes alone: partial sums per lane, whose halves are added to one
 * another, then lane by lane, then the rest.
 */
import type { Reduce, Variable } from "@cotangent/tensor/Scalar"
import { identity } from "@cotangent/tensor/Scalar"
import type { Accumulator, Setting } from "./accumulators.ts"
import * as Accumulators from "./accumulators.ts"
import type { Emitter } from "./Emitter.ts"
import type { Bound, Local } from "./FunctionBuilder.ts"
import * as Memory from "./memoryInstructions.ts"
import { registerOf, scalarInstructions } from "./scalarInstructions.ts"
import { isVectorizable, preferredLanes, work } from "./Vectorize.ts"

type Vectors = ReadonlyArray<Local<"v128">>

/** A part of the range of a loop. */
export interface Part {
  readonly from: Bound
  readonly to: Bound
}

/** Reductions of one function. */
export interface Reductions {
  /** The reduction; of a part of its first variable only, where one is given: see `stepOf`. */
  readonly scalar: (node: Reduce, part?: Part) => Local
  /** One reduction for each lane of the current axis. */
  readonly vectors: (node: Reduce, lanes: 2 | 4, unroll: number) => Vectors
  /** The extents of parts of the first variable must be multiples of this. */
  readonly stepOf: (node: Reduce) => number
  /** `total = combine(total, value)`. */
  readonly combine: (node: Reduce, total: Local, value: Local) => void
  /** A local that holds what a reduction over nothing gives. */
  readonly nothing: (node: Reduce) => Local
}

/** The reductions of the function that `emitter` writes. */
export const make = (emitter: Omit<Emitter, "reductions">): Reductions => {
  const { code, machine, workspace } = emitter

  const combine = ({ combine: op, dtype }: Reduce, total: Local, value: Local): void => {
    scalarInstructions[op]({ code, dtype, from: dtype, args: [total, value], host: machine.host })
    code.set(total)
  }

  const nothing = (node: Reduce): Local => {
    const total = code.local(registerOf(node.dtype))
    const value = Memory.finite(node.dtype, identity(node.combine, node.dtype))
    code.get(code.constant(registerOf(node.dtype), value)).set(total)
    return total
  }

  /** How the innermost variable runs in vectors; undefined where it runs one by one. */
  const vectorsOf = (node: Reduce): { readonly lanes: 2 | 4; readonly unroll: number } | undefined => {
    const inner = innermost(node)
    const lanes = preferredLanes([node.body], inner, workspace)
    if (lanes === undefined || inner.extent < 2 * lanes) return undefined
    if (!isVectorizable([node.body], inner, { lanes, workspace, dense: true })) return undefined
    const operations = work([node.body], inner, workspace)
    const most = operations > 24 ? 2 : operations > 4 || node.combine !== "add" ? 4 : 8
    return { lanes, unroll: Math.min(most, 2 ** Math.floor(Math.log2(inner.extent / lanes))) }
  }

  /** A sum along a reduction: vectors where the innermost variable allows, then the rest one by one. */
  const reduceScalar = (node: Reduce, part?: Part): Local => {
    const total = nothing(node)
    const inner = innermost(node)
    const range = part !== undefined && node.variables.length === 1 ? part : { from: 0, to: inner.extent }
    const found = vectorsOf(node)
    let done = range.from
    if (found !== undefined) {
      const { lanes, unroll } = found
      const setting: Setting = { code, machine, node, lanes }
      const [main, whole] = [lastRound(range, lanes * unroll), lastRound(range, lanes)]
      const parts = Accumulators.start(setting, unroll)
      nested(node, part, (last) => sweep(setting, last, { from: range.from, to: main }, parts))
      const pair = Accumulators.join(setting, parts, 2)
      if (machine.isWide && unroll > 1 && emitter.scratch !== undefined) {
        Accumulators.passThrough(setting, pair, emitter.scratch())
      }
      const joined = Accumulators.join(setting, pair, 1)
      if (main !== whole) nested(node, part, (last) => sweep(setting, last, { from: main, to: whole }, joined))
      const [result] = Accumulators.results(setting, joined)
      Memory.foldLanes(code, { dtype: node.dtype, lanes }, result, (value) => combine(node, total, value))
      done = whole
    }
    if (done !== range.to) {
      nested(node, part, (last) =>
        emitter.loop(last, { from: done, to: range.to, step: 1 }, () => combine(node, total, emitter.scalar(node.body)))
      )
    }
    return total
  }

  const sweep = (setting: Setting, axis: Variable, { from, to }: Part, parts: Accumulator): void => {
    const { lanes, node } = setting
    const unroll = parts.state[0].length
    emitter.along({ axis, lanes, unroll }, [node.body], () =>
      emitter.loop(axis, { from, to, step: lanes * unroll }, () => accumulate(setting, parts))
    )
  }

  /** Takes the vectors of the body into the parts; a product is added as such. */
  const accumulate = (setting: Setting, parts: Accumulator): void => {
    const { body, combine: op } = setting.node
    const isProduct =
      machine.isRelaxed &&
      op === "add" &&
      body.tag === "call" &&
      body.op === "mul" &&
      (body.dtype === "f32" || body.dtype === "f64")
    if (isProduct) {
      const [x, y] = body.args.map(emitter.vector)
      Accumulators.takeProduct(setting, parts, x, y)
    } else Accumulators.take(setting, parts, emitter.vector(body))
  }

  /** Vectors of sums: the variables of the reduction run in loops. */
  const reduceVectors = (node: Reduce, lanes: 2 | 4, unroll: number): Vectors => {
    const setting: Setting = { code, machine, node, lanes }
    const parts = Accumulators.start(setting, unroll)
    nested(node, undefined, (last) =>
      emitter.loop(last, { from: 0, to: last.extent, step: 1 }, () => accumulate(setting, parts))
    )
    return Accumulators.results(setting, parts)
  }

  /** Loops over all variables but the last, with what does not change computed outside. */
  const nested = (
    { body: value, variables: all }: Reduce,
    part: Part | undefined,
    body: (last: Variable) => void
  ): void => {
    const run = (variables: ReadonlyArray<Variable>): void => {
      const [first, ...rest] = variables
      emitter.hoist([value], new Set(variables))
      if (rest.length === 0) return body(first)
      const range = first === all[0] && part !== undefined ? part : { from: 0, to: first.extent }
      emitter.loop(first, { ...range, step: 1 }, () => run(rest))
    }
    run(all)
  }

  const stepOf = (node: Reduce): number => {
    const found = node.variables.length === 1 ? vectorsOf(node) : undefined
    return found === undefined ? 1 : found.lanes * found.unroll
  }

  return { scalar: reduceScalar, vectors: reduceVectors, stepOf, combine, nothing }
}

/** The end of the last whole round of a range; one whose bounds are no constants has whole rounds only. */
const lastRound = ({ from, to }: Part, step: number): Bound =>
  typeof from === "number" && typeof to === "number" ? to - ((to - from) % step) : to

const innermost = ({ variables }: Reduce): Variable => variables[variables.length - 1]
