/**
 * A list of operations as one command buffer. Behind the calls, in the same memory, stand the arguments of kernels, which
 * go by address. Addresses of inputs, outputs and scratch are holes, filled before a run.
 */
import type { Argument, Matrix, Memory, Place, Product } from "../Plan.ts"
import type { Bound } from "./Adapter.ts"
import type { Instance, Round, Straight } from "./Blocks.ts"
import { resolve, valueOf } from "./Blocks.ts"
import type { Call } from "./Commands.ts"
import { commands, failedEntry, writeWord } from "./Commands.ts"
import type { Event } from "./Events.ts"
import type { Module } from "./Modules.ts"
import type { Places, Products } from "./Products.ts"
import type { Session } from "./Session.ts"

/** What operations refer to. */
export interface Surroundings {
  readonly session: Session
  readonly modules: ReadonlyArray<Module>
  readonly products: Products
  /** The place of a memory among the addresses of a run. */
  readonly slotOf: (memory: Memory) => number
}

/** Operations that can be started in one native call. */
export interface Recording {
  readonly operations: number
  /** Starts them; `addresses` has one for each slot and does not change. **Throws** `CudaError`. */
  readonly start: (addresses: ArrayLike<number>) => void
}

/** A word that holds an address: the `offset`-th byte of what is in a slot. */
interface Hole {
  readonly slot: number
  readonly offset: number
}

/** A word of an argument: its bits, a hole, or the address of a word of this list. */
type Word = { readonly low: number; readonly high: number } | Hole | { readonly to: number }

/** A call some of whose arguments, by position, are holes or addresses of words. */
interface Draft {
  readonly call: Call
  readonly words: ReadonlyArray<readonly [argument: number, word: Hole | { readonly to: number }]>
}

const hole = (place: Place, round: Round, slotOf: Surroundings["slotOf"]): Hole => ({
  slot: slotOf(place.memory),
  offset: resolve(place.offset, round)
})

const scratch = new DataView(new ArrayBuffer(8))

const bits = (write: (view: DataView) => void): Word => {
  scratch.setBigUint64(0, 0n)
  write(scratch)
  return { low: scratch.getUint32(0, true), high: scratch.getUint32(4, true) }
}

const argumentWord = (argument: Argument, round: Round, slotOf: Surroundings["slotOf"]): Word => {
  switch (argument.tag) {
    case "pointer":
      return hole(argument.place, round, slotOf)
    case "counter":
      return bits((view) => view.setInt32(0, valueOf(argument.counter, round), true))
    case "i32":
      return bits((view) => view.setInt32(0, argument.value, true))
    case "i64":
      return bits((view) => view.setBigInt64(0, BigInt(argument.value), true))
    case "f32":
      return bits((view) => view.setFloat32(0, argument.value, true))
    case "f64":
      return bits((view) => view.setFloat64(0, argument.value, true))
  }
}

/** The largest power of two up to 256 that divides all of `numbers`. */
const alignment = (...numbers: ReadonlyArray<number>): number => {
  let power = 256
  while (numbers.some((number) => number % power !== 0)) power /= 2
  return power
}

const bytesOf = { f64: 8, f32: 4, bf16: 2, f16: 2 } as const

const alignmentsOf = ({ a, b, dtype, result, resultType }: Product, round: Round): Places => {
  const of = ({ batchStride, place }: Matrix, width: number) =>
    alignment(resolve(place.offset, round), width * batchStride)
  return { a: of(a, bytesOf[dtype]), b: of(b, bytesOf[dtype]), result: of(result, bytesOf[resultType]) }
}

/** Filled in before a run. */
const later = 0

