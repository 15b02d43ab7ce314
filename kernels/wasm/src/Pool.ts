/**
 * Threads that run the same programs on the same memory: one command at a time, given through words of that memory.
 */
import { CompileFailed, DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { controlBytes, words } from "./Barrier.ts"
import type { Heap } from "./Heap.ts"

/** What `work` is told when it starts. */
interface Start {
  readonly memory: WebAssembly.Memory
  /** Address of the control block. */
  readonly control: number
  /** The number of the thread, from 1: the owner is 0. */
  readonly thread: number
  /** Names of the functions of `Math` that programs import. */
  readonly hosts: ReadonlyArray<string>
  readonly words: typeof words
  readonly commands: typeof commands
}

const commands = { load: 1, unload: 2, run: 3, exit: 4 } as const

/**
 * The whole life of a worker. It is sent to the worker as source text, so it may use nothing from outside.
 */
const work = ({ commands: kinds, control, hosts, memory, thread, words: at }: Start): void => {
  const block = new Int32Array(memory.buffer, control, 64)
  const functions = Math as unknown as Readonly<Record<string, (x: number, y: number) => number>>
  const env = { memory, mark: () => undefined, ...Object.fromEntries(hosts.map((name) => [name, functions[name]])) }
  const programs = new Map<number, (table: number, thread: number) => void>()
  let seen = 0
  for (;;) {
    for (let spins = 0; Atomics.load(block, at.sequence) === seen; spins++) {
      if (spins > 4000) Atomics.wait(block, at.sequence, seen)
    }
    seen = Atomics.load(block, at.sequence)
    const [command, first, second, third] = [block[at.command], block[at.first], block[at.second], block[at.third]]
    if (command === kinds.exit) return
    try {
      if (command === kinds.load) {
        const bytes = new Uint8Array(memory.buffer, second >>> 0, third).slice()
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env })
        programs.set(first, exports["run"] as (table: number, thread: number) => void)
      } else if (command === kinds.unload) programs.delete(first)
      else programs.get(first)!(second, thread)
    } catch {
      // The owner finds this word where it would wait for us.
      Atomics.store(block, at.failed, 1)
    }
    Atomics.add(block, at.done, 1)
  }
}

/** Threads beside the owner's. */
export interface Pool {
  readonly threads: number
  /** Address of the control block, for barriers. */
  readonly control: number
  /** Gives a module to all threads, until the scope closes: the number that `start` takes. */
  readonly load: (module: Uint8Array) => Effect.Effect<number, CompileFailed, Scope.Scope>
  /** Lets the other threads run a program; the owner has to run its own part at once. */
  readonly start: (program: number, table: number) => void
  readonly hasFailed: () => boolean
}

interface NodeWorker {
  readonly terminate: () => Promise<number>
  readonly unref: () => void
}

interface WorkerThreads {
  readonly Worker: new (source: string, options: { readonly eval: true; readonly workerData: unknown }) => NodeWorker
}

const findThreads = (): WorkerThreads | undefined => {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } }
  // Node's own module of this name has this class.
  return process?.getBuiltinModule?.("node:worker_threads") as WorkerThreads | undefined
}

const source = `(${work.toString()})(require("node:worker_threads").workerData)`

/**
 * Starts `threads − 1` workers on the memory of `heap`, which must be shared. **Fails** with `DeviceUnavailable` where
 * there are no worker threads.
 */
export const make = Effect.fnUntraced(function* (
  heap: Heap,
  threads: number,
  hosts: ReadonlyArray<string>
): Effect.fn.Return<Pool, DeviceUnavailable, Scope.Scope> {
  const library = findThreads()
  const control = heap.allocate(controlBytes)
  if (library === undefined || control === undefined) {
    return yield* new DeviceUnavailable({ device: "wasm", reason: "threads need the worker threads of Node" })
  }
  const block = new Int32Array(heap.memory.buffer, control, controlBytes / 4)
  block.fill(0)
  const send = (command: number, ...args: ReadonlyArray<number>): void => {
    block[words.command] = command
    args.forEach((value, i) => (block[words.first + i] = value))
    Atomics.add(block, words.sequence, 1)
    Atomics.notify(block, words.sequence)
  }
  const others = threads - 1
  /** Sends a command and waits until all have done it. */
  const demand = (command: number, ...args: ReadonlyArray<number>): void => {
    Atomics.store(block, words.done, 0)
    send(command, ...args)
    while (Atomics.load(block, words.done) < others) Atomics.wait(block, words.done, -1, 0)
  }
  const hasFailed = (): boolean => Atomics.load(block, words.failed) !== 0
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      Array.from({ length: others }, (_, i) => {
        const workerData: Start = { memory: heap.memory, control, thread: i + 1, hosts, words, commands }
        const worker = new library.Worker(source, { eval: true, workerData })
        worker.unref()
        return worker
      })
    ),
    (workers) =>
      Effect.promise(async () => {
        send(commands.exit)
        await Promise.all(workers.map((worker) => worker.terminate()))
        heap.free(control, controlBytes)
      })
  )
  let programs = 0
  return {
    threads,
    control,
    hasFailed,
    start: (program, table) => send(commands.run, program, table),
    load: (module) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          const address = heap.allocate(module.length)
          if (address === undefined || hasFailed()) {
            return Effect.fail(new CompileFailed({ device: "wasm", reason: "its threads cannot take another program" }))
          }
          heap.bytes().set(module, address)
          const program = programs++
          demand(commands.load, program, address, module.length)
          heap.free(address, module.length)
          return Effect.succeed(program)
        }),
        (program) => Effect.sync(() => void (hasFailed() || demand(commands.unload, program)))
      )
  }
})
