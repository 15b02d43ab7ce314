/**
 * Scalars as statements of CUDA C. Each is computed once, in the outermost block in which all that it depends on is
 * known; what varies along the lanes of a vector, once for each lane.
 */
import type { Buffer, Store } from "@cotangent/compiler/LoopProgram"
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Call, Load, Reduce, Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Group } from "./Group.ts"
import { dividing, lanesAlong, loadsOf, neighbors, stripped } from "./lanes.ts"
import type { Freedom } from "./freedom.ts"
import { literal, loaded, memoryOf, registerOf, spell, start, stored } from "./spelling.ts"

/** A value: one name for all lanes, or one for each. */
export type Value = ReadonlyArray<string>

/** A block of statements. Blocks inside of it are added when they are complete. */
export interface Scope {
  readonly bound: ReadonlyMap<Variable, Value>
  readonly lines: Array<string>
  readonly known: Map<Scalar, Value>
  /** All threads of a group run it with the same values. */
  readonly isShared: boolean
}

/** The type of positions: `int` where all fit. */
export type Index = "int" | "long long"

/** What the body of a kernel is written with. */
export interface Surroundings {
  /** The name of the parameter, or of the memory of a group, that holds a buffer. */
  readonly pointer: (buffer: Buffer) => string
  readonly freedom: Freedom
  /** The threads that compute what is shared together. */
  readonly group: Group
  /** The type of positions. */
  readonly index: Index
}

/** Statements under way. */
export interface Body {
  /** The name of a scalar within blocks, of which the last is the innermost. */
  readonly value: (scalar: Scalar, scopes: ReadonlyArray<Scope>) => Value
  /** Writes statements that compute the reductions of `roots`, those over equal ranges in one loop. */
  readonly reduceAll: (roots: ReadonlyArray<Scalar>, scopes: ReadonlyArray<Scope>) => void
  /** All values before any store: a store may replace what another value was loaded from. */
  readonly storeAll: (stores: ReadonlyArray<Store>, scopes: ReadonlyArray<Scope>, lanes?: number) => void
  /** A position as a sum, for each lane. */
  readonly position: (position: Scalar, scopes: ReadonlyArray<Scope>) => Value
  readonly fresh: (prefix: string) => string
}

/** A block in which variables are known. */
export const scopeOf = (bound: ReadonlyMap<Variable, Value>, isShared = false): Scope => ({
  bound,
  lines: [],
  known: new Map(),
  isShared
})

/** The statements of a block behind a head. */
export const block = (head: string, { lines }: Scope): ReadonlyArray<string> => [
  `${head} {`,
  ...lines.map((line) => `  ${line}`),
  "}"
]

const at = (value: Value, lane: number): string => value[value.length === 1 ? 0 : lane]

const width = (values: ReadonlyArray<Value>): number => Math.max(1, ...values.map(({ length }) => length))

const each = (count: number, f: (lane: number) => string): Value => Array.from({ length: count }, (_, lane) => f(lane))

