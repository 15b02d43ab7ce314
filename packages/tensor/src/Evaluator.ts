/**
 * The meaning of scalar expressions: each instruction in double precision, expressions as closures.
 *
 * This is the yardstick that every backend must agree with, so it is written to be read, not to be fast: integers wrap
 * after each instruction, floats keep the precision of a double until they are stored.
 */
import * as DTypes from "./DType.ts"
import type { DType } from "./DType.ts"
import type { Instruction, Load, Reduce, Scalar, Variable } from "./Scalar.ts"
import { children, identity } from "./Scalar.ts"

/** Reads one element of what a load refers to. */
export type Fetch = (load: Load) => (index: ReadonlyArray<number>) => number

type Meaning = (dtype: DType) => (...args: ReadonlyArray<number>) => number

const scratch = new DataView(new ArrayBuffer(4))
const write = (dtype: DType, value: number): void =>
  dtype === "f32" ? scratch.setFloat32(0, value) : scratch.setUint32(0, value >>> 0)
const readBits = (dtype: DType): number =>
  dtype === "f32" ? scratch.getFloat32(0) : dtype === "i32" ? scratch.getInt32(0) : scratch.getUint32(0)

/** Nearest whole number, halves to even. */
const roundToEven = (x: number): number => {
  const below = Math.floor(x)
  const rest = x - below
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1
  return below % 2 === 0 ? below : below + 1
}

/** Floats convert to integers toward zero, saturating; NaN gives 0. Integers wrap. */
const convert = (dtype: DType, from: DType, x: number): number => {
  if (!DTypes.isInteger(dtype) || !DTypes.isFloat(from)) return DTypes.round(dtype, x)
  if (Number.isNaN(x)) return 0
  return Math.min(Math.max(Math.trunc(x), DTypes.lowest(dtype)), DTypes.highest(dtype))
}

const always =
  (f: (...args: ReadonlyArray<number>) => number): Meaning =>
  () =>
    f
const truth =
  (f: (x: number, y: number) => boolean): Meaning =>
  () =>
  (x, y) =>
    f(x, y) ? 1 : 0
/** Integers wrap to their width. */
const wrapped =
  (f: (x: number, y: number) => number): Meaning =>
  (dtype) =>
    DTypes.isInteger(dtype) ? (x, y) => DTypes.round(dtype, f(x, y)) : f

const meaning: Record<Exclude<Instruction, "cast" | "bitcast">, Meaning> = {
  add: wrapped((x, y) => x + y),
  sub: wrapped((x, y) => x - y),
  mul: (dtype) => (DTypes.isInteger(dtype) ? (x, y) => DTypes.round(dtype, Math.imul(x, y)) : (x, y) => x * y),
  div: always((x, y) => x / y),
  quotient: wrapped((x, y) => (y === 0 ? 0 : Math.trunc(x / y))),
  remainder: wrapped((x, y) => (y === 0 ? x : x % y)),
  min: always(Math.min),
  max: always(Math.max),
  neg: wrapped((x) => -x),
  abs: wrapped((x) => Math.abs(x)),
  floor: always(Math.floor),
  ceil: always(Math.ceil),
  trunc: always(Math.trunc),
  round: always(roundToEven),
  sqrt: always(Math.sqrt),
  exp: always(Math.exp),
  expm1: always(Math.expm1),
  log: always(Math.log),
  log1p: always(Math.log1p),
  sin: always(Math.sin),
  cos: always(Math.cos),
  tanh: always(Math.tanh),
  atan2: always(Math.atan2),
  pow: always(Math.pow),
  multiplyAdd: always((x, y, z) => x * y + z),
  equal: truth((x, y) => x === y),
  less: truth((x, y) => x < y),
  lessEqual: truth((x, y) => x <= y),
  select: always((condition, x, y) => (condition === 0 ? y : x)),
  and: wrapped((x, y) => x & y),
  or: wrapped((x, y) => x | y),
  xor: wrapped((x, y) => x ^ y),
  not: (dtype) => (dtype === "bool" ? (x) => 1 - x : (x) => DTypes.round(dtype, ~x)),
  shiftLeft: (dtype) => {
    const mask = 8 * DTypes.bytes(dtype) - 1
    return (x, y) => DTypes.round(dtype, x << (y & mask))
  },
  shiftRight: (dtype) => {
    const mask = 8 * DTypes.bytes(dtype) - 1
    return dtype === "i32" ? (x, y) => x >> (y & mask) : (x, y) => x >>> (y & mask)
  }
}

const combine = {
  add: (x: number, y: number) => x + y,
  max: (x: number, y: number) => Math.max(x, y),
  min: (x: number, y: number) => Math.min(x, y)
}

/** One value per node, and the steps that fill them in order. */
interface Region {
  readonly steps: Array<() => void>
}

/**
 * Compiles `scalar` to a function of the values of `variables`. Shared parts are computed once per call; parts inside
 * a reduction that do not depend on its variables are computed outside of it.
 */
