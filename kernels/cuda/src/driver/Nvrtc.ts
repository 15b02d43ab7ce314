/**
 * Compiles CUDA C while the program runs.
 */
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type { Adapter, Environment } from "./Adapter.ts"
import * as Adapters from "./Adapter.ts"
import type { Call } from "./Commands.ts"
import { commands, failedEntry } from "./Commands.ts"
import { CudaError, cudaError } from "./errors.ts"
import type { ImageCache } from "./ImageCache.ts"
import { keyOf } from "./ImageCache.ts"
import type { Library } from "./Libraries.ts"
import * as Libraries from "./Libraries.ts"

/** A compiler. It needs no device. */
export interface Nvrtc {
  readonly version: string
  /** Machine code of `source` and what the compiler says of it. Rejects with `CudaError`. */
  readonly compile: (source: string, options: ReadonlyArray<string>) => Promise<Compiled>
}

/** What the compiler made. */
export interface Compiled {
  readonly image: Uint8Array<ArrayBuffer>
  readonly log: string
}

/** Options for a compute capability, such as 90. */
export const optionsFor = (architecture: number): ReadonlyArray<string> => [
  `--gpu-architecture=sm_${architecture}`,
  "--std=c++17"
]

const success = 0
const compilation = 6

/** `text` as C has it. */
export const cString = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(`${text}\0`))

/** Pointers to C strings, which stand behind them in the same memory. */
export const texts = (adapter: Adapter, values: ReadonlyArray<string>): Uint8Array<ArrayBuffer> => {
  const strings = values.map(cString)
  const pointers = new BigUint64Array(values.length)
  const memory = new Uint8Array(strings.reduce((sum, { length }) => sum + length, pointers.byteLength))
  let at = pointers.byteLength
  strings.forEach((text, i) => {
    memory.set(text, at)
    pointers[i] = BigInt(adapter.address(memory) + at)
    at += text.length
  })
  memory.set(new Uint8Array(pointers.buffer))
  return memory
}

/** Calls of a library that write to words of their own: several compile at the same time. */
const caller = (adapter: Adapter) => {
  const words = new BigUint64Array(2)
  const base = adapter.address(words)
  const statusOf = (calls: ReadonlyArray<Call>): readonly [number, string] => {
    const list = commands(adapter, calls)
    return [adapter.call(list.words, list.memory), failedEntry(list)]
  }
  return {
    out: base,
    word: (): number => Number(words[0]),
    setWord: (value: number): void => void (words[0] = BigInt(value)),
    call: (...calls: ReadonlyArray<Call>): void => {
      const [status, entry] = statusOf(calls)
      if (status !== success) throw cudaError(entry, status, () => "")
    }
  }
}

/** The compiler of a library. **Throws** `CudaError`. */
export const make = (adapter: Adapter, nvrtc: Library<"nvrtc">["functions"]): Nvrtc => {
  const ints = new Int32Array(4)
  const minor = ints.subarray(1)
  caller(adapter).call([nvrtc.nvrtcVersion, ints, minor])
  return {
    version: `${ints[0]}.${ints[1]}`,
    compile: async (source, options) => {
      const { call, out, setWord, word } = caller(adapter)
      call([nvrtc.nvrtcCreateProgram, out, cString(source), cString("program.cu"), 0, 0, 0])
      const program = word()
      try {
        const list = commands(adapter, [[nvrtc.nvrtcCompileProgram, program, options.length, texts(adapter, options)]])
        const status = await adapter.callAsync(list.words, list.memory)
        call([nvrtc.nvrtcGetProgramLogSize, program, out])
        const logBytes = new Uint8Array(word())
        call([nvrtc.nvrtcGetProgramLog, program, logBytes])
        const log = Buffer.from(logBytes).toString("utf8").replace(/\0.*$/s, "")
        if (status !== success) {
          throw new CudaError({
            kind: status === compilation ? "compile" : "nvrtc",
            code: status,
            entry: failedEntry(list),
            detail: `a failure of NVRTC:\n${log}`,
            isSticky: false
          })
        }
        call([nvrtc.nvrtcGetCUBINSize, program, out])
        const image = new Uint8Array(word())
        call([nvrtc.nvrtcGetCUBIN, program, image])
        return { image, log }
      } finally {
        setWord(program)
        call([nvrtc.nvrtcDestroyProgram, out])
      }
    }
  }
}

/** The compiler of this machine, for which no GPU is needed. */
export const open = (environment: Environment): Effect.Effect<Nvrtc, DeviceUnavailable> =>
  Effect.gen(function* () {
    const adapter = yield* Adapters.load(environment)
    const { functions } = yield* Libraries.open(adapter, "nvrtc", Libraries.machine(environment))
    return make(adapter, functions)
  })

/** The key of an image in the cache. */
export const keyOfImage = (source: string, options: ReadonlyArray<string>, version: string): string =>
  keyOf([source, ...options, version])

/** The image of `source`, of the cache if it is there. Rejects with `CudaError`. */
export const image = async (
  nvrtc: Nvrtc,
  cache: ImageCache,
  source: string,
  options: ReadonlyArray<string>
): Promise<Uint8Array<ArrayBuffer>> => {
  const key = keyOfImage(source, options, nvrtc.version)
  const known = cache.read(key)
  if (known !== undefined) return known
  const made = await nvrtc.compile(source, options)
  cache.write(key, made.image)
  return made.image
}
