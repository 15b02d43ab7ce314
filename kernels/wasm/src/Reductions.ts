/**
 * Emits reductions: sums and extrema over loops. A sum whose terms lie side by side runs in vectors of its own; one
 * that is needed along an axis of vectors runs in ordinary loops around them.
 *
 * **Numerics** The order of a sum depends on the shapes alone: partial sums per lane, then lane by lane, then the rest.
 */
import type { Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import { identity } from "@cotangent/tensor/Scalar"
import type { Emitter } from "./Emitter.ts"
import type { Local } from "./FunctionBuilder.ts"
import * as Memory from "./memoryInstructions.ts"
import { registerOf, scalarInstructions } from "./scalarInstructions.ts"
import { isVectorizable, preferredLanes } from "./Vectorize.ts"
import { laneShapeOf, vectorInstructions } from "./vectorInstructions.ts"

type Vectors = ReadonlyArray<Local<"v128">>

/** Reductions of one function. */
export interface Reductions {
  readonly scalar: (node: Reduce) => Local
  /** One reduction for each lane of the current axis. */
  readonly vectors: (node: Reduce, lanes: 2 | 4, unroll: number) => Vectors
}

/** The reductions of the function that `emitter` writes. */
export const make = (emitter: Emitter): Reductions => {
  const { code, machine, workspace } = emitter

  /** A sum along a reduction: vectors where the innermost variable allows, then the rest one by one. */
  const reduceScalar = (node: Reduce): Local => {
    const total = code.local(registerOf(node.dtype))
    const combine = (value: Local): void => {
      scalarInstructions[node.combine]({
        code,
        dtype: node.dtype,
        from: node.dtype,
        args: [total, value],
        host: machine.host
      })
      code.set(total)
    }
    setIdentity(node, total)
    const inner = node.variables[node.variables.length - 1]
    const lanes = preferredLanes([node.body], inner, workspace)
    const isVector =
      lanes !== undefined &&
      inner.extent >= 2 * lanes &&
      isVectorizable([node.body], inner, { lanes, workspace, dense: true })
    const whole = isVector ? inner.extent - (inner.extent % lanes) : 0
    if (isVector) {
      const unroll = Math.min(4, Math.floor(whole / lanes))
      const main = whole - (whole % (lanes * unroll))
      const parts = starts(node, lanes, unroll)
      nested([...node.variables], [node.body], (last) => {
        sweepVectors(node, last, { from: 0, to: main, parts, lanes })
        if (main < whole) sweepVectors(node, last, { from: main, to: whole, parts: parts.slice(0, 1), lanes })
      })
      const [first, ...others] = parts
      for (const other of others) {
        combineVectors(node, [first, other], lanes)
        code.set(first)
      }
      Memory.foldLanes(code, { dtype: node.dtype, lanes }, first, combine)
    }
    if (whole < inner.extent) {
      nested([...node.variables], [node.body], (last) =>
        emitter.loop(last, { from: whole, to: last.extent, step: 1 }, () => combine(emitter.scalar(node.body)))
      )
    }
    return total
  }

  const sweepVectors = (
    node: Reduce,
    axis: Variable,
    {
      from,
      lanes,
      parts,
      to
    }: { readonly from: number; readonly to: number; readonly parts: Vectors; readonly lanes: 2 | 4 }
  ): void => {
    const unroll = parts.length
    emitter.along({ axis, lanes, unroll }, [node.body], () =>
      emitter.loop(axis, { from, to, step: lanes * unroll }, () => accumulate(node, parts, lanes))
    )
  }

  const combineVectors = ({ combine, dtype }: Reduce, args: ReadonlyArray<Local<"v128">>, lanes: 2 | 4): void =>
    vectorInstructions[combine]!({ code, dtype, from: dtype, lanes, args, host: machine.host })

  /** Adds the vectors of the body to the partial sums; a product is added as such. */
  const accumulate = (node: Reduce, parts: Vectors, lanes: 2 | 4): void => {
    const { body } = node
    const isProduct =
      machine.isRelaxed &&
      node.combine === "add" &&
      body.tag === "call" &&
      body.op === "mul" &&
      (body.dtype === "f32" || body.dtype === "f64")
    const shape = laneShapeOf(node.dtype, lanes) as "f32x4" | "f64x2"
    const values = isProduct ? body.args.map(emitter.vector) : [emitter.vector(body)]
    parts.forEach((part, u) => {
      if (isProduct) code.get(values[0][u]).get(values[1][u]).get(part).op(`${shape}.relaxed_madd`)
      else combineVectors(node, [part, values[0][u]], lanes)
      code.set(part)
    })
  }

  /** Vectors of sums: the variables of the reduction run in loops. */
  const reduceVectors = (node: Reduce, lanes: 2 | 4, unroll: number): Vectors => {
    const parts = starts(node, lanes, unroll)
    nested([...node.variables], [node.body], (last) =>
      emitter.loop(last, { from: 0, to: last.extent, step: 1 }, () => accumulate(node, parts, lanes))
    )
    return parts
  }

  /** Loops over all variables but the last, with what does not change computed outside. */
  const nested = (
    variables: ReadonlyArray<Variable>,
    roots: ReadonlyArray<Scalar>,
    body: (last: Variable) => void
  ): void => {
    const [first, ...rest] = variables
    emitter.hoist(roots, new Set(variables))
    if (rest.length === 0) body(first)
    else emitter.loop(first, { from: 0, to: first.extent, step: 1 }, () => nested(rest, roots, body))
  }

  const setIdentity = (node: Reduce, total: Local): void => {
    const value = Memory.finite(node.dtype, identity(node.combine, node.dtype))
    code.get(code.constant(registerOf(node.dtype), value)).set(total)
  }

  const vectorIdentity = (node: Reduce, lanes: 2 | 4): Local<"v128"> => {
    const value = identity(node.combine, node.dtype)
    return code.constant(
      laneShapeOf(node.dtype, lanes),
      node.dtype === "bool" ? -value : Memory.finite(node.dtype, value)
    )
  }

  const starts = (node: Reduce, lanes: 2 | 4, unroll: number): Vectors =>
    Array.from({ length: unroll }, () => {
      const part = code.local("v128")
      code.get(vectorIdentity(node, lanes)).set(part)
      return part
    })

  return { scalar: reduceScalar, vectors: reduceVectors }
}
