/**
 * A device that is open: its context, its one stream, and calls of the driver with their errors. Its functions throw
 * `CudaError`; the modules over it make effects of that.
 */
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Adapter, Environment } from "./Adapter.ts"
import * as Adapters from "./Adapter.ts"
import type { Call, Commands } from "./Commands.ts"
import { commands, failedEntry, readWord } from "./Commands.ts"
import { CudaError, CudaUnavailable, cudaError } from "./errors.ts"
import type { Foreign, Library, Machine } from "./Libraries.ts"
import * as Libraries from "./Libraries.ts"

/** What a device says about itself. */
export interface DeviceInfo {
  readonly name: string
  readonly ordinal: number
  /** Compute capability, as in `sm_90`. */
  readonly architecture: number
  readonly multiprocessors: number
  readonly memoryBytes: number
  readonly l2Bytes: number
  /** The most shared memory of a block. */
  readonly sharedBytes: number
  /** The version of CUDA that the driver is for, such as 13.0. */
  readonly driverVersion: string
  /** What the loader was asked for. */
  readonly libraries: Readonly<Record<Libraries.LibraryName, string>>
}

/** Words that native functions write results to. */
export interface Results {
  /** The address of word `i`. */
  readonly at: (i: number) => number
  readonly word: (i: number) => number
  readonly int: (i: number) => number
  readonly float: (i: number) => number
  readonly text: () => string
}

/** An open device. */
export interface Session {
  readonly adapter: Adapter
  readonly machine: Machine
  readonly cuda: Library<"cuda">["functions"]
  readonly nvrtc: Library<"nvrtc">["functions"]
  readonly cublasLt: Library<"cublasLt">["functions"]
  readonly info: DeviceInfo
  /** Makes its context the one of the calling thread. */
  readonly enter: Call
  readonly stream: number
  readonly results: Results
  /** Makes calls, in one native call. **Throws** `CudaError`. */
  readonly call: (...calls: ReadonlyArray<Call>) => void
  /** The status of calls that may fail as a matter of course. */
  readonly status: (...calls: ReadonlyArray<Call>) => number
  /** Makes calls on another thread. What they point to must live until then. */
  readonly callAsync: (...calls: ReadonlyArray<Call>) => Promise<void>
  /** The error of a status of `entry`. */
  readonly error: (entry: string, status: number) => CudaError
}

/** How a device is opened. */
export interface SessionOptions {
  readonly environment: Environment
  /** Which of the devices, by number. */
  readonly ordinal: number
}

/** The least CUDA that the driver must be for: stream-ordered memory and what graphs need. */
const leastDriver = 12_000
/** The least compute capability that kernels are written for. */
const leastArchitecture = 70

const resultWords = 64

const makeResults = (adapter: Adapter): Results => {
  const words = new Uint32Array(2 * resultWords)
  const ints = new Int32Array(words.buffer)
  const floats = new Float32Array(words.buffer)
  const base = adapter.address(words)
  return {
    at: (i) => base + 8 * i,
    word: (i) => readWord(words, i),
    int: (i) => ints[2 * i],
    float: (i) => floats[2 * i],
    text: () => adapter.text(base)
  }
}

const statusOf = (adapter: Adapter, { memory, words }: Commands): number => adapter.call(words, memory)

const call = (adapter: Adapter, calls: ReadonlyArray<Call>, explain: (code: number) => string): void => {
  const list = commands(adapter, calls)
  const status = statusOf(adapter, list)
  if (status !== 0) throw cudaError(failedEntry(list), status, explain)
}

const makeExplain =
  (adapter: Adapter, cuda: Library<"cuda">["functions"], results: Results) =>
  (code: number): string => {
    const { at, word } = results
    const list = commands(adapter, [
      [cuda.cuGetErrorName, code, at(0)],
      [cuda.cuGetErrorString, code, at(1)]
    ])
    if (statusOf(adapter, list) !== 0) return "which the driver does not know"
    return `${adapter.text(word(0))}: ${adapter.text(word(1))}`
  }

/** Numbers of the driver's interface. */
const attributes = { multiprocessors: 16, l2Bytes: 38, major: 75, minor: 76, sharedBytes: 97, memoryPools: 115 }
const nonBlockingStream = 1

const version = (number: number): string => `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`

const unavailable = (kind: CudaUnavailable["kind"], reason: string): CudaUnavailable =>
  new CudaUnavailable({ kind, reason })

interface Opened {
  readonly device: number
  readonly info: Omit<DeviceInfo, "libraries" | "ordinal">
}

