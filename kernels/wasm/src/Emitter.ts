/**
 * Emits code for scalar expressions into a function: one local per value, each computed once, as far out in the loops
 * as it can be. Along one axis values may be vectors; several vectors side by side (`unroll`) hide latencies and let
 * the engine join pairs.
 */
import type { Buffer } from "@cotangent/compiler/LoopProgram"
import type { DType } from "@cotangent/tensor/DType"
import type { Call, Load, Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Bound, FunctionBuilder, FunctionReference, Local } from "./FunctionBuilder.ts"
import type { Address, Workspace } from "./Prepare.ts"
import { positionOf, strideIn } from "./Prepare.ts"
import * as Reductions from "./Reductions.ts"
import type { Vectors } from "./Regions.ts"
import * as Regions from "./Regions.ts"
import { storeAlternating } from "./interleaving.ts"
import * as Memory from "./memoryInstructions.ts"
import type { HostFunction } from "./scalarInstructions.ts"
import { registerOf, scalarInstructions } from "./scalarInstructions.ts"
import { laneShapeOf, shiftName, vectorInstructions } from "./vectorInstructions.ts"
import { choiceOf } from "./vectorSelect.ts"

/** What all functions of a module share. */
export interface Machine {
  readonly host: Readonly<Record<HostFunction, FunctionReference>>
  readonly halves: Memory.Halves
  readonly isRelaxed: boolean
  /** Whether the engine is to join pairs of vectors. */
  readonly isWide: boolean
}

/** The axis along which values are vectors. */
export interface Lanes {
  readonly axis: Variable
  readonly lanes: 2 | 4
  readonly unroll: number
}

/** Emits values of expressions. Scalars given to it are canonical for its workspace. */
export interface Emitter {
  readonly code: FunctionBuilder
  readonly machine: Machine
  readonly workspace: Workspace
  /** The address of memory that this thread may use for what it needs at the moment; absent where there is none. */
  readonly scratch: (() => Local<"index">) | undefined
  readonly reductions: Reductions.Reductions
  readonly scalar: (scalar: Scalar) => Local
  /** A counter, an address or another i32 as an index. */
  readonly index: (scalar: Scalar) => Local<"index">
  /** The values along the current axis of vectors. */
  readonly vector: (scalar: Scalar) => Vectors
  /**
   * Computes now what `roots` need and does not depend on `bound`: code that follows is in a loop over these.
   * `given` is a part whose value will be there.
   */
  readonly hoist: (roots: ReadonlyArray<Scalar>, bound: ReadonlySet<Variable>, given?: Scalar) => void
  /** States the value of a scalar for code of `body`. */
  readonly within: (known: Iterable<readonly [Scalar, Local | Vectors]>, body: () => void) => void
  /** Emits `body` in a loop. */
  readonly loop: (
    axis: Variable,
    range: { readonly from: Bound; readonly to: Bound; readonly step: number },
    body: () => void
  ) => void
  /** Values are vectors along an axis while `body` is emitted. */
  readonly along: (lanes: Lanes, roots: ReadonlyArray<Scalar>, body: () => void) => void
  readonly store: (dtype: DType, address: Address, value: Scalar) => void
  /** Stores vectors along the current axis; `stride` elements lie between neighbors. */
  readonly storeVectors: (dtype: DType, address: Address, value: Scalar, stride: number) => void
  /** Stores vectors of two values along the current axis in turns: the second one's elements follow the first one's. */
  readonly storeAlternating: (address: Address, values: readonly [Scalar, Scalar]) => void
}

