/**
 * The device for CPUs and browsers: programs become WebAssembly modules, one call per program.
 */
import { compile as compileProgram } from "@cotangent/compiler/Compile"
import { identifier } from "@cotangent/compiler/Key"
import type { LoopProgram } from "@cotangent/compiler/LoopProgram"
import { print } from "@cotangent/compiler/Print"
import type { Target as Rewriting } from "@cotangent/compiler/Target"
import { processor } from "@cotangent/compiler/Target"
import type { Allocation, Backend, Executable } from "@cotangent/runtime/Backend"
import { Device } from "@cotangent/runtime/Device"
import { CompileFailed, DeviceLost, DeviceUnavailable, OutOfMemory } from "@cotangent/runtime/errors"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Features from "./Features.ts"
import type { Heap } from "./Heap.ts"
import * as Heaps from "./Heap.ts"
import type { MemoryLimits } from "./Module.ts"
import type { Pool } from "./Pool.ts"
import * as Pools from "./Pool.ts"
import type { Profile, Recorder } from "./Profile.ts"
import { imports, render } from "./Render.ts"
import * as Workers from "./Workers.ts"

const name = "wasm"
const pageBytes = 65536
/** What a device starts with. */
const leastPages = 16
/** What 32-bit addresses reach. */
const reach = 65536 * pageBytes

/** How the device is set up. */
export interface Options {
  /**
   * The most bytes that tensors and programs may take; 4 GiB unless stated. Some engines set so many addresses aside at
   * once, and refuse to for much; V8 gives up to 16 GiB.
   */
  readonly memoryBytes?: number
  /**
   * How long addresses are: 64 bits where `memoryBytes` is more than 4 GiB, else 32, unless stated. With 64, a tensor may
   * have up to 2³¹ − 1 elements; programs are slower, and not every engine has it. Results are the same bits.
   */
  readonly addressBits?: 32 | 64
  /**
   * Generates the larger tiles that pay off where the engine joins pairs of vectors. Turn it on together with the
   * engine's flag: see `WideSimd.ts`. Without effect where addresses have 64 bits: V8 joins no vectors there.
   */
  readonly isWide?: boolean
  /**
   * How many threads compute, from 1 to 256, or `"auto"`: as many as there are processors, up to 8, or one where memory
   * cannot be shared; 1 unless stated. More than one need shared memory, which a page has only if it is isolated from
   * other origins; more than there are processors wait for one another. Results are the same bits for any number.
   */
  readonly threads?: number | "auto"
  /** Takes the times of all kernels. */
  readonly profile?: Profile
  /**
   * From how many bytes of scores for each head on attention runs by strips of a few queries, or keys, and never has all of
   * the scores of a head in memory; 1 MiB unless stated. Below, a head is computed as a whole, with fewer operations.
   */
  readonly leastScores?: number
  /** False computes every tensor by itself, to tell faults of the compiler from others. */
  readonly fusion?: boolean
}

const nothing = (): void => undefined

const notShared =
  "threads need shared memory, which a page has only if headers isolate it from other origins: " +
  "`Cross-Origin-Opener-Policy: same-origin`, `Cross-Origin-Embedder-Policy: require-corp`"

const not64 = "the engine has no 64-bit addresses, which memory of more than 4 GiB needs"

const failed = (reason: string, cause: unknown): CompileFailed => new CompileFailed({ device: name, reason, cause })

