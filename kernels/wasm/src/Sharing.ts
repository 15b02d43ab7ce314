/**
 * Which steps threads share, and in what order they run.
 */
import type { Contraction, Nest } from "@cotangent/compiler/LoopProgram"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Share, Threads } from "./Barrier.ts"
import { share } from "./Barrier.ts"
import type { Touch } from "./Conflicts.ts"
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

/** What runs a step, and whether all threads take part. */
export type Runner = Pick<Call, "emit" | "isShared">

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
 * threads may still be doing, and at the end. Between other steps no thread waits.
 */
export const sequence = (calls: ReadonlyArray<Call>, code: FunctionBuilder, context: Context): void => {
  const { profiled, threads } = context
  if (threads === undefined || !calls.some(({ isShared }) => isShared)) {
    // A part of a shared program that is not shared itself.
    if (threads === undefined || calls.length === 0) return inOrder(calls, code, context)
    return void code
      .get(threads.thread)
      .op("i32.eqz")
      .if(() => inOrder(calls, code, context))
  }
  /** What was begun since the last barrier. */
  let pending: ReadonlyArray<Call> = []
  const wait = (): void => {
    code.call(threads.barrier)
    const number = pending.at(-1)?.number
    if (profiled !== undefined && number !== undefined) code.i32(~number).call(profiled.mark)
    pending = []
  }
  for (const call of calls) {
    const isAlone = ({ isShared }: Call): boolean => !isShared && !call.isShared
    if (pending.some((other) => !isAlone(other) && conflicts(other.touch, call.touch))) wait()
    if (call.isShared) inOrder([call], code, context)
    else
      code
        .get(threads.thread)
        .op("i32.eqz")
        .if(() => inOrder([call], code, context))
    pending = [...pending, call]
  }
  wait()
}

/** Instructions below which a step is not worth sharing: a barrier and moved cache lines cost as much. */
const leastShared = 30_000

/** Whether threads share the loops of a nest. */
export const isWorthSharing = (nest: Nest, { threads }: Context): boolean => {
  if (threads === undefined) return false
  if (hasLargeTotals(nest)) return true
  const axis = parallelAxis(nest)
  return axis !== undefined && axis.extent >= threads.count && workOf(nest) >= leastShared
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

/** Whether threads share a matrix product. */
export const isWorthSplitting = ({ batch, column, depth, row }: Contraction, { threads }: Context): boolean =>
  threads !== undefined &&
  [...batch, row, column, depth].reduce((product, { extent }) => product * extent, 1) >= 4 * leastShared

/** What falls to this thread: a range of the batch, of rows or of columns, whichever divides most evenly. */
export const partOf = (
  { batch }: Contraction,
  { panels, units }: Gemm,
  code: FunctionBuilder,
  threads: Threads
): { readonly batch?: Share; readonly units?: Share; readonly panels?: Share } => {
  // How much longer than the mean the largest part is.
  const excess = (extent: number): number => (Math.ceil(extent / threads.count) * threads.count) / extent
  const [outer] = batch
  if (outer !== undefined && excess(outer.extent) <= Math.min(excess(panels), excess(units))) {
    return { batch: share(code, threads, outer.extent, 1) }
  }
  return excess(panels) <= excess(units)
    ? { panels: share(code, threads, panels, 1) }
    : { units: share(code, threads, units, 1) }
}
