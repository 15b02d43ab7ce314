/**
 * Where threads wait for one another, and the words of shared memory through which they do.
 */
import type { FunctionBuilder, FunctionReference, Global } from "./FunctionBuilder.ts"
import type { ModuleBuilder } from "./Module.ts"

/** Words of the control block, counted in i32. Those that change often stand on lines of their own. */
export const words = {
  /** Grows with every command; workers wait for it to change. */
  sequence: 0,
  /** What to do, and with what: a program, an address in two halves, a length. */
  command: 1,
  program: 2,
  low: 3,
  high: 4,
  length: 5,
  /** Not 0 when a thread has begun to say why it failed. */
  claimed: 6,
  /** How many parts of the present step have been taken by need. */
  taken: 16,
  /** Threads that have reached the barrier, how often all have, and how many sleep before it. */
  arrived: 32,
  generation: 48,
  sleepers: 49,
  /** Not 0 when a thread has failed: nobody waits for it any longer. */
  failed: 50,
  /** Why, one character a word. */
  reason: 64,
  /** The last command that each thread has done. */
  answers: 192
} as const

/** What threads are told to do. */
export const commands = { load: 1, unload: 2, run: 3 } as const

/** Words of the control block. */
export const controlWords = (threads: number): number => words.answers + threads

/** How long a thread looks for others before it sleeps: docs/decisions/0008. **Units** milliseconds. */
export const patience = 0.05

/** What a module needs to split its work over threads. */
export interface Threads {
  readonly count: number
  /** The number of this thread, from 0. */
  readonly thread: Global<"index">
  readonly barrier: FunctionReference
  /** Address of the control block. */
  readonly control: Global<"index">
}

/** Rounds that a thread looks again before it calls `idle`: about as long as one needs to hear from another. */
const rounds = 100

/**
 * Adds a barrier: a function that returns when all threads have called it. Threads look for a while, then call the
 * host's `idle(generation)`, which may return when it likes; who comes last wakes those who sleep there, and has the parts
 * that are taken by need counted from 0 again. **Traps** where a thread has failed. The module must not have functions yet.
 */
export const add = (module: ModuleBuilder, control: Global<"index">, count: number): FunctionReference => {
  const idle = module.importFunction({ name: "idle", parameters: ["i32"] })
  const code = module.function({ name: "barrier", parameters: [] })
  const [block, generation, spins] = [code.local("index"), code.local("i32"), code.local("i32")]
  const load = (word: number): FunctionBuilder => code.get(block).op("i32.atomic.load", 4 * word)
  code.get(control).set(block)
  load(words.generation).set(generation)
  code
    .get(block)
    .i32(1)
    .op("i32.atomic.rmw.add", 4 * words.arrived)
    .i32(count - 1)
    .op("i32.eq")
  code.if(() => {
    for (const word of [words.arrived, words.taken]) {
      code
        .get(block)
        .i32(0)
        .op("i32.atomic.store", 4 * word)
    }
    code
      .get(block)
      .i32(1)
      .op("i32.atomic.rmw.add", 4 * words.generation)
      .drop()
    load(words.sleepers).if(() =>
      code
        .get(block)
        .i32(count)
        .op("memory.atomic.notify", 4 * words.generation)
        .drop()
    )
    code.return()
  })
  code.loop((again) => {
    load(words.generation).get(generation).op("i32.eq")
    code.if(() => {
      code.get(spins).i32(1).op("i32.add").tee(spins).i32(rounds).op("i32.lt_u").brIf(again)
      code.get(generation).call(idle)
      load(words.failed).op("i32.eqz").brIf(again)
    })
  })
  load(words.failed).if(() => code.unreachable())
  return code
}