/** The calls of one operation; `keep` puts words behind the calls and gives the position of the first. */
const draft = (
  { round, work }: Instance,
  { modules, products, session, slotOf }: Surroundings,
  keep: (words: ReadonlyArray<Word>) => number
): ReadonlyArray<Draft> => {
  const { cuda, stream } = session
  switch (work.tag) {
    case "launch": {
      const { handle } = modules[work.source].kernel(work.kernel, work.sharedBytes)
      const first = keep(work.arguments.map((argument) => argumentWord(argument, round, slotOf)))
      const pointers = keep(work.arguments.map((_, i) => ({ to: first + i })))
      const call: Call = [cuda.cuLaunchKernel, handle, ...work.grid, ...work.block, work.sharedBytes, stream, later, 0]
      return [{ call, words: [[9, { to: pointers }]] }]
    }
    case "product": {
      const prepared = products.prepare(work, alignmentsOf(work, round))
      const { a, b, epilogue, result } = work
      const at = (matrix: Matrix) => hole(matrix.place, round, slotOf)
      const call = prepared.multiply({ a: later, b: later, result: later })
      const multiply: Draft = {
        call,
        words: [
          [3, at(b)],
          [5, at(a)],
          [8, at(result)],
          [10, at(result)]
        ]
      }
      if (epilogue.bias === undefined) return [multiply]
      const pointer = keep([hole(epilogue.bias, round, slotOf)])
      return [{ call: prepared.bias(later), words: [[2, { to: pointer }]] }, multiply]
    }
    case "copy": {
      const words = [[0, hole(work.to, round, slotOf)] as const, [1, hole(work.from, round, slotOf)] as const]
      return [{ call: [cuda.cuMemcpyDtoDAsync_v2, later, later, work.bytes, stream], words }]
    }
    case "clear":
      return [
        { call: [cuda.cuMemsetD8Async, later, 0, work.bytes, stream], words: [[0, hole(work.place, round, slotOf)]] }
      ]
  }
}

/**
 * Records operations; `marks`, one more than there are operations, are set before the first and behind each. **Throws**
 * `CudaError`, as for a kernel that is not there.
 */
export const record = (
  { instances }: Straight,
  surroundings: Surroundings,
  marks: ReadonlyArray<Event> = []
): Recording => {
  const { adapter, enter, error } = surroundings.session
  const kept: Array<Word> = []
  const keep = (words: ReadonlyArray<Word>): number => {
    const first = kept.length
    for (const word of words) kept.push(word)
    return first
  }
  const mark = (at: number): ReadonlyArray<Draft> =>
    marks.slice(at, at + 1).map((event) => ({ call: event.record, words: [] }))
  const drafts: ReadonlyArray<Draft> = [
    { call: enter, words: [] },
    ...mark(0),
    ...instances.flatMap((instance, i) => [...draft(instance, surroundings, keep), ...mark(i + 1)])
  ]
  const list = commands(
    adapter,
    drafts.map(({ call }) => call)
  )
  const start = list.words.length / 2
  const words = new Uint32Array(list.words.length + 2 * kept.length)
  words.set(list.words)
  const base = adapter.address(words)
  const holes: Array<number> = []
  const fill = (at: number, word: Word): void => {
    if ("to" in word) writeWord(words, at, base + 8 * (start + word.to))
    else if ("slot" in word) holes.push(at, word.slot, word.offset)
    else {
      words[2 * at] = word.low
      words[2 * at + 1] = word.high
    }
  }
  kept.forEach((word, i) => fill(start + i, word))
  let at = 2
  for (const { call, words: special } of drafts) {
    for (const [argument, word] of special) fill(at + 2 + argument, word)
    at += call.length + 1
  }
  const bound: Bound = adapter.bind(words)
  // The word, the slot and the offset of each hole; there may be many.
  const table = Float64Array.from(holes)
  let filledFor: ArrayLike<number> | undefined
  return {
    operations: instances.length,
    start: (addresses) => {
      if (addresses !== filledFor) {
        for (let i = 0; i < table.length; i += 3) writeWord(words, table[i], addresses[table[i + 1]] + table[i + 2])
        filledFor = addresses
      }
      const status = adapter.run(bound)
      if (status !== 0) throw error(failedEntry({ words, entries: list.entries }), status)
    }
  }
}