export const compile = (
  scalar: Scalar,
  variables: ReadonlyArray<Variable>,
  fetch: Fetch
): ((values: ReadonlyArray<number>) => number) => {
  const places = new Map<Scalar, number>()
  const slots: Array<number> = []
  const place = (node: Scalar): number => {
    const known = places.get(node)
    if (known !== undefined) return known
    places.set(node, slots.length)
    slots.push(0)
    return slots.length - 1
  }
  variables.forEach(place)
  // Asked for inside of reductions only, which few rules have.
  let free: ReturnType<typeof freeVariables> | undefined
  const isBound = (node: Scalar, bound: ReadonlySet<Variable>): boolean => {
    free ??= freeVariables(scalar)
    return intersects(free.get(node)!, bound)
  }

  /** Adds the steps of `node` to the innermost region whose variables it depends on. */
  const emit = (node: Scalar, regions: ReadonlyArray<Region & { readonly bound: ReadonlySet<Variable> }>): number => {
    const known = places.get(node)
    if (known !== undefined) return known
    let depth = regions.length - 1
    while (depth > 0 && !isBound(node, regions[depth].bound)) depth--
    const home = regions.slice(0, depth + 1)
    const { steps } = home[depth]
    if (node.tag === "reduce") return emitReduce(node, home)
    if (node.tag === "call") {
      const args = node.args.map((arg) => emit(arg, home))
      const at = place(node)
      steps.push(step(slots, at, args, operation(node)))
      return at
    }
    if (node.tag === "load") {
      const index = node.index.map((i) => emit(i, home))
      const read = fetch(node)
      const at = place(node)
      const here = index.map(() => 0)
      steps.push(() => {
        for (let axis = 0; axis < index.length; axis++) here[axis] = slots[index[axis]]
        slots[at] = read(here)
      })
      return at
    }
    const at = place(node)
    if (node.tag === "constant") slots[at] = node.value
    return at
  }

  const emitReduce = (
    node: Reduce,
    home: ReadonlyArray<Region & { readonly bound: ReadonlySet<Variable> }>
  ): number => {
    const inner: Array<() => void> = []
    const counters = node.variables.map(place)
    const body = emit(node.body, [...home, { steps: inner, bound: new Set(node.variables) }])
    const at = place(node)
    const start = identity(node.combine, node.dtype)
    const join = combine[node.combine]
    const round = DTypes.isInteger(node.dtype) ? (x: number) => DTypes.round(node.dtype, x) : (x: number) => x
    const run = (axis: number, total: number): number => {
      if (axis === counters.length) {
        for (const next of inner) next()
        return round(join(total, slots[body]))
      }
      let sum = total
      for (let i = 0; i < node.variables[axis].extent; i++) {
        slots[counters[axis]] = i
        sum = run(axis + 1, sum)
      }
      return sum
    }
    home[home.length - 1].steps.push(() => void (slots[at] = run(0, start)))
    return at
  }

  const steps: Array<() => void> = []
  const result = emit(scalar, [{ steps, bound: new Set() }])
  return (values) => {
    for (let i = 0; i < values.length; i++) slots[i] = values[i]
    for (const next of steps) next()
    return slots[result]
  }
}

const operation = (node: Scalar & { readonly tag: "call" }): ((...args: ReadonlyArray<number>) => number) => {
  const from = node.args[0].dtype
  if (node.op === "cast") return (x) => convert(node.dtype, from, x)
  if (node.op === "bitcast") {
    return (x) => {
      write(from, x)
      return readBits(node.dtype)
    }
  }
  return meaning[node.op](node.dtype)
}

const step = (
  slots: Array<number>,
  at: number,
  args: ReadonlyArray<number>,
  f: (...args: ReadonlyArray<number>) => number
): (() => void) => {
  const [a, b, c] = args
  if (args.length === 1) return () => void (slots[at] = f(slots[a]))
  if (args.length === 2) return () => void (slots[at] = f(slots[a], slots[b]))
  return () => void (slots[at] = f(slots[a], slots[b], slots[c]))
}

const intersects = (free: ReadonlySet<Variable>, bound: ReadonlySet<Variable>): boolean => {
  for (const variable of bound) if (free.has(variable)) return true
  return false
}

/** The loop variables that each part of `root` depends on. */
const freeVariables = (root: Scalar): ReadonlyMap<Scalar, ReadonlySet<Variable>> => {
  const result = new Map<Scalar, ReadonlySet<Variable>>()
  const visit = (node: Scalar): ReadonlySet<Variable> => {
    const known = result.get(node)
    if (known !== undefined) return known
    const free = new Set<Variable>(node.tag === "variable" ? [node] : [])
    for (const child of children(node)) for (const variable of visit(child)) free.add(variable)
    if (node.tag === "reduce") for (const variable of node.variables) free.delete(variable)
    result.set(node, free)
    return free
  }
  visit(root)
  return result
}
