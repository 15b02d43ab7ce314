/**
 * Runs plans. Where memory lies elsewhere than before, a plan is started operation by operation, in one native call; when
 * the same addresses come again, its lists of operations become graphs, each of which the driver starts at once.
 */
import type { DevicePlan, Memory, Place } from "../Plan.ts"
import type { Block, Round, Straight } from "./Blocks.ts"
import { blocks as blocksOf, resolve } from "./Blocks.ts"
import type { Graph } from "./Graphs.ts"
import { capture } from "./Graphs.ts"
import type { Module } from "./Modules.ts"
import type { Products } from "./Products.ts"
import type { Observer } from "./Profile.ts"
import { timeEach } from "./Profile.ts"
import type { Recording, Surroundings } from "./Recording.ts"
import { record } from "./Recording.ts"
import type { Session } from "./Session.ts"
import type { Transfers } from "./Transfers.ts"

/** What a plan is made ready with. */
export interface Ground {
  readonly session: Session
  readonly products: Products
  readonly transfers: Transfers
  readonly modules: ReadonlyArray<Module>
  /** Who wants to know how long operations take; they run one by one as long as there is somebody. */
  readonly observer: () => Observer | undefined
}

/** A plan that is ready. */
export interface Execution {
  /**
   * Starts a run; `addresses` are those of the inputs, the outputs and the scratch. The promise, where there is one, is
   * fulfilled when everything has been started: decisions wait for the device. It rejects with, or this throws,
   * `CudaError`.
   */
  readonly run: (addresses: ReadonlyArray<number>) => Promise<void> | undefined
  readonly close: () => void
}

/** Graphs of a plan for one set of addresses. */
interface Capture {
  readonly addresses: ReadonlyArray<number>
  readonly graphs: Map<Straight, Graph>
}

/** Sets of addresses that graphs are kept for, and sets that are remembered. */
const mostCaptures = 4
const mostSeen = 16
/** Fewer operations are started faster by themselves. */
const leastOperations = 3

const equal = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i])

/** Takes the element that `matches` out of a list and puts it behind the last. */
const refresh = <A>(list: Array<A>, matches: (element: A) => boolean): A | undefined => {
  const place = list.findIndex(matches)
  if (place < 0) return undefined
  const [found] = list.splice(place, 1)
  list.push(found)
  return found
}

/** Makes `plan` ready: what it refers to is looked up now. **Throws** `CudaError`. */
export const make = (plan: DevicePlan, inputs: number, outputs: number, ground: Ground): Execution => {
  const { modules, observer, products, session, transfers } = ground
  const slotOf = (memory: Memory): number =>
    memory.tag === "input" ? memory.index : memory.tag === "output" ? inputs + memory.index : inputs + outputs
  const surroundings: Surroundings = { session, modules, products, slotOf }
  const recordings = new WeakMap<Straight, Recording>()
  const recordingOf = (block: Straight): Recording => {
    const known = recordings.get(block)
    if (known !== undefined) return known
    const made = record(block, surroundings)
    recordings.set(block, made)
    return made
  }
  const captures: Array<Capture> = []
  const seen: Array<ReadonlyArray<number>> = []

  const remove = ({ graphs }: Capture): void => graphs.forEach(({ destroy }) => destroy())
  /** Where graphs for these addresses are kept; undefined at first sight of them. */
  const captureFor = (addresses: ReadonlyArray<number>): Capture | undefined => {
    const known = refresh(captures, (other) => equal(other.addresses, addresses))
    if (known !== undefined) return known
    if (refresh(seen, (other) => equal(other, addresses)) === undefined) {
      seen.push(addresses)
      if (seen.length > mostSeen) seen.shift()
      return undefined
    }
    const fresh: Capture = { addresses, graphs: new Map() }
    captures.push(fresh)
    if (captures.length > mostCaptures) remove(captures.shift()!)
    return fresh
  }
  const start = (block: Straight, addresses: ReadonlyArray<number>, kept: Capture | undefined): void => {
    const observe = observer()
    if (observe !== undefined) return timeEach(block, surroundings, { addresses, observe })
    const recording = recordingOf(block)
    if (kept === undefined || recording.operations < leastOperations) return recording.start(addresses)
    const known = kept.graphs.get(block) ?? capture(session, recording, addresses)
    kept.graphs.set(block, known)
    known.start()
  }
  const truth = async ({ memory, offset }: Place, round: Round, addresses: ReadonlyArray<number>): Promise<boolean> => {
    const [byte] = await transfers.download(addresses[slotOf(memory)] + resolve(offset, round), 1)
    return byte !== 0
  }
  const runAll = async (
    list: ReadonlyArray<Block>,
    addresses: ReadonlyArray<number>,
    kept: Capture | undefined
  ): Promise<void> => {
    for (const block of list) {
      switch (block.tag) {
        case "straight":
          start(block, addresses, kept)
          break
        case "choice": {
          const isTrue = await truth(block.predicate, block.round, addresses)
          await runAll(isTrue ? block.ifTrue : block.ifFalse, addresses, kept)
          break
        }
        case "loop":
          await runAll(block.condition, addresses, kept)
          while (await truth(block.predicate, block.round, addresses)) {
            await runAll(block.body, addresses, kept)
            await runAll(block.condition, addresses, kept)
          }
          break
        case "rounds":
          // Blocks of a round are made for it, so graphs of them would serve once.
          for (let i = 0; i < block.count; i++) await runAll(block.blocks(i), addresses, undefined)
      }
    }
  }
  const all = blocksOf(plan)
  const prepare = (list: ReadonlyArray<Block>): void => {
    for (const block of list) {
      if (block.tag === "straight") recordingOf(block)
      else if (block.tag === "choice") [block.ifTrue, block.ifFalse].forEach(prepare)
      else if (block.tag === "loop") [block.condition, block.body].forEach(prepare)
      else prepare(block.blocks(0))
    }
  }
  prepare(all)
  const straight = all.filter((block) => block.tag === "straight")
  return {
    run: (addresses) => {
      const kept = captureFor(addresses)
      if (straight.length < all.length) return runAll(all, addresses, kept)
      for (const block of straight) start(block, addresses, kept)
      return undefined
    },
    close: () => captures.forEach(remove)
  }
}