const makeBackend = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Backend, DeviceUnavailable, Scope.Scope> {
  const features = Features.detect()
  if (!features.simd) return yield* new DeviceUnavailable({ device: name, reason: "the engine has no SIMD" })
  const wanted = options.threads ?? 1
  const threads = wanted === "auto" ? (features.threads ? Workers.advisable() : 1) : wanted
  if (threads > 1 && !features.threads) return yield* new DeviceUnavailable({ device: name, reason: notShared })
  const { memoryBytes = reach } = options
  const is64 = (options.addressBits ?? (memoryBytes > reach ? 64 : 32)) === 64
  if (is64 && !features.memory64) return yield* new DeviceUnavailable({ device: name, reason: not64 })
  const maximum = Math.max(leastPages, Math.ceil(memoryBytes / pageBytes))
  const limits: MemoryLimits = { minimum: leastPages, maximum, isShared: threads > 1, is64 }
  const memory = yield* Effect.try({
    try: () => Heaps.memoryOf(limits),
    catch: (cause) =>
      new DeviceUnavailable({ device: name, reason: "the engine gives no memory: a lower `memoryBytes` may do", cause })
  })
  const heap = Heaps.make(memory, memoryBytes, Heaps.indexTypeOf(limits))
  const arena = sharedArena(heap)
  const pool = threads > 1 ? yield* Pools.make(heap, { threads, functions: Object.keys(imports) }) : undefined
  const rewriting: Rewriting = { ...processor, leastMatrix: options.leastScores ?? processor.leastMatrix }
  const identify = identifier()
  const target = {
    memory: limits,
    isRelaxed: features.relaxedSimd,
    isWide: options.isWide === true && !is64,
    threads,
    isProfiled: options.profile !== undefined
  }
  const allocate = (bytes: number): Effect.Effect<Allocation, OutOfMemory> =>
    Effect.suspend(() => {
      const address = heap.allocate(bytes)
      return address === undefined ? Effect.fail(outOfMemory(heap, bytes)) : Effect.succeed({ bytes, address })
    })
  return {
    description: {
      name,
      threads,
      memoryBytes,
      features: {
        simd: target.isWide ? "256 bit" : "128 bit",
        multiplyAdd: target.isRelaxed ? "fused" : "separate",
        ...(is64 ? { addresses: "64 bit" } : {})
      }
    },
    allocate,
    free: ({ address, bytes }) => heap.free(address, bytes),
    write: ({ address }, bytes) => Effect.sync(() => heap.bytes().set(bytes, address)),
    read: ({ address }, length) => Effect.sync(() => heap.bytes().slice(address, address + length)),
    synchronize: Effect.void,
    compile: Effect.fnUntraced(function* (
      program,
      { donated }
    ): Effect.fn.Return<Executable, CompileFailed | OutOfMemory, Scope.Scope> {
      const loops = yield* Effect.try({
        try: () => compileProgram(program, { donated, identify, target: rewriting, fusion: options.fusion ?? true }),
        catch: (cause) => failed(`the compiler failed: ${String(cause)}`, cause)
      })
      const rendered = yield* Effect.try({
        try: () => render(loops, target),
        catch: (cause) => failed(`code generation failed: ${String(cause)}`, cause)
      })
      const recorder = options.profile?.recorder(rendered.kernels)
      // The other threads compile it at the same time.
      const number = pool !== undefined && rendered.isParallel ? yield* pool.load(rendered.module) : undefined
      const env = { memory, ...imports, mark: recorder?.mark ?? nothing, idle: pool?.idle ?? nothing }
      const run = yield* Effect.try({
        try: () => instantiate(rendered.module, env),
        catch: (cause) => failed(`the engine refused the module: ${String(cause)}`, cause)
      })
      const entries = 2 + loops.inputs.length + loops.outputs.length
      const table = yield* Effect.acquireRelease(allocate((is64 ? 8 : 4) * entries), ({ address, bytes }) =>
        Effect.sync(() => heap.free(address, bytes))
      )
      yield* arena.reserve(rendered.arenaBytes)
      return executable(loops, { heap, recorder, run, table, arena, arenaBytes: rendered.arenaBytes, pool, number })
    })
  }
})

const outOfMemory = (heap: Heap, requested: number): OutOfMemory =>
  new OutOfMemory({ device: name, requested, available: heap.available() })

const instantiate = (bytes: Uint8Array<ArrayBuffer>, env: WebAssembly.ModuleImports): Entry => {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env })
  // `render` exports a function of this name and type.
  return instance.exports["run"] as Entry
}

/** What runs a module: the table of addresses, and the number of the thread. */
type Entry = (table: number | bigint, thread: number) => void

/** Memory for the temporaries of whichever program runs: no two run at a time, so they share it. */
interface Arena {
  readonly reserve: (bytes: number) => Effect.Effect<void, OutOfMemory>
  readonly address: () => number
}

