/** Small programs for pools of threads, which need no device; the tests run them in Node and in browsers. */
import * as Barrier from "@cotangent/wasm/Barrier"
import type { FunctionBuilder, FunctionReference, Local } from "@cotangent/wasm/FunctionBuilder"
import type { Heap } from "@cotangent/wasm/Heap"
import * as Heaps from "@cotangent/wasm/Heap"
import * as Module from "@cotangent/wasm/Module"
import type { Pool } from "@cotangent/wasm/Pool"
import * as Pools from "@cotangent/wasm/Pool"
import type { Host, Worker } from "@cotangent/wasm/Workers"
import * as Workers from "@cotangent/wasm/Workers"
import * as Effect from "effect/Effect"

/** A pool on a memory of its own. */
export interface Setting {
  readonly pool: Pool
  readonly heap: Heap
  readonly threads: number
  /** The workers that the pool has started. */
  readonly workers: ReadonlyArray<Worker>
}

/** What a test may change. */
export interface Options {
  readonly threads?: number
  readonly silence?: number
  readonly host?: Host
}

const pages = 32

/** A pool whose workers can be killed. */
export const make = Effect.fnUntraced(function* ({ host = Workers.host(), silence = 20_000, threads = 2 }: Options) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true })
  const heap = Heaps.make(memory, pages * 65536)
  const workers: Array<Worker> = []
  const spawn: Host["spawn"] = (life) => {
    // Where there are threads at all, there is a host.
    const worker = host!.spawn(life)
    workers.push(worker)
    return worker
  }
  const pool = yield* Pools.make(heap, { threads, functions: [], silence, host: { ...host!, spawn } })
  return { pool, heap, threads, workers } satisfies Setting
})

/** What a program is written with. */
interface Writing {
  readonly code: FunctionBuilder
  readonly barrier: FunctionReference
  readonly table: Local<"i32">
  readonly thread: Local<"i32">
}

/** The module of a program, which ends at a barrier. */
export const moduleOf = (
  { pool, threads }: Setting,
  body: (writing: Writing) => void,
  missing: ReadonlyArray<string> = []
): Uint8Array<ArrayBuffer> => {
  const module = Module.make({ minimum: 1, maximum: pages, isShared: true })
  for (const name of missing) module.importFunction({ name, parameters: [] })
  const control = module.global(pool.control)
  const barrier = Barrier.add(module, control, threads)
  const code = module.function({ name: "run", parameters: ["i32", "i32"], isExported: true })
  const [table, thread] = code.parameters
  body({ code, barrier, table, thread })
  code.call(barrier)
  return module.build()
}

/** A program that all threads have. */
export interface Loaded {
  /** Lets the other threads run it; why they cannot, if so. */
  readonly start: (table: number) => string | undefined
  /** The part of the owner, who has to have started it. **Throws** where a thread fails. */
  readonly finish: (table: number) => void
  /** Both. */
  readonly run: (table: number) => string | undefined
}

/** Gives a module to all threads. */
export const load = Effect.fnUntraced(function* ({ heap, pool }: Setting, module: Uint8Array<ArrayBuffer>) {
  const program = yield* pool.load(module)
  const env = { memory: heap.memory, idle: pool.idle }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env })
  // `moduleOf` exports it.
  const entry = exports["run"] as (table: number, thread: number) => void
  const start: Loaded["start"] = (table) => pool.start(program, table)
  const finish: Loaded["finish"] = (table) => entry(table, 0)
  const run: Loaded["run"] = (table) => {
    const reason = start(table)
    if (reason === undefined) finish(table)
    return reason
  }
  return { start, finish, run } satisfies Loaded
})

/** Other threads than the first trap. */
export const trap = ({ code, thread }: Writing): void => void code.get(thread).if(() => code.unreachable())

/** Other threads than the first write 1 to the table and never end. */
export const hang = ({ code, table, thread }: Writing): void =>
  void code.get(thread).if(() => {
    code.get(table).i32(1).op("i32.store")
    code.loop((again) => code.br(again))
  })

/** Where in the table of `steps` threads keep how many they have done. **Units** bytes. */
const doneAt = (steps: number, threads: number): number => 4 * steps * threads

/**
 * In each step a thread counts as far as the table says, notes that it has, and waits; then all must have noted it.
 * **Traps** where one has not. The table holds, for each step, a number for each thread, then a zero for each thread.
 */
export const steps =
  (count: number, threads: number) =>
  ({ barrier, code, table, thread }: Writing): void => {
    const [step, counter, limit, place] = [code.local("index"), code.local("i32"), code.local("i32"), code.local("i32")]
    code.forLoop({ local: step, from: 0, to: count, step: 1 }, () => {
      code.get(step).i32(threads).op("i32.mul").get(thread).op("i32.add").i32(4).op("i32.mul")
      code.get(table).op("i32.add").op("i32.load").set(limit)
      code.i32(0).set(counter)
      code.loop((again) => {
        code.get(counter).i32(1).op("i32.add").tee(counter).get(limit).op("i32.lt_u").brIf(again)
      })
      code.get(thread).i32(4).op("i32.mul").get(table).op("i32.add").set(place)
      code.get(place).get(step).i32(1).op("i32.add").op("i32.store", doneAt(count, threads))
      code.call(barrier)
      for (let other = 0; other < threads; other++) {
        code.get(table).op("i32.load", doneAt(count, threads) + 4 * other)
        code.get(step).op("i32.le_u")
        code.if(() => code.unreachable())
      }
    })
  }