/** Asks the driver for a device. **Throws** `CudaUnavailable` and `CudaError`. */
const ask = (
  cuda: Library<"cuda">["functions"],
  results: Results,
  run: (...calls: ReadonlyArray<Call>) => void,
  ordinal: number
): Opened => {
  const { at, int, text, word } = results
  run([cuda.cuDriverGetVersion, at(0)])
  const driver = int(0)
  if (driver < leastDriver) {
    throw unavailable(
      "driver-too-old",
      `the NVIDIA driver is for CUDA ${version(driver)}, and ${version(leastDriver)} is needed: update the driver`
    )
  }
  run([cuda.cuInit, 0], [cuda.cuDeviceGetCount, at(0)])
  const count = int(0)
  if (count === 0) throw unavailable("no-device", "the NVIDIA driver finds no GPU")
  if (ordinal >= count) throw unavailable("no-device", `there is no GPU of number ${ordinal}: there are ${count}`)
  run([cuda.cuDeviceGet, at(0), ordinal])
  const device = int(0)
  const names = Object.keys(attributes) as ReadonlyArray<keyof typeof attributes>
  run(...names.map((name, i): Call => [cuda.cuDeviceGetAttribute, at(i), attributes[name], device]))
  const attribute = (name: keyof typeof attributes) => int(names.indexOf(name))
  const [multiprocessors, l2Bytes, sharedBytes] = [
    attribute("multiprocessors"),
    attribute("l2Bytes"),
    attribute("sharedBytes")
  ]
  const architecture = 10 * attribute("major") + attribute("minor")
  const hasPools = attribute("memoryPools") !== 0
  run([cuda.cuDeviceTotalMem_v2, at(0), device])
  const memoryBytes = word(0)
  run([cuda.cuDeviceGetName, at(0), 8 * resultWords, device])
  const name = text()
  if (architecture < leastArchitecture || !hasPools) {
    throw unavailable(
      "device-too-old",
      `${name} has compute capability ${architecture / 10}` +
        (hasPools ? `, and ${leastArchitecture / 10} is needed` : " and no stream-ordered memory")
    )
  }
  return {
    device,
    info: { name, architecture, multiprocessors, l2Bytes, sharedBytes, memoryBytes, driverVersion: version(driver) }
  }
}

/** What `body` gives, or why there is no device: what it throws. */
export const available = <A>(body: () => A): Effect.Effect<A, DeviceUnavailable> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(body())
    } catch (error) {
      if (error instanceof CudaUnavailable) return Effect.fail(error.asDeviceUnavailable())
      if (error instanceof CudaError) {
        return Effect.fail(
          unavailable(
            error.kind === "no-device" ? "no-device" : "driver-failed",
            error.kind === "no-device" ? "the NVIDIA driver finds no GPU" : `the NVIDIA driver fails: ${error.message}`
          ).asDeviceUnavailable()
        )
      }
      throw error
    }
  })

/** Opens a device. It is closed with the scope. */
export const open = Effect.fnUntraced(function* ({
  environment,
  ordinal
}: SessionOptions): Effect.fn.Return<Session, DeviceUnavailable, Scope.Scope> {
  const machine = Libraries.machine(environment)
  const adapter = yield* Adapters.load(environment)
  const driver = yield* Libraries.open(adapter, "cuda", machine)
  const cuda = driver.functions
  const results = makeResults(adapter)
  const explain = makeExplain(adapter, cuda, results)
  const run = (...calls: ReadonlyArray<Call>): void => call(adapter, calls, explain)
  const { device, info } = yield* available(() => ask(cuda, results, run, ordinal))
  const nvrtc = yield* Libraries.open(adapter, "nvrtc", machine)
  const cublasLt = yield* Libraries.open(adapter, "cublasLt", machine)
  const one = (...calls: ReadonlyArray<Call>): number => {
    run(...calls)
    return results.word(0)
  }
  const end = (fn: Foreign, argument: number) =>
    // A context that is lost cannot be tidied up, nor has to.
    Effect.sync(() => void statusOf(adapter, commands(adapter, [[fn, argument]])))
  const context = yield* Effect.acquireRelease(
    available(() => one([cuda.cuDevicePrimaryCtxRetain, results.at(0), device])),
    () => end(cuda.cuDevicePrimaryCtxRelease_v2, device)
  )
  // Other devices of this thread may have made theirs current.
  const enter: Call = [cuda.cuCtxSetCurrent, context]
  const stream = yield* Effect.acquireRelease(
    available(() => one(enter, [cuda.cuStreamCreate, results.at(0), nonBlockingStream])),
    (handle) => end(cuda.cuStreamDestroy_v2, handle)
  )
  return {
    adapter,
    machine,
    cuda,
    nvrtc: nvrtc.functions,
    cublasLt: cublasLt.functions,
    info: {
      ...info,
      ordinal,
      libraries: { cuda: driver.path, nvrtc: nvrtc.path, cublasLt: cublasLt.path }
    },
    enter,
    stream,
    results,
    call: (...calls) => run(enter, ...calls),
    status: (...calls) => statusOf(adapter, commands(adapter, [enter, ...calls])),
    callAsync: async (...calls) => {
      const list = commands(adapter, [enter, ...calls])
      const status = await adapter.callAsync(list.words, list.memory)
      if (status !== 0) throw cudaError(failedEntry(list), status, explain)
    },
    error: (entry, status) => cudaError(entry, status, explain)
  }
})
