/**
 * Large sums over everything: where a nest has no loops that threads could share, they share those of its reductions.
 *
 * **Numerics** A large reduction is that of its blocks, in order, and of what is left over. Blocks are as its extents
 * say, whether threads share them or not, so the result is the same for any number of threads.
 */
import type { Nest } from "@cotangent/compiler/LoopProgram"
import type { Reduce, Scalar } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Emitter } from "./Emitter.ts"
import type { Bound, FunctionBuilder, Local } from "./FunctionBuilder.ts"
import type { Portion } from "./Parts.ts"
import { partsAsNeeded, share } from "./Parts.ts"

/** Terms from which on a reduction runs in blocks. */
const leastTerms = 1 << 15

/** The most blocks. */
const mostBlocks = 64

/** Bytes of the results of the blocks of one reduction. */
export const resultBytes = mostBlocks * 8

/** What the blocks of a nest are shared by and put into. */
export interface Means {
  /** What of the nest is to be done, where threads share it. */
  readonly portion?: Portion | undefined
  /** The address of `resultBytes` bytes that they share; a thread that runs the nest alone has its own. */
  readonly results: () => Local<"index">
}

/** Whether a nest has no loops of its own. */
export const isSingle = ({ axes, stages }: Nest): boolean =>
  axes.length === 0 && stages.every((stage) => stage.axes.length === 0)

/** The large reductions in values, without those inside of others. */
export const largeTotals = (values: ReadonlyArray<Scalar>): ReadonlyArray<Reduce> => {
  const found: Array<Reduce> = []
  const seen = new Set<Scalar>()
  const visit = (scalar: Scalar): void => {
    if (seen.has(scalar)) return
    seen.add(scalar)
    if (scalar.tag !== "reduce") return children(scalar).forEach(visit)
    const terms = scalar.variables.reduce((product, { extent }) => product * extent, 1)
    if (terms >= leastTerms) found.push(scalar)
  }
  values.forEach(visit)
  return found
}

/** Whether threads can share the reductions of a nest. */
export const hasLargeTotals = (nest: Nest): boolean =>
  isSingle(nest) && largeTotals(nest.stages.flatMap(({ stores }) => stores.map(({ value }) => value))).length > 0

/** Blocks of the first variable of a reduction. */
interface Blocks {
  readonly count: number
  /** Rounds of the first variable in a block. */
  readonly extent: number
}

/**
 * Emits large reductions, one after the other; every thread has their values then. Threads wait twice for each: until
 * the results of all blocks are there, and until all have read them, as the next large reduction puts its own there.
 */
export const emitTotals = (
  totals: ReadonlyArray<Reduce>,
  emitter: Emitter,
  { results, portion }: Means
): ReadonlyArray<readonly [Scalar, Local]> => {
  const { code, reductions } = emitter
  const memory = results()
  const wait = (): unknown => portion !== undefined && code.call(portion.threads.barrier)
  return totals.map((node) => {
    const blocks = blocksOf(node, reductions.stepOf(node))
    emitBlocks(node, blocks, emitter, { memory, portion })
    wait()
    const total = whole(node, blocks, memory, emitter)
    wait()
    return [node, total] as const
  })
}

const blocksOf = ({ variables: [first] }: Reduce, step: number): Blocks => {
  const steps = Math.floor(first.extent / step)
  const perBlock = Math.ceil(steps / mostBlocks)
  return { count: Math.floor(steps / perBlock), extent: perBlock * step }
}

const emitBlocks = (
  node: Reduce,
  { count, extent }: Blocks,
  emitter: Emitter,
  { memory, portion }: { readonly memory: Local<"index">; readonly portion: Portion | undefined }
): void => {
  const { code, reductions } = emitter
  const [block, from, to] = [code.local("index"), code.local("index"), code.local("index")]
  const run = (range: { readonly from: Bound; readonly to: Bound }): unknown =>
    code.forLoop({ local: block, ...range, step: 1 }, () =>
      emitter.within([], () => {
        code.get(block).whole(extent).op("index.mul").tee(from).whole(extent).op("index.add").set(to)
        const value = reductions.scalar(node, { from, to })
        pushPlace(code, memory, block).get(value).op(`${value.type}.store`)
      })
    )
  if (portion === undefined) run({ from: 0, to: count })
  // Threads meet behind, and before at the last step, if any, whose parts were taken.
  else partsAsNeeded(code, portion.threads, (part) => run(share(code, part, count, 1)))
}

const pushPlace = (code: FunctionBuilder, memory: Local<"index">, block: Local<"index">): FunctionBuilder =>
  code.get(memory).get(block).whole(3).op("index.shl").op("index.add")

/** The results of all blocks in order, and the rest, as one. */
const whole = (node: Reduce, { count, extent }: Blocks, memory: Local<"index">, emitter: Emitter): Local => {
  const { code, machine, reductions } = emitter
  const total = reductions.nothing(node)
  const [block, value] = [code.local("index"), code.local(total.type)]
  code.forLoop({ local: block, from: 0, to: count, step: 1 }, () => {
    pushPlace(code, memory, block).op(`${total.type}.load`).set(value)
    reductions.combine(node, total, value)
  })
  const [first] = node.variables
  if (count * extent < first.extent) {
    emitter.within([], () =>
      reductions.combine(node, total, reductions.scalar(node, { from: count * extent, to: first.extent }))
    )
  }
  const round = node.combine === "add" ? machine.halves.rounding(node.dtype) : undefined
  if (round !== undefined) code.get(total).call(round).set(total)
  return total
}
