/**
 * Compiles for the stand-in what a test is going to ask it for, many programs at a time: g++ takes most of its time to
 * start and to link. What is not foreseen is compiled when it is asked for.
 */
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import { recorder } from "@cotangent/testing/gpu"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { availableParallelism } from "node:os"
import * as path from "node:path"
import type { Options } from "../src/Cuda.ts"
import type { Environment } from "../src/driver/Adapter.ts"
import * as Adapters from "../src/driver/Adapter.ts"
import type { Call } from "../src/driver/Commands.ts"
import { commands, failedEntry } from "../src/driver/Commands.ts"
import * as ImageCaches from "../src/driver/ImageCache.ts"
import * as Libraries from "../src/driver/Libraries.ts"
import * as Nvrtc from "../src/driver/Nvrtc.ts"
import type { Emulator } from "./support.ts"

/** Programs that g++ is given at a time. */
const together = 24

/** The images of programs, in order, with their code in a file. One that is wrong has none: whoever asks for it is told why. */
type Compile = (sources: ReadonlyArray<string>, file: string) => Promise<ReadonlyArray<Uint8Array>>

const options = Nvrtc.optionsFor(90)

const open = Effect.fnUntraced(function* (
  environment: Environment
): Effect.fn.Return<{ readonly version: string; readonly compile: Compile }, DeviceUnavailable> {
  const adapter = yield* Adapters.load(environment)
  const { functions, path } = yield* Libraries.open(adapter, "nvrtc", Libraries.machine(environment))
  const library = adapter.open(path)
  if (typeof library === "string") throw new Error(library)
  const compileAll = { name: "cuemuCompile", arity: 5, address: adapter.find(library, "cuemuCompile") }
  const call = (calls: ReadonlyArray<Call>): void => {
    const list = commands(adapter, calls)
    const status = adapter.call(list.words, list.memory)
    if (status !== 0) throw new Error(`${failedEntry(list)} gave ${status}`)
  }
  return {
    version: Nvrtc.make(adapter, functions).version,
    compile: async (sources, file) => {
      const [handles, sizes] = [new BigUint64Array(sources.length), new BigUint64Array(sources.length)]
      const at = (words: BigUint64Array<ArrayBuffer>, i: number): number => adapter.address(words) + 8 * i
      const name = Nvrtc.cString("program.cu")
      call(
        sources.map((source, i) => [functions.nvrtcCreateProgram, at(handles, i), Nvrtc.cString(source), name, 0, 0, 0])
      )
      const list = commands(adapter, [
        [compileAll, sources.length, handles, options.length, Nvrtc.texts(adapter, options), Nvrtc.cString(file)]
      ])
      await adapter.callAsync(list.words, list.memory)
      const programs = [...handles].map(Number)
      call(programs.map((program, i) => [functions.nvrtcGetCUBINSize, program, at(sizes, i)]))
      const images = [...sizes].map((size) => new Uint8Array(Number(size)))
      call(programs.map((program, i) => [functions.nvrtcGetCUBIN, program, images[i]]))
      call(programs.map((_, i) => [functions.nvrtcDestroyProgram, at(handles, i)]))
      return images
    }
  }
})

const chunks = <A>(list: ReadonlyArray<A>, length: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(list.length / length) }, (_, i) => list.slice(length * i, length * (i + 1)))

/** Compiles what `body` asks a device for that is set up as stated, as far as that has not been done. */
export const compileAhead = (
  { environment }: Emulator,
  body: Effect.Effect<unknown, unknown, Device>,
  setUp: Options = {}
): Promise<void> =>
  Effect.gen(function* () {
    const { layer, plans } = recorder(setUp)
    // It computes nothing, so what is said of its results does not count.
    yield* Effect.exit(Effect.provide(body, layer))
    const { compile, version } = yield* open(environment)
    const folder = ImageCaches.folderOf(environment)
    yield* Effect.sync(() => fs.mkdirSync(folder, { recursive: true }))
    const cache = ImageCaches.make(folder)
    const keyOf = (source: string): string => Nvrtc.keyOfImage(source, options, version)
    const sources = [...new Set(plans.flatMap((plan) => plan.sources))]
    const missing = sources.filter((source) => cache.read(keyOf(source)) === undefined)
    yield* Effect.forEach(
      chunks(missing, together),
      (chunk) =>
        Effect.map(
          Effect.promise(() => compile(chunk, path.join(folder, `${ImageCaches.keyOf(chunk)}.so`))),
          (images) => images.forEach((image, i) => image.length > 0 && cache.write(keyOf(chunk[i]), image))
        ),
      { concurrency: availableParallelism() }
    )
  }).pipe(Effect.runPromise)
