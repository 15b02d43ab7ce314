/**
 * Which steps threads share, and in what order they run.
 */
import type { Contraction, LoopProgram, Nest, Step } from "@cotangent/compiler/LoopProgram"
import { inner } from "@cotangent/compiler/LoopProgram"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Share, Threads } from "./Barrier.ts"
import { share, shares } from "./Barrier.ts"
import type { Split, Touch } from "./Conflicts.ts"
import { conflicts } from "./Conflicts.ts"
import type { Context } from "./Context.ts"
import type { FunctionBuilder } from "./FunctionBuilder.ts"
import type { Gemm } from "./gemm.ts"
import { parallelAxis } from "./Nests.ts"
import { hasLargeTotals } from "./Totals.ts"

/** How a step is run. */
export interface Call {
  /** Emits what runs the step into the function that runs its surroundings. */
  readonly emit: (code: FunctionBuilder) => void
  /** All threads take part. */
  readonly isShared: boolean
  readonly touch: Touch
  /** Its number in the profile, where one is taken. */
  readonly number?: number
}

/** What runs a step, whether all threads take part, and who has what of it, where that is known. */
export interface Runner extends Pick<Call, "emit" | "isShared"> {
  readonly split?: Split | undefined
}

/** A step of the first thread. */
export const alone = (emit: Call["emit"]): Runner => ({ emit, isShared: false })

/** Runs steps in order on the thread that gets there; in a profile, the end of each is noted. */
export const inOrder = (calls: ReadonlyArray<Call>, code: FunctionBuilder, { profiled }: Context): void => {
  for (const { emit, number } of calls) {
    emit(code)
    if (profiled !== undefined && number !== undefined) code.i32(number).call(profiled.mark)
  }
}

/**
 * Runs steps in order: what is not shared on the first thread, with a barrier before a step that depends on what other
 * threads may still be doing, and at the end. Between other steps no thread waits. What `isRepeated` runs again and
 * again: then the first steps depend on the last ones, and there is a barrier at the end only if they must wait.
 */
export const sequence = (
  calls: ReadonlyArray<Call>,
  code: FunctionBuilder,
  context: Context,
  isRepeated = false
): void => {
  const { profiled, threads } = context
  if (threads === undefined || !calls.some(({ isShared }) => isShared)) {
    // A part of a shared program that is not shared itself.
    if (threads === undefined || calls.length === 0) return inOrder(calls, code, context)
    return void code
      .get(threads.thread)
      .op("index.eqz")
      .if(() => inOrder(calls, code, context))
  }
  /** What was begun since the last barrier, and what before the first. */
  let pending: ReadonlyArray<Call> = []
  let first: ReadonlyArray<Call> | undefined
  const wait = (): void => {
    code.call(threads.barrier)
    const number = pending.at(-1)?.number
    if (profiled !== undefined && number !== undefined) code.i32(~number).call(profiled.mark)
    first ??= pending
    pending = []
  }
  for (const call of calls) {
    if (pending.some((other) => conflicts(other.touch, call.touch))) wait()
    if (call.isShared) inOrder([call], code, context)
    else
      code
        .get(threads.thread)
        .op("index.eqz")
        .if(() => inOrder([call], code, context))
    pending = [...pending, call]
  }
  const next = first ?? pending
  if (!isRepeated || pending.some((call) => next.some((other) => conflicts(call.touch, other.touch)))) wait()
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

/** About how many instructions a nest executes. */
const workOf = ({ axes, stages }: Nest): number => {
  const rounds = (variables: ReadonlyArray<Variable>): number =>
    variables.reduce((product, { extent }) => product * extent, 1)
  const known = new Map<Scalar, number>()
  const cost = (scalar: Scalar): number => {
    const found = known.get(scalar)
    if (found !== undefined) return found
    const inner = scalar.tag === "load" ? 0 : Math.max(0, ...children(scalar).map(cost))
    const total = (scalar.tag === "reduce" ? rounds(scalar.variables) : 1) * (1 + inner)
    known.set(scalar, total)
    return total
  }
  const perRound = stages.map(
    (stage) => rounds(stage.axes) * stage.stores.reduce((sum, { value }) => sum + cost(value), 0)
  )
  return rounds(axes) * perRound.reduce((sum, stage) => sum + stage, 0)
}

const volume = ({ batch, column, depth, row }: Contraction): number =>
  [...batch, row, column, depth].reduce((product, { extent }) => product * extent, 1)

/** Multiplications from which on a matrix product is worth sharing. */
const leastVolume = 4 * leastShared

/** Whether threads share a matrix product. */
export const isWorthSplitting = (step: Contraction, { threads }: Context): boolean =>
  threads !== undefined && volume(step) >= leastVolume

/** What falls to this thread: a range of the batch, of rows or of columns; and the ranges of all. */
export interface PartOf {
  readonly batch?: Share
  readonly units?: Share
  readonly panels?: Share
  readonly split: { readonly by: "batch" | "row" | "column"; readonly ranges: Split["ranges"] }
}

/** Parts of a matrix product: of the batch, of rows or of columns, whichever divides most evenly. */
export const partOf = (
  { batch, column, row }: Contraction,
  { panelColumns, panels, unitRows, units }: Gemm,
  code: FunctionBuilder,
  threads: Threads
): PartOf => {
  // How much longer than the mean the largest part is.
  const excess = (extent: number): number => (Math.ceil(extent / threads.count) * threads.count) / extent
  const ranges = (count: number, each: number, extent: number): Split["ranges"] =>
    shares(threads.count, count, 1).map(([from, to]) => [from * each, to === count ? extent : to * each])
  const [outer] = batch
  if (outer !== undefined && excess(outer.extent) <= Math.min(excess(panels), excess(units))) {
    const split = { by: "batch", ranges: ranges(outer.extent, 1, outer.extent) } as const
    return { batch: share(code, threads, outer.extent, 1), split }
  }
  if (excess(panels) <= excess(units)) {
    const split = { by: "column", ranges: ranges(panels, panelColumns, column.extent) } as const
    return { panels: share(code, threads, panels, 1), split }
  }
  const split = { by: "row", ranges: ranges(units, unitRows, row.extent) } as const
  return { units: share(code, threads, units, 1), split }
}
