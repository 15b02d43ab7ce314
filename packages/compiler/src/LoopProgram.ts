/**
 * Loop programs: what a device executes. A program is a list of steps over buffers; a step is a nest of affine loops
 * around scalar expressions, a contraction with its epilogue, a named routine, or steps that run repeatedly or by choice.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { Reduce, Scalar, Source, Variable } from "@cotangent/tensor/Scalar"

/** A range of memory. Loads and stores address it by element: its shape is its length. */
export interface Buffer extends Source {
  readonly id: number
  /** A private buffer exists once for each thread, during a tile or a round of the outer loops of a nest. */
  readonly role: "input" | "output" | "temporary" | "private"
  readonly shape: readonly [length: number]
  readonly dtype: DType
}

/** Writes `value` to element `offset` of `buffer`. */
export interface Store {
  readonly buffer: Buffer
  readonly offset: Scalar
  readonly value: Scalar
}

/** Stores done for every value of `axes`, the innermost last. */
export interface Stage {
  readonly axes: ReadonlyArray<Variable>
  readonly stores: ReadonlyArray<Store>
}

/**
 * Stages that run one after the other for every value of the outer `axes`. Runs for different values of the first
 * outer axis are independent, so they may be split over threads. Values that stages share and that depend on outer
 * axes alone are computed once; what is loaded from a private buffer that the nest writes depends on all of them.
 */
export interface Nest {
  readonly tag: "nest"
  readonly name: string
  readonly axes: ReadonlyArray<Variable>
  readonly stages: ReadonlyArray<Stage>
}

/** Rounds of a loop through an operand, `stride` elements apart. */
export interface Stretch {
  readonly extent: number
  readonly stride: number
}

/** One operand of a contraction: element `offset + row · stride + depth · depthStride` (or column) of its buffer. */
export interface Operand {
  readonly buffer: Buffer
  /** The part of the position that depends on batch axes. */
  readonly offset: Scalar
  /** Elements between neighbors along the free axis (rows of `a`, columns of `b`). */
  readonly stride: number
  /** Elements between neighbors along the axis that is summed over. */
  readonly depthStride: number
  /** Instead of strides, where an axis is several to the operand (windows that overlap, say): those, innermost last. */
  readonly walk?: { readonly free: ReadonlyArray<Stretch>; readonly depth: ReadonlyArray<Stretch> }
}

/**
 * `accumulator[row, column] = Σ_depth a[row, depth] · b[depth, column]` for every value of the `batch` axes, then the
 * stores, whose values contain the accumulator.
 */
export interface Contraction {
  readonly tag: "contraction"
  readonly name: string
  readonly batch: ReadonlyArray<Variable>
  readonly row: Variable
  readonly column: Variable
  readonly depth: Variable
  readonly a: Operand
  readonly b: Operand
  readonly accumulator: Reduce
  readonly stores: ReadonlyArray<Store>
}

/** `Σ_depth own[own, depth] · other[other, depth]`, for pairs of an own place and another. */
export interface Score {
  readonly accumulator: Reduce
  readonly depth: Variable
  readonly own: Operand
  readonly other: Operand
}

/** `accumulator[own, column] = Σ_other weight · operand[other, column]`, then the stores, whose values contain it. */
export interface Weighed {
  readonly weight: Scalar
  /** Its free axis is `column`, its depth the other places. */
  readonly operand: Operand
  readonly column: Variable
  readonly accumulator: Reduce
  readonly stores: ReadonlyArray<Store>
}

/** A sum over all other places for each own one, and where it is kept. */
export interface RowSum {
  readonly sum: Reduce
  /** Where it is kept for other steps; undefined where none needs it. */
  readonly place: Place | undefined
  /** An earlier step left it there. */
  readonly isKnown: boolean
}

/**
 * For every value of `batch` and `own`: sums over `other` of what is computed from scores, stores of values that contain
 * these, and products with weights that are computed from scores and from such sums. Scores and weights, of which there is
 * one for each pair of places, need not exist in memory. Known sums may belong to the other places instead.
 */
export interface Attention {
  readonly tag: "attention"
  readonly name: string
  readonly batch: Variable
  readonly own: Variable
  readonly other: Variable
  readonly scores: ReadonlyArray<Score>
  /** Each behind those that its terms contain. */
  readonly sums: ReadonlyArray<RowSum>
  readonly stores: ReadonlyArray<Store>
  readonly weighed: ReadonlyArray<Weighed>
}

/** A named algorithm that the device brings. */
export interface Routine {
  readonly tag: "routine"
  readonly name: string
  readonly params: unknown
  readonly inputs: ReadonlyArray<Operands>
  readonly outputs: ReadonlyArray<Operands>
}

/** A buffer together with the shape that a routine sees. */
export interface Operands {
  readonly buffer: Buffer
  readonly shape: ReadonlyArray<number>
}

/** Copies `length` elements between equal dtypes; offsets may depend on counters of enclosing repetitions. */
export interface Copy {
  readonly tag: "copy"
  readonly from: Buffer
  readonly fromOffset: Scalar
  readonly to: Buffer
  readonly toOffset: Scalar
  readonly length: number
}