/** An emitter for the body of one function. */
export const make = (
  code: FunctionBuilder,
  workspace: Workspace,
  machine: Machine,
  scratch?: Emitter["scratch"]
): Emitter => {
  const regions = Regions.make()
  const { find, top } = regions
  let current: Lanes | undefined
  /** How many loops the code stands in. */
  let loops = 0

  const scalar = (node: Scalar): Local => {
    const known = find((region) => region.scalars, node)
    if (known !== undefined) return known
    if (node.tag === "constant") return code.constant(registerOf(node.dtype), Memory.finite(node.dtype, node.value))
    if (node.tag === "variable") return counter(node)
    const result = node.tag === "reduce" ? reductions.scalar(node) : code.local(registerOf(node.dtype))
    if (node.tag === "load") {
      const { base, offset } = addressOf(node)
      code.get(index(base))
      Memory.load(code, node.dtype, offset, machine.halves)
      code.set(result)
    } else if (node.tag === "call") {
      const args = argumentsOf(node, scalar)
      const isFused = node.op === "multiplyAdd" && machine.isRelaxed
      if (isFused) Memory.multiplyAdd(code, node.dtype, args)
      else scalarInstructions[node.op]({ code, dtype: node.dtype, from: node.args[0].dtype, args, host: machine.host })
      code.set(result)
    }
    const round = rounding(node)
    if (round !== undefined) code.get(result).call(round).set(result)
    top().scalars.set(node, result)
    return result
  }

  const { counter, index } = Regions.indicesOf(code, workspace, regions, scalar)

  // Loads of kernels refer to buffers.
  const addressOf = (load: Load): Address => workspace.address(load.source as Buffer, positionOf(load))

  const vector = (node: Scalar): Vectors => {
    const known = find((region) => region.vectors, node)
    if (known !== undefined) return known
    const { axis, lanes, unroll } = current!
    const isVarying = workspace.free(node).has(axis)
    const result = isVarying ? varying(node, current!) : repeated(splat(node, lanes), unroll)
    const round = isVarying ? rounding(node) : undefined
    if (round !== undefined) result.forEach((part) => Memory.eachLane(code, part, round))
    top().vectors.set(node, result)
    return result
  }

  const splat = (node: Scalar, lanes: 2 | 4): Local<"v128"> => {
    const shape = laneShapeOf(node.dtype, lanes)
    if (node.tag === "constant") return code.constant(shape, node.dtype === "bool" ? -node.value : node.value)
    const result = code.local("v128")
    if (node.dtype === "bool") code.i32(0).get(scalar(node)).op("i32.sub").op("i32x4.splat")
    else {
      code.get(scalar(node))
      Memory.splat(code, shape)
    }
    code.set(result)
    return result
  }

  const varying = (node: Scalar, { axis, lanes, unroll }: Lanes): Vectors => {
    if (node.tag === "variable") return Memory.counting(code, scalar(axis) as Local<"i32">, unroll)
    if (node.tag === "load") {
      const { base, offset } = addressOf(node)
      const stride = strideIn(positionOf(node), axis, workspace)!
      return Memory.loadVectors(
        code,
        { dtype: node.dtype, address: index(base), offset, stride, lanes, unroll },
        machine.halves
      )
    }
    if (node.tag === "reduce") return reductions.vectors(node, lanes, unroll)
    // What remains is a call.
    return call(node as Call, { axis, lanes, unroll })
  }

  const call = (node: Call, { lanes, unroll }: Lanes): Vectors => {
    const from = node.args[0].dtype
    if (node.op === "multiplyAdd" && machine.isRelaxed) {
      const [x, y, z] = argumentsOf(node, vector)
      const name = `${laneShapeOf(node.dtype, lanes) as "f32x4" | "f64x2"}.relaxed_madd` as const
      return each(unroll, (u) => code.get(x[u]).get(y[u]).get(z[u]).op(name))
    }
    if (node.op === "shiftLeft" || node.op === "shiftRight") {
      const [x, amount] = [vector(node.args[0]), scalar(node.args[1])]
      return each(unroll, (u) =>
        code
          .get(x[u])
          .get(amount)
          .op(shiftName(node.op === "shiftLeft", from))
      )
    }
    if (node.op === "select") {
      const { name, operands } = choiceOf(node, lanes, machine.isRelaxed)
      const values = operands.map(vector)
      return each(unroll, (u) => {
        for (const value of values) code.get(value[u])
        code.op(name)
      })
    }
    const args = argumentsOf(node, vector)
    return each(unroll, (u) =>
      vectorInstructions[node.op]!({
        code,
        dtype: node.dtype,
        from,
        lanes,
        args: args.map((arg) => arg[u]),
        host: machine.host
      })
    )
  }

  const each = (unroll: number, emit: (u: number) => void): Vectors =>
    Array.from({ length: unroll }, (_, u) => {
      emit(u)
      const result = code.local("v128")
      code.set(result)
      return result
    })

  /** Halves are computed in f32, and rounded after each instruction: a tensor has one value wherever it is computed. */
  const rounding = (node: Scalar): FunctionReference | undefined =>
    (node.tag === "call" && !choosing.has(node.op)) || (node.tag === "reduce" && node.combine === "add")
      ? machine.halves.rounding(node.dtype)
      : undefined

  const self: Omit<Emitter, "reductions"> = {
    code,
    machine,
    workspace,
    scratch,
    scalar,
    index,
    vector,
    hoist: (roots, bound, given) => {
      const seen = new Set<Scalar>()
      const visit = (node: Scalar, fixed: ReadonlySet<Variable>, isAddress: boolean): void => {
        if (node === given || seen.has(node) || node.tag === "constant" || node.tag === "variable") return
        seen.add(node)
        if (!depends(node, fixed)) {
          const isScalar = isAddress || current === undefined || !workspace.free(node).has(current.axis)
          if (workspace.isIndex(node)) index(node)
          else if (isScalar) scalar(node)
          else vector(node)
        } else if (node.tag === "load") visit(addressOf(node).base, fixed, true)
        else if (node.tag === "reduce") visit(node.body, new Set([...fixed, ...node.variables]), false)
        else children(node).forEach((child) => visit(child, fixed, isAddress))
      }
      const depends = (node: Scalar, fixed: ReadonlySet<Variable>): boolean => {
        for (const variable of workspace.free(node)) if (fixed.has(variable)) return true
        return false
      }
      roots.forEach((root) => visit(root, bound, false))
    },
    within: (known, body) => {
      const region = regions.enter()
      for (const [node, value] of known) Regions.know(code, region, node, value)
      const given = new Set(region.vectors.values())
      body()
      leave(given)
    },
    loop: (axis, { from, step, to }, body) => {
      const counter = code.local("index")
      const isConstant = typeof from === "number" && typeof to === "number"
      if (isConstant && from >= to) return
      if (isConstant && to - from <= step) {
        code.whole(from).set(counter)
        return self.within([[axis, counter]], body)
      }
      loops++
      code.forLoop({ local: counter, from, to, step }, () => self.within([[axis, counter]], body))
      loops--
    },
    along: (lanes, roots, body) => {
      const outside = current
      current = lanes
      regions.enter()
      splats(roots, lanes)
      body()
      leave(new Set())
      current = outside
    },
    store: (dtype, { base, offset }, value) => {
      code.get(index(base)).get(scalar(value))
      Memory.store(code, dtype, offset, machine.halves)
    },
    storeVectors: (dtype, { base, offset }, value, stride) => {
      const { lanes } = current!
      const target = { dtype, address: index(base), offset, stride, lanes }
      Memory.storeVectors(code, target, vector(value), machine.halves)
    },
    storeAlternating: ({ base, offset }, [first, second]) =>
      storeAlternating(code, index(base), offset, [vector(first), vector(second)])
  }

  const reductions = Reductions.make(self)

  /**
   * Leaves a region. In a loop, the vectors computed there are set to a constant: V8 carries every local that a loop
   * sets into the next round, and counts that as a use of one vector without its neighbor, so that joining pairs does
   * not seem to pay.
   */
  const leave = (given: ReadonlySet<Vectors>): void => {
    const { vectors } = regions.leave()
    if (!machine.isWide || loops === 0) return
    const nothing = code.constant("i32x4", 0)
    for (const [node, computed] of vectors) {
      if (node.tag !== "constant" && !given.has(computed)) new Set(computed).forEach((v) => code.get(nothing).set(v))
    }
  }

  /** Fills vectors with the values that do not change along the axis, before its loop starts. */
  const splats = (roots: ReadonlyArray<Scalar>, { axis }: Lanes): void => {
    const seen = new Set<Scalar>()
    const visit = (node: Scalar): void => {
      if (seen.has(node)) return
      seen.add(node)
      if (!workspace.free(node).has(axis)) {
        // Inside a reduction a value may depend on variables that do not run yet.
        if (isComputed(node)) vector(node)
      } else if (node.tag === "reduce") visit(node.body)
      else if (node.tag === "call") node.args.forEach(visit)
    }
    roots.forEach(visit)
  }
  const isComputed = (node: Scalar): boolean =>
    node.tag === "constant" ||
    find((region) => region.scalars, node) !== undefined ||
    find((region) => region.indices, node) !== undefined

  return { ...self, reductions }
}

/** Instructions that give one of their operands, or its negative: there is nothing to round. */
const choosing: ReadonlySet<string> = new Set(["select", "min", "max", "neg", "abs"])

/** The arguments of a call. A sum comes before the product that is added to it, which else would wait in registers. */
const argumentsOf = <A>({ args, op }: Call, value: (scalar: Scalar) => A): ReadonlyArray<A> => {
  if (op !== "multiplyAdd") return args.map(value)
  const sum = value(args[2])
  return [value(args[0]), value(args[1]), sum]
}

const repeated = (vector: Local<"v128">, unroll: number): Vectors => Array.from({ length: unroll }, () => vector)
