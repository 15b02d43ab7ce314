/**
 * Threads that run the same programs on the same memory: one command at a time, given through words of that memory.
 */
import { DeviceUnavailable, OutOfMemory } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { commands, controlWords, patience, words } from "./Barrier.ts"
import type { Heap } from "./Heap.ts"
import type { Owner } from "./Owner.ts"
import * as Owners from "./Owner.ts"
import type { Start } from "./Thread.ts"
import { fail, spinner, work } from "./Thread.ts"
import type { Host } from "./Workers.ts"
import * as Workers from "./Workers.ts"

/** How a pool is set up. */
export interface Options {
  /** How many threads run a program, the owner's with them. */
  readonly threads: number
  /** Names of the functions of `Math` that programs import. */
  readonly functions: ReadonlyArray<string>
  /** Where threads come from; what there is here unless stated. */
  readonly host?: Host | undefined
  /** How long the owner waits for a thread at least before it takes it for dead; 30 s unless stated. **Units** ms. */
  readonly silence?: number
}

/** Threads beside the owner's. */
export interface Pool extends Pick<Owner, "idle" | "fail" | "failure"> {
  /** Address of the control block, for barriers. */
  readonly control: number
  /**
   * Gives a module to all threads until the scope closes: the number that `start` takes, and does not take where a
   * thread has failed. They compile it meanwhile.
   */
  readonly load: (module: Uint8Array) => Effect.Effect<number, OutOfMemory, Scope.Scope>
  /**
   * Lets the other threads run a program; the owner has to run its own part at once. The reason where they cannot,
   * since one has failed.
   */
  readonly start: (program: number, table: number) => string | undefined
}

/** Milliseconds that threads have for starting. */
const startMillis = 15_000

/**
 * Starts `threads − 1` workers on the memory of `heap`, which must be shared. In browsers it waits until they run; in
 * Node the first program does. **Fails** with `DeviceUnavailable` where there are no workers, or they do not start.
 */
export const make = Effect.fnUntraced(function* (
  heap: Heap,
  { functions, host = Workers.host(), silence = 30_000, threads }: Options
): Effect.fn.Return<Pool, DeviceUnavailable, Scope.Scope> {
  const length = controlWords(threads)
  const control = heap.allocate(4 * length)
  if (host === undefined || control === undefined) {
    return yield* unavailable(host === undefined ? "there are no workers here" : "its memory has no room for threads")
  }
  const block = new Int32Array(heap.memory.buffer, control, length).fill(0)
  const owner = Owners.make(block, { threads, silence })
  const spawn = (thread: number): Workers.Worker => {
    const start: Start = {
      memory: heap.memory,
      control,
      controlWords: length,
      is64: heap.indexType === "i64",
      thread,
      functions,
      words,
      commands,
      patience
    }
    return host.spawn({
      work: `(start, tell) => (${work.toString()})(start, tell, ${spinner.toString()}, ${fail.toString()})`,
      start,
      ended: (reason) => owner.fail(`thread ${thread}: ${reason}`)
    })
  }
  const workers: Array<Workers.Worker> = []
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => {
      owner.fail("its scope has closed")
      return Promise.all(workers.map(({ terminate }) => terminate()))
    })
  )
  yield* Effect.try({
    try: () => {
      for (let thread = 1; thread < threads; thread++) workers.push(spawn(thread))
    },
    catch: (cause) => unavailable(`its threads do not start: ${String(cause)}; ${host.hint}`, cause)
  })
  const all = Promise.all(workers.map(({ started }) => started)).then((reasons) => reasons.find(Boolean))
  /** Waits until all threads run. */
  const started = Effect.promise(() => all).pipe(
    Effect.timeoutOrElse({ duration: startMillis, orElse: () => Effect.succeed("nothing is heard of them") }),
    Effect.map((reason) => {
      if (reason !== undefined) owner.fail(`its threads do not start: ${reason}; ${host.hint}`)
      return owner.failure()
    })
  )
  if (!host.isSure) {
    const reason = yield* started
    if (reason !== undefined) return yield* unavailable(reason)
  }
  let programs = 0
  const give = Effect.fnUntraced(function* (module: Uint8Array): Effect.fn.Return<number, OutOfMemory> {
    const bytes = module.length
    const address = heap.allocate(bytes)
    if (address === undefined) {
      return yield* new OutOfMemory({ device, requested: bytes, available: heap.available() })
    }
    heap.bytes().set(module, address)
    const program = programs++
    owner.send(commands.load, [program, ...halves(address), bytes], () => heap.free(address, bytes))
    return program
  })
  return {
    control,
    idle: owner.idle,
    failure: owner.failure,
    fail: owner.fail,
    start: (program, table) => owner.send(commands.run, [program, ...halves(table)]),
    load: (module) =>
      Effect.andThen(
        started,
        Effect.acquireRelease(give(module), (program) => Effect.sync(() => owner.send(commands.unload, [program])))
      )
  }
})

/** An address as words, which keep the lower 32 bits of a number. */
const halves = (address: number): readonly [low: number, high: number] => [address, Math.floor(address / 2 ** 32)]

const device = "wasm"

const unavailable = (reason: string, cause?: unknown): DeviceUnavailable =>
  new DeviceUnavailable({ device, reason, ...(cause === undefined ? {} : { cause }) })
