/**
 * Which steps must wait for one another: those where one thread touches memory that another writes. Two buffers may share
 * memory, in the arena or because an output takes over an input.
 *
 * A thread that has the same part of every step, the same rows say, waits for nobody: what it reads it wrote itself.
 */
import type { Buffer, LoopProgram, Operand, Step, Store, Stretch } from "@cotangent/compiler/LoopProgram"
import { inner } from "@cotangent/compiler/LoopProgram"
import { bytesOf } from "@cotangent/compiler/Plan"
import * as Affine from "@cotangent/tensor/Affine"
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"

/** How threads share a step: each has a range of one of its axes. */
export interface Split {
  readonly axis: Variable
  readonly ranges: ReadonlyArray<Affine.Bounds>
}

/**
 * Memory, in bytes from the start of an allocation. Inside a repetition a step may touch other memory in each round:
 * then `from` and `to` hold all of that, and a round is in `[low, high)` or a multiple of `period` away.
 */
interface Region {
  /** An input or output that is an allocation of its own; undefined for the arena. */
  readonly allocation: Buffer | undefined
  readonly from: number
  readonly to: number
  readonly low: number
  readonly high: number
  readonly period: number
}

/** What a thread touches in a step. */
interface Part {
  readonly reads: ReadonlyArray<Region>
  readonly writes: ReadonlyArray<Region>
}

/** What a step touches: all of it, and each thread. */
export interface Touch {
  readonly whole: Part
  readonly parts: ReadonlyArray<Part>
}

/** How threads go about a step. */
export interface Manner {
  /** How many threads there are. */
  readonly count: number
  /** Whether all take part. */
  readonly isShared: boolean
  /** Who has what of it, where that is known. */
  readonly split: Split | undefined
  /** Counters of the repetitions that enclose it. */
  readonly counters: Iterable<Scalar>
}

/** The most threads whose parts are told apart. */
const mostParts = 16

const nothing: Part = { reads: [], writes: [] }

/** What the steps of `program` touch. */
export const touches = ({ aliases, inputs, outputs, places }: LoopProgram) => {
  const donors = new Map<Buffer, Buffer>()
  aliases.forEach((donor, i) => donor === undefined || donors.set(outputs[i], inputs[donor]))

  const regionOf = (access: Access, counters: ReadonlySet<Scalar>, ranges: Affine.Ranges | undefined): Region => {
    const { buffer, length, position } = access
    const size = bytes(buffer.dtype)
    const place = places.get(buffer)
    const allocation = place === undefined ? (donors.get(buffer) ?? buffer) : undefined
    const start = place ?? 0
    const end = start + bytesOf(buffer)
    const at = (element: number): number => Math.min(end, Math.max(start, start + element * size))
    const [first, last] = Affine.bounds(position, ranges)
    const [from, to] = [at(first), at(last + length)]
    const own = new Map([...position.terms].filter(([atom]) => !isOfRound(atom, counters)))
    if (own.size === position.terms.size) return { allocation, from, to, low: from, high: to, period: 0 }
    const [low, high] = Affine.bounds({ constant: position.constant, terms: own }, ranges)
    let period = 0
    position.terms.forEach((stride, atom) => {
      if (!own.has(atom)) period = greatestCommonDivisor(period, stride * size)
    })
    return { allocation, from, to, low: start + low * size, high: start + (high + length) * size, period }
  }

  return (step: Step, { count, counters, isShared, split }: Manner): Touch => {
    const accesses = accessesOf(step)
    const known = new Set(counters)
    const part = (ranges?: Affine.Ranges): Part => {
      const regions = (chosen: ReadonlyArray<Access>): ReadonlyArray<Region> =>
        chosen.map((access) => regionOf(access, known, ranges))
      return { reads: regions(accesses.reads), writes: regions(accesses.writes) }
    }
    const whole = part()
    const parts = Array.from({ length: Math.min(count, mostParts) }, (_, thread) => {
      if (!isShared) return thread === 0 ? whole : nothing
      if (split === undefined || count > mostParts) return whole
      const [from, to] = split.ranges[thread]
      return from < to ? part(new Map([[split.axis, [from, to - 1]]])) : nothing
    })
    return { whole, parts }
  }
}

/** Whether an index is the same all through a round: a counter, or a remainder of one where buffers take turns. */
const isOfRound = (atom: Scalar, counters: ReadonlySet<Scalar>): boolean =>
  atom.tag === "variable"
    ? counters.has(atom)
    : atom.tag === "constant" || (atom.tag === "call" && atom.args.every((arg) => isOfRound(arg, counters)))