/** Runs `steps` for every value of `counter`. */
export interface Repeat {
  readonly tag: "repeat"
  readonly counter: Variable
  readonly steps: ReadonlyArray<Step>
}

/**
 * Runs `steps` for every value of `counter`, in any order or at the same time: no value depends on another, and what is
 * in private buffers does not outlast one.
 */
export interface Tiles {
  readonly tag: "tiles"
  readonly counter: Variable
  readonly steps: ReadonlyArray<Step>
}

/** Runs one of two lists of steps by a scalar of bool in memory. */
export interface Branch {
  readonly tag: "branch"
  readonly predicate: Place
  readonly ifTrue: ReadonlyArray<Step>
  readonly ifFalse: ReadonlyArray<Step>
}

/** Runs `steps` as long as `predicate` is true after `condition`. */
export interface While {
  readonly tag: "while"
  readonly condition: ReadonlyArray<Step>
  readonly predicate: Place
  readonly steps: ReadonlyArray<Step>
}

/** Element `offset` of `buffer`. */
export interface Place {
  readonly buffer: Buffer
  readonly offset: Scalar
}

/** One step of a loop program. */
export type Step = Nest | Contraction | Attention | Routine | Copy | Repeat | Tiles | Branch | While

/** The steps inside of one. */
export const inner = (step: Step): ReadonlyArray<Step> => {
  switch (step.tag) {
    case "repeat":
    case "tiles":
      return step.steps
    case "branch":
      return [...step.ifTrue, ...step.ifFalse]
    case "while":
      return [...step.condition, ...step.steps]
    default:
      return []
  }
}

/** Steps over buffers; temporaries have places in one arena. */
export interface LoopProgram {
  readonly inputs: ReadonlyArray<Buffer>
  readonly outputs: ReadonlyArray<Buffer>
  readonly steps: ReadonlyArray<Step>
  /** Byte offset of each temporary in the arena, and of each private buffer. */
  readonly places: ReadonlyMap<Buffer, number>
  readonly arenaBytes: number
  /** Bytes that each thread needs for private buffers, whose places are counted from the start of these. */
  readonly privateBytes: number
  /** For each output: the donated input whose memory it takes over, or undefined. */
  readonly aliases: ReadonlyArray<number | undefined>
}

/** The buffers that a step reads and writes. */
export interface Footprint {
  readonly reads: ReadonlySet<Buffer>
  readonly writes: ReadonlySet<Buffer>
}

/** What `footprint` has found out: steps do not change, and most passes ask for theirs. */
const footprints = new WeakMap<Step, Footprint>()

/** The buffers that a step reads and writes. */
export const footprint = (step: Step): Footprint => {
  const known = footprints.get(step)
  if (known !== undefined) return known
  const found = findFootprint(step)
  footprints.set(step, found)
  return found
}

const findFootprint = (step: Step): Footprint => {
  const reads = new Set<Buffer>()
  const writes = new Set<Buffer>()
  const visited = new Set<Scalar>()
  const read = (scalar: Scalar): void => {
    if (visited.has(scalar)) return
    visited.add(scalar)
    if (scalar.tag === "load") {
      // Loads of loop programs refer to buffers.
      reads.add(scalar.source as Buffer)
      scalar.index.forEach(read)
    } else if (scalar.tag === "call") scalar.args.forEach(read)
    else if (scalar.tag === "reduce") read(scalar.body)
  }
  const store = ({ buffer, offset, value }: Store): void => {
    writes.add(buffer)
    read(offset)
    read(value)
  }
  switch (step.tag) {
    case "nest":
      for (const stage of step.stages) stage.stores.forEach(store)
      break
    case "contraction":
      reads.add(step.a.buffer).add(step.b.buffer)
      step.stores.forEach(store)
      break
    case "attention":
      for (const { place, isKnown, sum } of step.sums) {
        if (place !== undefined) (isKnown ? reads : writes).add(place.buffer)
        if (isKnown) visited.add(sum)
      }
      for (const { accumulator, other, own } of step.scores) {
        reads.add(own.buffer).add(other.buffer)
        visited.add(accumulator)
      }
      for (const { sum } of step.sums) read(sum)
      step.stores.forEach(store)
      for (const { operand, stores, weight } of step.weighed) {
        reads.add(operand.buffer)
        read(weight)
        stores.forEach(store)
      }
      break
    case "routine":
      step.inputs.forEach(({ buffer }) => reads.add(buffer))
      step.outputs.forEach(({ buffer }) => writes.add(buffer))
      break
    case "copy":
      reads.add(step.from)
      writes.add(step.to)
      break
    case "branch":
    case "while":
      reads.add(step.predicate.buffer)
  }
  for (const part of inner(step)) {
    const { reads: r, writes: w } = footprint(part)
    r.forEach((buffer) => reads.add(buffer))
    w.forEach((buffer) => writes.add(buffer))
  }
  return { reads, writes }
}