/** The empty body of a kernel. */
export const make = ({ freedom, group, index, pointer }: Surroundings): Body => {
  let names = 0
  const fresh = (prefix: string): string => `${prefix}${names++}`

  const bind = (home: Scope, dtype: Scalar["dtype"], texts: Value): Value =>
    texts.map((text) => {
      const name = fresh("v")
      home.lines.push(`const ${registerOf(dtype)} ${name} = ${text};`)
      return name
    })

  const depthOf = (scalar: Scalar, scopes: ReadonlyArray<Scope>): number => {
    const free = freedom(scalar)
    let depth = scopes.length - 1
    while (depth > 0 && ![...scopes[depth].bound.keys()].some((variable) => free.has(variable))) depth--
    return depth
  }

  const value = (scalar: Scalar, scopes: ReadonlyArray<Scope>): Value => {
    if (scalar.tag === "constant") return [literal(scalar.dtype, scalar.value)]
    if (scalar.tag === "variable") return variableOf(scalar, scopes)
    for (const { known } of scopes) {
      const found = known.get(scalar)
      if (found !== undefined) return found
    }
    const home = scopes.slice(0, depthOf(scalar, scopes) + 1)
    const result = scalar.tag === "load" ? load(scalar, home) : scalar.tag === "call" ? call(scalar, home) : undefined
    if (result === undefined) {
      reduceAll([scalar], home)
      return value(scalar, scopes)
    }
    home[home.length - 1].known.set(scalar, result)
    return result
  }

  const variableOf = (variable: Variable, scopes: ReadonlyArray<Scope>): Value => {
    const found = scopes.findLast(({ bound }) => bound.has(variable))?.bound.get(variable)
    if (found === undefined) throw new TypeError("a loop variable stands outside of its loop")
    return found
  }

  const call = ({ args, dtype, op }: Call, home: ReadonlyArray<Scope>): Value => {
    const operands = args.map((arg) => value(arg, home))
    return bind(
      home[home.length - 1],
      dtype,
      each(width(operands), (lane) =>
        spell(
          op,
          dtype,
          args[0].dtype,
          operands.map((operand) => at(operand, lane))
        )
      )
    )
  }

  const position = (scalar: Scalar, scopes: ReadonlyArray<Scope>): Value => {
    const { constant, terms } = Affine.of(scalar)
    const parts = [...terms].map(([atom, factor]) => ({ factor, names: value(atom, scopes) }))
    return each(width(parts.map(({ names }) => names)), (lane) => {
      const texts = parts.map(({ factor, names }) => {
        const name = index === "int" ? at(names, lane) : `(long long)${at(names, lane)}`
        return factor === 1 ? name : `${name} * ${literal("i32", factor)}`
      })
      if (constant !== 0 || texts.length === 0) texts.push(literal("i32", constant))
      return texts.join(" + ")
    })
  }

  /** Whether the lanes of a position lie side by side, from a multiple of their number on. */
  const isDense = (scalar: Scalar, scopes: ReadonlyArray<Scope>, count: number): boolean => {
    const { constant, terms } = Affine.of(scalar)
    let moves = 0
    for (const [atom, factor] of terms) {
      const lanes = value(atom, scopes).length
      // Lanes of one variable count up by one; nothing is known of those of anything else.
      if (lanes === 1 ? factor % count !== 0 : atom.tag !== "variable" || factor !== 1) return false
      if (lanes > 1) moves++
    }
    return moves === 1 && constant % count === 0
  }

  const packOf = (dtype: Scalar["dtype"], count: number): string => `ct_pack<${memoryOf(dtype)}, ${count}>`

  const load = ({ dtype, index: [offset], source }: Load, home: ReadonlyArray<Scope>): Value => {
    const scope = home[home.length - 1]
    // Loads of loop programs refer to buffers.
    const base = pointer(source as Buffer)
    const places = position(offset, home)
    const count = places.length
    if (count > 1 && bytes(dtype) * count <= 16 && isDense(offset, home, count)) {
      const pack = fresh("w")
      scope.lines.push(
        `const ${packOf(dtype, count)} ${pack} = *(const ${packOf(dtype, count)}*)(${base} + (${places[0]}));`
      )
      return bind(
        scope,
        dtype,
        each(count, (lane) => loaded(dtype, `${pack}.at[${lane}]`))
      )
    }
    return bind(
      scope,
      dtype,
      places.map((place) => loaded(dtype, `${base}[${place}]`))
    )
  }

  const storeAll = (stores: ReadonlyArray<Store>, scopes: ReadonlyArray<Scope>, lanes = 1): void => {
    const { lines } = scopes[scopes.length - 1]
    reduceAll(
      stores.map((store) => store.value),
      scopes
    )
    const ready = stores.map((store) => ({
      places: position(store.offset, scopes),
      values: value(store.value, scopes)
    }))
    stores.forEach(({ buffer, offset }, i) => {
      const { places, values } = ready[i]
      const base = pointer(buffer)
      const { dtype } = buffer
      if (places.length === lanes && lanes > 1 && bytes(dtype) * lanes <= 16 && isDense(offset, scopes, lanes)) {
        const pack = fresh("w")
        lines.push(`${packOf(dtype, lanes)} ${pack};`)
        for (let lane = 0; lane < lanes; lane++) {
          lines.push(`${pack}.at[${lane}] = ${stored(dtype, at(values, lane))};`)
        }
        lines.push(`*(${packOf(dtype, lanes)}*)(${base} + (${places[0]})) = ${pack};`)
      } else {
        each(width([places, values]), (lane) => `${base}[${at(places, lane)}] = ${stored(dtype, at(values, lane))};`)
          .slice(places.length === 1 ? -1 : 0)
          .forEach((line) => lines.push(line))
      }
    })
  }

  /** The reductions within `roots` that are not known yet, and how many others each has to wait for. */
  const waiting = (roots: ReadonlyArray<Scalar>, scopes: ReadonlyArray<Scope>): ReadonlyMap<Reduce, number> => {
    const ranks = new Map<Reduce, number>()
    const seen = new Map<Scalar, number>()
    const visit = (scalar: Scalar): number => {
      const before = seen.get(scalar)
      if (before !== undefined) return before
      if (scopes.some(({ known }) => known.has(scalar))) return 0
      const below = Math.max(0, ...children(scalar).map(visit))
      const isReady = scalar.tag === "reduce" && isClosed(scalar, scopes)
      const rank = isReady ? below + 1 : below
      if (isReady) ranks.set(scalar, rank)
      seen.set(scalar, rank)
      return rank
    }
    roots.forEach(visit)
    return ranks
  }

  /** Whether all variables that a scalar depends on are known. */
  const isClosed = (scalar: Scalar, scopes: ReadonlyArray<Scope>): boolean =>
    [...freedom(scalar)].every((variable) => scopes.some(({ bound }) => bound.has(variable)))

  const reduceAll = (roots: ReadonlyArray<Scalar>, scopes: ReadonlyArray<Scope>): void => {
    const ranks = [...waiting(roots, scopes)].toSorted(([, x], [, y]) => x - y)
    const groups = new Map<string, Array<Reduce>>()
    for (const [reduce, rank] of ranks) {
      const extents = reduce.variables.map(({ extent }) => extent).join("·")
      const key = `${rank} ${depthOf(reduce, scopes)} ${extents}`
      groups.set(key, [...(groups.get(key) ?? []), reduce])
    }
    for (const reductions of groups.values()) {
      reduceTogether(reductions, scopes.slice(0, depthOf(reductions[0], scopes) + 1))
    }
  }

  /** How many terms each thread of a group takes at a time: as a load does, but so that all threads have some. */
  const lanesOf = (reductions: ReadonlyArray<Reduce>, terms: number): number => {
    const roots = reductions.map(({ body }) => body)
    const found = reductions.map(({ body, variables }) => {
      const innermost = variables[variables.length - 1]
      return dividing(lanesAlong(innermost, loadsOf([body]), roots), innermost.extent)
    })
    const lanes = Math.min(...found)
    return terms / lanes >= group.lanes ? lanes : 1
  }

  /** Reductions over equal ranges in one loop. */
  const reduceTogether = (reductions: ReadonlyArray<Reduce>, home: ReadonlyArray<Scope>): void => {
    const scope = home[home.length - 1]
    const [{ variables }] = reductions
    const terms = variables.reduce((product, { extent }) => product * extent, 1)
    const isSplit = scope.isShared && group.lanes > 1 && terms >= 8
    const extents = variables.map(({ extent }) => extent)
    const names = extents.map(() => fresh("r"))
    const lanes = isSplit ? lanesOf(reductions, terms) : 1
    const bind = (from: number, to: number): ReadonlyMap<Variable, Value> =>
      new Map(
        reductions.flatMap((reduce) =>
          reduce.variables
            .slice(from, to)
            .map((variable, i) => [variable, neighbors(names[from + i], isLast(from + i) ? lanes : 1)] as const)
        )
      )
    const isLast = (axis: number): boolean => axis === names.length - 1
    const loops = isSplit ? [scopeOf(bind(0, names.length))] : names.map((_, i) => scopeOf(bind(i, i + 1)))
    const inside = [...home, ...loops]
    const inner = loops[loops.length - 1]
    reduceAll(
      reductions.map(({ body }) => body),
      inside
    )
    const sums = reductions.map(({ body, combine, dtype }) => {
      const sum = value(body, inside)
      const totals = sum.map(() => fresh("s"))
      totals.forEach((total) => scope.lines.push(`${registerOf(dtype)} ${total} = ${start(combine, dtype)};`))
      totals.forEach((total, lane) => inner.lines.push(`${total} = ${combined(combine, dtype, total, sum[lane])};`))
      return totals
    })
    if (isSplit) {
      const flat = fresh("e")
      inner.lines.unshift(...stripped(flat, extents, { names, index, lanes }))
      const head = `for (${index} ${flat} = ${group.lane}; ${flat} < ${terms / lanes}; ${flat} += ${group.lanes})`
      // Columns are loaded an element at a time: more of them are under way.
      scope.lines.push(`#pragma unroll ${group.kind === "column" ? 8 : 4}`, ...block(head, inner))
      reductions.forEach(({ combine, dtype }, i) => {
        const [total, ...others] = sums[i]
        for (const other of others) scope.lines.push(`${total} = ${combined(combine, dtype, total, other)};`)
        scope.lines.push(`${total} = ${group.combine(combine, dtype, total)};`)
        sums[i] = [total]
      })
    } else {
      loops.toReversed().forEach((loop, i) => {
        const at = loops.length - 1 - i
        const head = `for (int ${names[at]} = 0; ${names[at]} < ${extents[at]}; ${names[at]}++)`
        const lines = at === 0 ? scope.lines : loops[at - 1].lines
        lines.push(...block(head, loop))
      })
    }
    reductions.forEach((reduce, i) => scope.known.set(reduce, sums[i]))
  }

  return { value, position, reduceAll, storeAll, fresh }
}

const combined = (combine: Reduce["combine"], dtype: Scalar["dtype"], x: string, y: string): string =>
  spell(combine, dtype, dtype, [x, y])
