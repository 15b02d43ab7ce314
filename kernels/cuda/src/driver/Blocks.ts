/**
 * The order of a plan: repetitions are written out, so that what is left are lists of operations that need nobody to
 * decide anything, and the decisions between them.
 */
import type { Clear, Copy, Counter, DevicePlan, Launch, Offset, Operation, Place, Product } from "../Plan.ts"

/** The values of the counters of enclosing repetitions. */
export type Round = ReadonlyMap<Counter, number>

/** An operation that is started and not waited for. */
export type Work = Launch | Product | Copy | Clear

/** An operation of one round. */
export interface Instance {
  readonly work: Work
  readonly round: Round
}

/** Operations that follow one another. */
export interface Straight {
  readonly tag: "straight"
  readonly instances: ReadonlyArray<Instance>
}

/** One of two lists. */
export interface Choice {
  readonly tag: "choice"
  readonly predicate: Place
  readonly round: Round
  readonly ifTrue: ReadonlyArray<Block>
  readonly ifFalse: ReadonlyArray<Block>
}

/** A list that runs as long as another one says so. */
export interface Loop {
  readonly tag: "loop"
  readonly condition: ReadonlyArray<Block>
  readonly predicate: Place
  readonly round: Round
  readonly body: ReadonlyArray<Block>
}

/** A repetition too long to be written out. */
export interface Rounds {
  readonly tag: "rounds"
  readonly count: number
  readonly blocks: (value: number) => ReadonlyArray<Block>
}

/** A part of a run. */
export type Block = Straight | Choice | Loop | Rounds

/** How much is written out. */
export interface Limits {
  /** Operations of a repetition, all rounds together. */
  readonly repetition: number
  /** Operations of a list. */
  readonly list: number
}

/** A graph of this many kernels takes about 10 ms to be made, and 100 bytes a kernel. */
export const usualLimits: Limits = { repetition: 2 ** 17, list: 2 ** 12 }

/** The number of bytes that an offset is in a round. **Throws** where it depends on a counter that nobody runs. */
export const resolve = ({ constant, terms }: Offset, round: Round): number =>
  terms.reduce((sum, { counter, modulo, plus, stride }) => {
    const value = valueOf(counter, round) + plus
    return sum + stride * (modulo === undefined ? value : ((value % modulo) + modulo) % modulo)
  }, constant)

/** The value of a counter. **Throws** where no enclosing repetition has it. */
export const valueOf = (counter: Counter, round: Round): number => {
  const value = round.get(counter)
  if (value === undefined) throw new RangeError(`no repetition around this operation counts ${counter.name}`)
  return value
}

/** How many operations run, where every choice is taken once. */
const sizeOf = (operations: ReadonlyArray<Operation>): number =>
  operations.reduce((sum, operation) => {
    switch (operation.tag) {
      case "repeat":
        return sum + operation.count * sizeOf(operation.body)
      case "branch":
        return sum + sizeOf(operation.ifTrue) + sizeOf(operation.ifFalse)
      case "while":
        return sum + sizeOf(operation.condition) + sizeOf(operation.body)
      default:
        return sum + 1
    }
  }, 0)

/** The blocks of a plan. */
export const blocks = ({ operations }: DevicePlan, limits: Limits = usualLimits): ReadonlyArray<Block> =>
  blocksOf(operations, new Map(), limits)

const blocksOf = (operations: ReadonlyArray<Operation>, round: Round, limits: Limits): ReadonlyArray<Block> => {
  const done: Array<Block> = []
  let open: Array<Instance> = []
  const close = (): void => {
    if (open.length > 0) done.push({ tag: "straight", instances: open })
    open = []
  }
  const visit = (list: ReadonlyArray<Operation>, at: Round): void => {
    for (const operation of list) {
      switch (operation.tag) {
        case "repeat": {
          const { body, count, counter } = operation
          const within = (value: number): Round => new Map(at).set(counter, value)
          if (count * sizeOf(body) <= limits.repetition) {
            for (let value = 0; value < count; value++) visit(body, within(value))
          } else {
            close()
            done.push({ tag: "rounds", count, blocks: (value) => blocksOf(body, within(value), limits) })
          }
          break
        }
        case "branch": {
          close()
          const { ifFalse, ifTrue, predicate } = operation
          const [yes, no] = [blocksOf(ifTrue, at, limits), blocksOf(ifFalse, at, limits)]
          done.push({ tag: "choice", predicate, round: at, ifTrue: yes, ifFalse: no })
          break
        }
        case "while": {
          close()
          const { body, condition, predicate } = operation
          const [test, inside] = [blocksOf(condition, at, limits), blocksOf(body, at, limits)]
          done.push({ tag: "loop", condition: test, predicate, round: at, body: inside })
          break
        }
        default:
          if (open.length === limits.list) close()
          open.push({ work: operation, round: at })
      }
    }
  }
  visit(operations, round)
  close()
  return done
}
