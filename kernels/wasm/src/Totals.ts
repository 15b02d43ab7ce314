/**
 * Large sums over everything: where a nest has no loops that threads could share, they share those of its reductions.
 *
 * **Numerics** A large reduction is that of its blocks, in order, and of what is left over. Blocks are as its extents
 * say, whether threads share them or not, so the result is the same for any number of threads.
 */
import type { Nest } from "@cotangent/compiler/LoopProgram"
import type { Reduce, Scalar } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import type { Threads } from "./Barrier.ts"
import { share } from "./Barrier.ts"
import type { Emitter } from "./Emitter.ts"
import type { Local } from "./FunctionBuilder.ts"

/** Terms from which on a reduction runs in blocks. */
const leastTerms = 1 << 15

/** The most blocks. */
const mostBlocks = 64

/** What the blocks of a nest are shared by and put into. */
export interface Means {
  /** The threads that share the nest. */
  readonly threads?: Threads | undefined
  /** The address of scratch memory that they share. */
  readonly shared: (bytes: number) => Local<"i32">
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
  readonly node: Reduce
  readonly count: number
  /** Rounds of the first variable in a block. */
  readonly extent: number
  /** Where the results of the blocks go. */
  readonly results: Local<"i32">
}

/**
 * Emits the reductions of all blocks, this thread's part of them, and gives code for the values of the whole, which
 * must run on one thread.
 */
export const emitTotals = (
  totals: ReadonlyArray<Reduce>,
  emitter: Emitter,
  { shared, threads }: Means
): (() => ReadonlyArray<readonly [Scalar, Local]>) => {
  const { code } = emitter
  const memory = shared(totals.length * mostBlocks * 8)
  const all = totals.map((node, i): Blocks => {
    const results = code.local("i32")
    code
      .get(memory)
      .i32(i * mostBlocks * 8)
      .op("i32.add")
      .set(results)
    return { node, results, ...blocksOf(node, emitter.reductions.stepOf(node)) }
  })
  for (const blocks of all) emitBlocks(blocks, emitter, threads)
  if (threads !== undefined) code.call(threads.barrier)
  return () => all.map((blocks) => [blocks.node, whole(blocks, emitter)] as const)
}

const blocksOf = ({ variables: [first] }: Reduce, step: number): { readonly count: number; readonly extent: number } => {
  const steps = Math.floor(first.extent / step)
  const perBlock = Math.ceil(steps / mostBlocks)
  return { count: Math.floor(steps / perBlock), extent: perBlock * step }
}

const emitBlocks = ({ count, extent, node, results }: Blocks, emitter: Emitter, threads: Threads | undefined): void => {
  const { code, reductions } = emitter
  const [block, from, to] = [code.local("i32"), code.local("i32"), code.local("i32")]
  const range = threads === undefined ? { from: 0, to: count } : share(code, threads, count, 1)
  code.forLoop({ local: block, ...range, step: 1 }, () =>
    emitter.within([], () => {
      code.get(block).i32(extent).op("i32.mul").tee(from).i32(extent).op("i32.add").set(to)
      const value = reductions.scalar(node, { from, to })
      code.get(results).get(block).i32(3).op("i32.shl").op("i32.add").get(value).op(`${value.type}.store`)
    })
  )
}

/** The results of all blocks in order, and the rest, as one. */
const whole = ({ count, extent, node, results }: Blocks, emitter: Emitter): Local => {
  const { code, machine, reductions } = emitter
  const total = reductions.nothing(node)
  const [block, value] = [code.local("i32"), code.local(total.type)]
  code.forLoop({ local: block, from: 0, to: count, step: 1 }, () => {
    code.get(results).get(block).i32(3).op("i32.shl").op("i32.add").op(`${total.type}.load`).set(value)
    reductions.combine(node, total, value)
  })
  const [first] = node.variables
  if (count * extent < first.extent) {
    reductions.combine(node, total, reductions.scalar(node, { from: count * extent, to: first.extent }))
  }
  const round = node.combine === "add" ? machine.halves.rounding(node.dtype) : undefined
  if (round !== undefined) code.get(total).call(round).set(total)
  return total
}
