/**
 * Puts the scalars of a kernel into the form that code is generated from: equal parts are one object, positions are
 * byte addresses, instructions the machine lacks are written out.
 */
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Call, Load, Scalar, Source, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { IndexType } from "./Encoder.ts"

/** A byte address: a scalar that counts bytes from the start of memory, and a constant added by the instruction. */
export interface Address {
  readonly base: Scalar
  readonly offset: number
}

/** The scalars of one function. */
export interface Workspace {
  /** The canonical object of a scalar: equal ones give the same, with what the machine lacks written out. */
  readonly unify: (scalar: Scalar) => Scalar
  /** Where a load reads or a store writes; `rank` tells how deep in the loops a variable runs. */
  readonly address: (source: Source, position: Scalar) => Address
  /**
   * Whether a canonical scalar is a part of addresses that is computed in the module's index type, apart from values. Where
   * that is i32, there is none: then addresses are values, and share what they have in common with others.
   */
  readonly isIndex: (scalar: Scalar) => boolean
  /** The variable that holds the address of a buffer. */
  readonly pointer: (source: Source) => Variable
  /** The variables that a canonical scalar depends on. */
  readonly free: (scalar: Scalar) => ReadonlySet<Variable>
}

/** Writes out a call that the machine has no instruction for; undefined where it has one. */
export type WriteOut = (call: Call) => Scalar | undefined

/** What a workspace is for. */
export interface Options {
  /** The loops of the function, outermost first. */
  readonly loops: ReadonlyArray<Variable>
  readonly writeOut: WriteOut
  readonly rows?: Rows | undefined
  readonly indexType: IndexType
}

/** Buffers whose contents every round of some loops makes anew. */
export type Rows = ReadonlyMap<Source, ReadonlyArray<Variable>>

/**
 * A workspace. Terms of an address are added in the order of the loops, so that the part that does not change in an
 * inner loop can be computed outside of it. What is loaded from `rows` depends on their loops.
 */
export const make = ({ indexType, loops, rows = new Map(), writeOut }: Options): Workspace => {
  const interned = new Map<string, Scalar>()
  const numbers = new Map<object, number>()
  const canonical = new Map<Scalar, Scalar>()
  const pointers = new Map<Source, Variable>()
  const freeOf = new Map<Scalar, ReadonlySet<Variable>>()
  const indices = new Set<Scalar>()
  const isApart = indexType !== "i32"
  const number = (object: object): number => {
    if (!numbers.has(object)) numbers.set(object, numbers.size)
    return numbers.get(object)!
  }

  const keyOf = (scalar: Scalar, children: ReadonlyArray<Scalar>): string => {
    const parts = children.map(number).join()
    switch (scalar.tag) {
      case "constant":
        return `${scalar.dtype} ${Object.is(scalar.value, -0) ? "-0" : scalar.value}`
      case "variable":
        return `variable ${number(scalar)}`
      case "load":
        return `load ${number(scalar.source)} ${parts}`
      case "call":
        return `${scalar.op} ${scalar.dtype} ${parts}`
      case "reduce":
        return `${scalar.combine} ${scalar.variables.map(number).join()} ${parts}`
    }
  }

  const unify = (scalar: Scalar): Scalar => {
    const known = canonical.get(scalar)
    if (known !== undefined) return known
    const written = scalar.tag === "call" ? writeOut(scalar) : undefined
    const result = written === undefined ? intern(scalar) : unify(written)
    canonical.set(scalar, result)
    canonical.set(result, result)
    return result
  }

  const intern = (scalar: Scalar): Scalar => {
    const before = S.children(scalar)
    const after = before.map(unify)
    const key = keyOf(scalar, after)
    const known = interned.get(key)
    if (known !== undefined) return known
    const same = after.every((child, i) => child === before[i])
    const result = same ? scalar : withChildren(scalar, after)
    interned.set(key, result)
    number(result)
    return result
  }

  const free = (scalar: Scalar): ReadonlySet<Variable> => {
    const known = freeOf.get(scalar)
    if (known !== undefined) return known
    const found = new Set<Variable>(scalar.tag === "variable" ? [scalar] : [])
    for (const child of S.children(scalar)) for (const variable of free(child)) found.add(variable)
    if (scalar.tag === "reduce") for (const variable of scalar.variables) found.delete(variable)
    if (scalar.tag === "load") for (const variable of rows.get(scalar.source) ?? []) found.add(variable)
    freeOf.set(scalar, found)
    return found
  }

  const pointer = (source: Source): Variable => {
    if (!pointers.has(source)) pointers.set(source, S.variable(0))
    return pointers.get(source)!
  }

  const depthOf = (atom: Scalar): number =>
    Math.max(-1, ...[...free(unify(atom))].map((variable) => loops.indexOf(variable)))

  /** A part of addresses that is no value: equal ones give the same object. */
  const index = (key: string, make: () => Scalar): Scalar => {
    const known = interned.get(key)
    if (known !== undefined) return known
    const made = make()
    interned.set(key, made)
    indices.add(made)
    number(made)
    return made
  }

  const sum = (x: Scalar, y: Scalar): Scalar =>
    isApart ? index(`index ${number(x)} + ${number(y)}`, () => S.add(x, y)) : S.add(x, y)

  // A literal of a scalar has 32 bits, unless it is made here.
  const literal = (value: number): Scalar =>
    isApart ? index(`index ${value}`, () => ({ tag: "constant", dtype: "i32", value })) : S.constant(value)

  const multiple = (atom: Scalar, factor: number): Scalar => {
    if (!isApart) return S.mul(atom, literal(factor))
    const canonicalAtom = unify(atom)
    return index(`index ${number(canonicalAtom)} * ${factor}`, () => S.mul(canonicalAtom, literal(factor)))
  }

  const address = (source: Source, position: Scalar): Address => {
    const size = bytes(source.dtype)
    const { constant, terms } = Affine.of(position)
    const ordered = [...terms].map(([atom, factor]) => ({ atom, factor, depth: depthOf(atom) }))
    // Variables of reductions are in no list of loops: they run innermost.
    const rank = (depth: number, atom: Scalar): number => (atom.tag === "variable" && depth < 0 ? loops.length : depth)
    ordered.sort((x, y) => rank(x.depth, x.atom) - rank(y.depth, y.atom))
    let base: Scalar = pointer(source)
    for (const { atom, factor } of ordered) base = sum(base, multiple(atom, factor * size))
    // An instruction adds its constant without wrapping, so what it adds to must itself be an address.
    const isOffset = constant >= 0 && ordered.every(({ factor }) => factor > 0)
    if (!isOffset) base = sum(base, literal(constant * size))
    return { base: isApart ? base : unify(base), offset: isOffset ? constant * size : 0 }
  }

  return { unify, address, isIndex: (scalar) => indices.has(scalar), pointer, free }
}

const withChildren = (scalar: Scalar, children: ReadonlyArray<Scalar>): Scalar => {
  if (scalar.tag === "load") return { ...scalar, index: children }
  if (scalar.tag === "call") return { ...scalar, args: children }
  if (scalar.tag === "reduce") return { ...scalar, body: children[0] }
  return scalar
}

/** How many elements a position moves when `variable` grows by one; undefined where that is not constant. */
export const strideIn = (position: Scalar, variable: Variable, { free, unify }: Workspace): number | undefined => {
  const { terms } = Affine.of(position)
  for (const atom of terms.keys()) if (atom !== variable && free(unify(atom)).has(variable)) return undefined
  return terms.get(variable) ?? 0
}

/** The position of a load: loads of kernels have one index. */
export const positionOf = (load: Load): Scalar => load.index[0]