/** Whether the order of two steps matters: what one thread does of the first, and another of the second. */
export const conflicts = (x: Touch, y: Touch): boolean =>
  collide(x.whole, y.whole) && x.parts.some((part, i) => y.parts.some((other, j) => i !== j && collide(part, other)))

const collide = (x: Part, y: Part): boolean =>
  meet(x.writes, y.reads) || meet(x.writes, y.writes) || meet(x.reads, y.writes)

const meet = (xs: ReadonlyArray<Region>, ys: ReadonlyArray<Region>): boolean =>
  xs.some((x) => ys.some((y) => x.allocation === y.allocation && x.from < y.to && y.from < x.to && inSomeRound(x, y)))

/** Whether two regions meet that may be any multiple of their periods away from where they are. */
const inSomeRound = (x: Region, y: Region): boolean => {
  const period = greatestCommonDivisor(x.period, y.period)
  if (period === 0) return true
  const between = (((y.low - x.low) % period) + period) % period
  // Negated, so that what is not known meets everything.
  return !(between >= x.high - x.low && between + y.high - y.low <= period)
}

const greatestCommonDivisor = (x: number, y: number): number =>
  y === 0 ? Math.abs(x) : greatestCommonDivisor(y, x % y)

/** Elements of a buffer: `length` of them from each value that `position` takes. */
interface Access {
  readonly buffer: Buffer
  readonly position: Affine.Affine
  readonly length: number
}

interface Accesses {
  readonly reads: ReadonlyArray<Access>
  readonly writes: ReadonlyArray<Access>
}

const all = (buffer: Buffer): Access => ({
  buffer,
  position: { constant: 0, terms: new Map() },
  length: buffer.shape[0]
})

const accessesOf = (step: Step): Accesses => {
  const reads: Array<Access> = []
  const writes: Array<Access> = []
  const visited = new Set<Scalar>()
  const read = (scalar: Scalar): void => {
    if (visited.has(scalar)) return
    visited.add(scalar)
    // Loads of loop programs refer to buffers, and have one position.
    if (scalar.tag === "load") {
      reads.push({ buffer: scalar.source as Buffer, position: Affine.of(scalar.index[0]), length: 1 })
    }
    S.children(scalar).forEach(read)
  }
  const store = ({ buffer, offset, value }: Store): void => {
    writes.push({ buffer, position: Affine.of(offset), length: 1 })
    read(offset)
    read(value)
  }
  const visit = (each: Step): void => {
    switch (each.tag) {
      case "nest":
        for (const stage of each.stages) stage.stores.forEach(store)
        break
      case "contraction":
        // The operands say more plainly what the sum reads.
        visited.add(each.accumulator)
        reads.push(operand(each.a, each.row, each.depth), operand(each.b, each.column, each.depth))
        each.stores.forEach(store)
        break
      case "routine":
        each.inputs.forEach(({ buffer }) => reads.push(all(buffer)))
        each.outputs.forEach(({ buffer }) => writes.push(all(buffer)))
        break
      case "copy":
        reads.push({ buffer: each.from, position: Affine.of(each.fromOffset), length: each.length })
        writes.push({ buffer: each.to, position: Affine.of(each.toOffset), length: each.length })
        break
      case "branch":
      case "while":
        reads.push({ buffer: each.predicate.buffer, position: Affine.of(each.predicate.offset), length: 1 })
    }
    inner(each).forEach(visit)
  }
  visit(step)
  // What each thread has for itself is in nobody's way.
  const shared = (accesses: ReadonlyArray<Access>) => accesses.filter(({ buffer }) => buffer.role !== "private")
  return { reads: shared(reads), writes: shared(writes) }
}

const operand = ({ buffer, depthStride, offset, stride, walk }: Operand, free: Variable, depth: Variable): Access => {
  const { constant, terms } = Affine.of(offset)
  const steps: ReadonlyArray<readonly [Variable, number]> =
    walk === undefined
      ? [
          [free, stride],
          [depth, depthStride]
        ]
      : [...walk.free, ...walk.depth].map(({ extent, stride: step }: Stretch) => [S.variable(extent), step])
  return { buffer, position: { constant, terms: new Map([...terms, ...steps]) }, length: 1 }
}
