/**
 * Which steps threads share, and in what order they run.
 */
import type { Contraction, LoopProgram, Nest, Step } from "@cotangent/compiler/LoopProgram"
import { inner } from "@cotangent/compiler/LoopProgram"
import type { Threads } from "./Barrier.ts"
import type { Split, Touch } from "./Conflicts.ts"
import { conflicts } from "./Conflicts.ts"
import type { Context } from "./Context.ts"
import type { FunctionBuilder } from "./FunctionBuilder.ts"
import type { Gemm } from "./gemm.ts"
import { parallelAxis } from "./Nests.ts"
import type { Part, Portion, Share } from "./Parts.ts"
import { ownPart, partsAsNeeded, partsByNeed, share, shares } from "./Parts.ts"
import { hasLargeTotals } from "./Totals.ts"
import { hasReductionBeside, rounds, workOf } from "./Work.ts"

/** Emits something into the function that runs the surroundings of a step. */
export type Emit = (code: FunctionBuilder) => void

/** How a step is run. */
export interface Call {
  /**
   * Adds what the step needs to the module; gives what emits its run: of a step that threads share, this thread's part. If
   * `isByNeed`, threads may take small parts as they get to it: they meet before and after.
   */
  readonly add: (isByNeed: boolean) => Emit
  /** All threads take part. */
  readonly isShared: boolean
  readonly touch: Touch
  /** Its number in the profile, where one is taken. */
  readonly number?: number
}

/** What runs a step, whether all threads take part, and who has what of it, where that is known. */
export interface Runner extends Pick<Call, "add" | "isShared"> {
  /** The step in the form in which `split` is said of it. */
  readonly as?: Step
  readonly split?: Split | undefined
  /** Whether small parts cost no more than large ones; false unless stated. */
  readonly isDivisible?: boolean
}

/** A step of the first thread. */
export const alone = (emit: Emit): Runner => ({ add: () => emit, isShared: false })

/** What threads do of a step that they share. */
export interface SharedStep {
  /** What each does first. */
  readonly begin?: Emit
  /** A part of the step. */
  readonly run: (code: FunctionBuilder, part: Part) => void
  readonly isDivisible: boolean
  readonly split?: Split | undefined
}

/** A step that threads share. */
export const shared = (threads: Threads, { begin, isDivisible, run, split }: SharedStep): Runner => ({
  isShared: true,
  split,
  isDivisible,
  add: (isByNeed) => (code) => {
    begin?.(code)
    const parts = isByNeed && isDivisible ? partsAsNeeded : ownPart
    parts(code, threads, (part) => run(code, part))
  }
})

/** Pieces for each thread without which nothing is left to be taken by need. */
export const leastPieces = 4

/** Steps in order on the thread that gets there; in a profile, the end of each is noted. */
export const inOrder = (calls: ReadonlyArray<Call>, context: Context): Emit =>
  each(calls.map((call) => marked(call.add(false), call, context)))

const each =
  (emits: ReadonlyArray<Emit>): Emit =>
  (code) =>
    emits.forEach((emit) => emit(code))

const marked =
  (emit: Emit, { number }: Call, { profiled }: Context): Emit =>
  (code) => {
    emit(code)
    if (profiled !== undefined && number !== undefined) code.i32(number).call(profiled.mark)
  }

const onFirst =
  ({ thread }: Threads, emit: Emit): Emit =>
  (code) =>
    void code
      .get(thread)
      .op("index.eqz")
      .if(() => emit(code))

/**
 * Steps in order: what is not shared on the first thread, with a barrier before a step that depends on what other
 * threads may still be doing, and at the end. Between other steps no thread waits. What `isRepeated` runs again and
 * again: then the first steps depend on the last ones, and there is a barrier at the end only if they must wait. A step
 * between two barriers is taken by need, where that may be; the first is only if nothing `isBefore` it.
 */
export const sequence = (
  calls: ReadonlyArray<Call>,
  context: Context,
  { isBefore, isRepeated = false }: { readonly isBefore: boolean; readonly isRepeated?: boolean }
): Emit => {
  const { profiled, threads } = context
  if (threads === undefined || calls.length === 0) return inOrder(calls, context)
  // A part of a shared program that is not shared itself.
  if (!calls.some(({ isShared }) => isShared)) return onFirst(threads, inOrder(calls, context))
  const waits = waitsOf(calls, isRepeated)
  const wait =
    ({ number }: Call): Emit =>
    (code) => {
      code.call(threads.barrier)
      if (profiled !== undefined && number !== undefined) code.i32(~number).call(profiled.mark)
    }
  return each(
    calls.flatMap((call, i) => {
      const isByNeed = (waits[i] || (i === 0 && !isBefore)) && waits[i + 1]
      const run = marked(call.add(isByNeed), call, context)
      const before = waits[i] ? [wait(calls[i - 1])] : []
      const after = i + 1 === calls.length && waits[i + 1] ? [wait(call)] : []
      return [...before, call.isShared ? run : onFirst(threads, run), ...after]
    })
  )
}