const sharedArena = (heap: Heap): Arena => {
  let current = { address: 0, bytes: 0 }
  return {
    address: () => current.address,
    reserve: (bytes) =>
      Effect.suspend(() => {
        if (bytes <= current.bytes) return Effect.void
        if (current.bytes > 0) heap.free(current.address, current.bytes)
        const address = heap.allocate(bytes)
        if (address === undefined) {
          current = { address: 0, bytes: 0 }
          return Effect.fail(outOfMemory(heap, bytes))
        }
        current = { address, bytes }
        return Effect.void
      })
  }
}

interface Running {
  readonly recorder: Recorder | undefined
  readonly heap: Heap
  readonly run: Entry
  readonly pool: Pool | undefined
  /** What the other threads call the program; undefined if they take no part in it. */
  readonly number: number | undefined
  readonly table: Allocation
  readonly arena: Arena
  readonly arenaBytes: number
}

/** Fills the table of a program, by the place of an entry; addresses have one word or two. */
const tableIn =
  ({ indexType, memory }: Heap, { address: start, bytes }: Allocation) =>
  (): ((entry: number, address: number) => void) => {
    const words = new Uint32Array(memory.buffer, start, bytes / 4)
    if (indexType === "i32") return (entry, address) => (words[entry] = address)
    return (entry, address) => {
      // A word keeps the lower 32 bits of a number.
      words[2 * entry] = address
      words[2 * entry + 1] = address / 2 ** 32
    }
  }

const executable = (
  loops: LoopProgram,
  { arena, arenaBytes, heap, number, pool, recorder, run, table }: Running
): Executable => {
  const opened = tableIn(heap, table)
  const pointer = Heaps.pointer(table.address, heap.indexType)
  return {
    aliases: loops.aliases,
    scratchBytes: arenaBytes,
    explain: () => print(loops),
    run: (inputs, outputs) =>
      Effect.andThen(
        arena.reserve(arenaBytes),
        Effect.suspend(() => {
          const put = opened()
          put(0, pool?.control ?? 0)
          put(1, arena.address())
          inputs.forEach(({ address }, i) => put(2 + i, address))
          outputs.forEach(({ address }, i) => put(2 + inputs.length + i, address))
          const reason = number === undefined ? pool?.failure() : pool?.start(number, table.address)
          if (reason !== undefined) return Effect.fail(lost(reason))
          try {
            recorder?.begin()
            run(pointer, 0)
            return Effect.void
          } catch (cause) {
            // Where another thread has failed, the first traps because of that.
            pool?.fail(`a kernel trapped: ${String(cause)}`)
            return Effect.fail(lost(pool?.failure() ?? `a kernel trapped: ${String(cause)}`, cause))
          }
        })
      )
  }
}

const lost = (reason: string, cause?: unknown): DeviceLost =>
  new DeviceLost({ device: name, reason, ...(cause === undefined ? {} : { cause }) })

/**
 * The device, set up as stated. **Throws** `ArgumentError` for a number of threads that is none. **Fails** with
 * `DeviceUnavailable` where the engine lacks what it needs, or does not let threads start.
 */
export const layerWith = (options: Options): Layer.Layer<Device, DeviceUnavailable> => {
  const { addressBits, memoryBytes = 0, threads = 1 } = options
  if (addressBits === 32 && memoryBytes > reach) {
    throw new ArgumentError({
      operation: "Wasm.layerWith",
      expected: "at most 4 GiB of memory with addresses of 32 bits",
      received: `${memoryBytes} bytes`
    })
  }
  if (threads !== "auto" && !(Number.isInteger(threads) && threads >= 1 && threads <= 256)) {
    throw new ArgumentError({
      operation: "Wasm.layerWith",
      expected: 'an integer of threads from 1 to 256, or "auto"',
      received: String(threads)
    })
  }
  return Device.layer(makeBackend(options))
}

/** The device with 128-bit vectors on one thread. */
export const layer: Layer.Layer<Device, DeviceUnavailable> = layerWith({})
