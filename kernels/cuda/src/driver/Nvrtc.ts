/**
 * Compiles CUDA C while the program runs.
 */
import type { Call } from "./Commands.ts"
import { commands, failedEntry } from "./Commands.ts"
import { CudaError } from "./errors.ts"
import type { ImageCache } from "./ImageCache.ts"
import { keyOf } from "./ImageCache.ts"
import type { Adapter } from "./Adapter.ts"
import { cudaError } from "./errors.ts"
import type { Library } from "./Libraries.ts"

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
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(`${text}\0`))

/** Calls of a library that write to words of their own: several compile at the same time. */
const caller = (adapter: Adapter) => {
  const words = new BigUint64Array(2)
  const base = adapter.address(words)
  const statusOf = (calls: ReadonlyArray<Call>): readonly [number, string] => {
    const list = commands(calls)
    return [adapter.call(list.words), failedEntry(list)]
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
  const address = adapter.address(ints)
  const first = caller(adapter)
  first.call([nvrtc.nvrtcVersion, address, address + 4])
  return {
    version: `${ints[0]}.${ints[1]}`,
    compile: async (source, options) => {
      const { call, out, setWord, word } = caller(adapter)
      const [text, name] = [bytesOf(source), bytesOf("program.cu")]
      const words = options.map(bytesOf)
      const list = new BigUint64Array(Math.max(1, words.length))
      words.forEach((option, i) => (list[i] = BigInt(adapter.address(option))))
      call([nvrtc.nvrtcCreateProgram, out, adapter.address(text), adapter.address(name), 0, 0, 0])
      const program = word()
      try {
        const compile = commands([[nvrtc.nvrtcCompileProgram, program, words.length, adapter.address(list)]])
        const status = await adapter.callAsync(compile.words)
        call([nvrtc.nvrtcGetProgramLogSize, program, out])
        const logBytes = new Uint8Array(word())
        call([nvrtc.nvrtcGetProgramLog, program, adapter.address(logBytes)])
        const log = Buffer.from(logBytes).toString("utf8").replace(/\0.*$/s, "")
        if (status !== success) {
          throw new CudaError({
            kind: status === compilation ? "compile" : "nvrtc",
            code: status,
            entry: nvrtc.nvrtcCompileProgram.name,
            detail: `a failure of NVRTC:\n${log}`,
            isSticky: false
          })
        }
        call([nvrtc.nvrtcGetCUBINSize, program, out])
        const image = new Uint8Array(word())
        call([nvrtc.nvrtcGetCUBIN, program, adapter.address(image)])
        return { image, log }
      } finally {
        setWord(program)
        call([nvrtc.nvrtcDestroyProgram, out])
      }
    }
  }
}

/** The image of `source`, of the cache if it is there. Rejects with `CudaError`. */
export const image = async (
  nvrtc: Nvrtc,
  cache: ImageCache,
  source: string,
  options: ReadonlyArray<string>
): Promise<Uint8Array<ArrayBuffer>> => {
  const key = keyOf([source, ...options, nvrtc.version])
  const known = cache.read(key)
  if (known !== undefined) return known
  const made = await nvrtc.compile(source, options)
  cache.write(key, made.image)
  return made.image
}