/** Before which calls threads must wait, and whether at the end. */
const waitsOf = (calls: ReadonlyArray<Call>, isRepeated: boolean): ReadonlyArray<boolean> => {
  /** What was begun since the last barrier, and what before the first. */
  let pending: ReadonlyArray<Call> = []
  let first: ReadonlyArray<Call> | undefined
  const waits = calls.map((call) => {
    const mustWait = pending.some((other) => conflicts(other.touch, call.touch))
    if (mustWait) first ??= pending
    pending = mustWait ? [call] : [...pending, call]
    return mustWait
  })
  const next = first ?? pending
  return [...waits, !isRepeated || pending.some((call) => next.some((other) => conflicts(call.touch, other.touch)))]
}

/** Instructions below which a step alone is not worth starting threads: a barrier and moved cache lines cost as much. */
const leastShared = 30_000

/** Instructions below which a step is not worth sharing where others are: its neighbors may have the same parts. */
const leastBeside = 3_000

/** Whether any step of a program is large enough to be shared. */
export const hasLargeSteps = ({ steps }: LoopProgram): boolean => steps.some(isLarge)

const isLarge = (step: Step): boolean => {
  switch (step.tag) {
    case "nest":
      return hasLargeTotals(step) || workOf(step) >= leastShared
    case "contraction":
      return volume(step) >= leastVolume
    case "tiles":
      return true
    default:
      return inner(step).some(isLarge)
  }
}

/** Whether threads share the loops of a nest. */
export const isWorthSharing = (nest: Nest, { threads }: Context): boolean => {
  if (threads === undefined) return false
  if (hasLargeTotals(nest)) return true
  const axis = parallelAxis(nest)
  return axis !== undefined && axis.extent >= threads.count && workOf(nest) >= leastBeside
}

/** Instructions below which a part is not worth being taken by itself. */
const leastTaken = 4 * leastShared

/** Whether small parts of a nest cost no more than large ones: there is nothing that each would have to find out anew. */
export const isDivisible = (nest: Nest, { count }: Threads): boolean => {
  const axis = parallelAxis(nest)
  if (axis === undefined || axis.extent < leastPieces * count || hasLargeTotals(nest)) return false
  return workOf(nest) >= partsByNeed(count) * leastTaken && !hasReductionBeside(nest, axis)
}

const volume = ({ batch, column, depth, row }: Contraction): number => rounds([...batch, row, column, depth])

/** Multiplications from which on a matrix product is worth sharing. */
const leastVolume = 4 * leastShared

/** Whether threads share a matrix product. */
export const isWorthSplitting = (step: Contraction, { threads }: Context): boolean =>
  threads !== undefined && volume(step) >= leastVolume

/** What falls to a part: a range of the batch, of rows or of columns; and the ranges of all threads. */
export interface PartOf {
  readonly batch?: Share
  readonly units?: Share
  readonly panels?: Share
  readonly split: { readonly by: "batch" | "row" | "column"; readonly ranges: Split["ranges"] }
  readonly isDivisible: boolean
}

/** Parts of a matrix product: of the batch, of rows or of columns, whichever divides most evenly. */
export const partOf = (step: Contraction, product: Gemm, code: FunctionBuilder, { part, threads }: Portion): PartOf => {
  const { batch, column, row } = step
  const { panelColumns, panels, unitRows, units } = product
  // How much longer than the mean the largest part is.
  const excess = (extent: number): number => (Math.ceil(extent / threads.count) * threads.count) / extent
  const ranges = (count: number, each: number, extent: number): Split["ranges"] =>
    shares(threads.count, count, 1).map(([from, to]) => [from * each, to === count ? extent : to * each])
  const isLarge = volume(step) >= partsByNeed(threads.count) * leastVolume
  const hasPieces = (count: number): boolean => isLarge && count >= leastPieces * threads.count
  const [outer] = batch
  if (outer !== undefined && excess(outer.extent) <= Math.min(excess(panels), excess(units))) {
    const split = { by: "batch", ranges: ranges(outer.extent, 1, outer.extent) } as const
    return { batch: share(code, part, outer.extent, 1), split, isDivisible: hasPieces(outer.extent) }
  }
  if (excess(panels) <= excess(units)) {
    const split = { by: "column", ranges: ranges(panels, panelColumns, column.extent) } as const
    const isDivisible = hasPieces(panels) && !product.packsRows
    return { panels: share(code, part, panels, 1), split, isDivisible }
  }
  const split = { by: "row", ranges: ranges(units, unitRows, row.extent) } as const
  return { units: share(code, part, units, 1), split, isDivisible: hasPieces(units) && !product.packsColumns }
}
