/**
 * Where threads wait for one another, and the words of shared memory through which they do.
 */
import type { FunctionBuilder, FunctionReference, Global, Local } from "./FunctionBuilder.ts"
import type { ModuleBuilder } from "./Module.ts"

/** Words of the control block, counted in i32. Those that change often stand on lines of their own. */
export const words = {
  /** Grows with every command; workers wait for it to change. */
  sequence: 0,
  /** What to do, and with what. */
  command: 1,
  first: 2,
  second: 3,
  third: 4,
  /** Workers that have done their command. */
  done: 16,
  /** Not 0 when a thread has failed: nobody waits for it any longer. */
  failed: 17,
  /** Threads that have reached the barrier, how often all have, and how many sleep before it. */
  arrived: 32,
  generation: 48,
  sleepers: 49
} as const

/** Bytes of the control block. */
export const controlBytes = 256

/** What a module needs to split its work over threads. */
export interface Threads {
  readonly count: number
  /** The number of this thread, from 0. */
  readonly thread: Global<"i32">
  readonly barrier: FunctionReference
}

/** Rounds that a thread looks again before it sleeps: some 20 µs. */
const patience = 8000

/** How long a thread sleeps before it looks whether another has failed. **Units** nanoseconds. */
const sleepNanos = 2_000_000n

/**
 * Adds a barrier: a function that returns when all threads have called it. Threads spin for a while, then sleep; who
 * comes last wakes those who do. **Traps** where another thread has failed.
 */
export const add = (module: ModuleBuilder, control: Global<"i32">, count: number): FunctionReference => {
  const code = module.function({ name: "barrier", parameters: [] })
  const [block, generation, spins] = [code.local("i32"), code.local("i32"), code.local("i32")]
  code.get(control).set(block)
  code
    .get(block)
    .op("i32.atomic.load", 4 * words.generation)
    .set(generation)
  code
    .get(block)
    .i32(1)
    .op("i32.atomic.rmw.add", 4 * words.arrived)
    .i32(count - 1)
    .op("i32.eq")
  code.if(() => {
    code
      .get(block)
      .i32(0)
      .op("i32.atomic.store", 4 * words.arrived)
    code
      .get(block)
      .i32(1)
      .op("i32.atomic.rmw.add", 4 * words.generation)
      .drop()
    code.get(block).op("i32.atomic.load", 4 * words.sleepers)
    code.if(() =>
      code
        .get(block)
        .i32(count)
        .op("memory.atomic.notify", 4 * words.generation)
        .drop()
    )
    code.return()
  })
  code.loop((again) => {
    code
      .get(block)
      .op("i32.atomic.load", 4 * words.generation)
      .get(generation)
      .op("i32.ne")
    code.if(() => code.return())
    code.get(spins).i32(1).op("i32.add").tee(spins).i32(patience).op("i32.lt_u").brIf(again)
    code.get(block).op("i32.atomic.load", 4 * words.failed)
    code.if(() => code.unreachable())
    code
      .get(block)
      .i32(1)
      .op("i32.atomic.rmw.add", 4 * words.sleepers)
      .drop()
    code
      .get(block)
      .get(generation)
      .i64(sleepNanos)
      .op("memory.atomic.wait32", 4 * words.generation)
      .drop()
    code
      .get(block)
      .i32(1)
      .op("i32.atomic.rmw.sub", 4 * words.sleepers)
      .drop()
    code.br(again)
  })
  return code
}

/** The part of a range that falls to this thread. */
export interface Share {
  readonly from: Local<"i32">
  readonly to: Local<"i32">
}

/**
 * Computes this thread's share of `[0, extent)`: whole granules, as evenly as they go; the last thread also has what
 * is left over.
 */
export const share = (code: FunctionBuilder, { count, thread }: Threads, extent: number, granule: number): Share => {
  const granules = Math.ceil(extent / granule)
  const bound = (next: number): Local<"i32"> => {
    const [local, limit] = [code.local("i32"), code.local("i32")]
    code.get(thread)
    if (next > 0) code.i32(next).op("i32.add")
    code.i32(granules).op("i32.mul").i32(count).op("i32.div_u").i32(granule).op("i32.mul").set(local)
    code.i32(extent).set(limit)
    code.get(local).get(limit).get(local).get(limit).op("i32.lt_u").select().set(local)
    return local
  }
  return { from: bound(0), to: bound(1) }
}
