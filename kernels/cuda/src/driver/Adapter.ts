/**
 * The native adapter, which calls C functions by address (`native/cuffi.c`), and where it is found. It knows nothing of
 * CUDA and trusts its caller: only the typed layer over it leaves this package.
 */
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { CudaUnavailable } from "./errors.ts"

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Memory of JavaScript that native code may be told the address of: it does not move. */
export type Memory = ArrayBuffer | ArrayBufferView<ArrayBuffer>

/** A command buffer that is kept where it is. */
export interface Bound {
  readonly bound: unique symbol
}

/** What the native code exports. Addresses are numbers: they have at most 48 bits. */
export interface Adapter {
  /** The handle of a library, or why it cannot be opened. */
  readonly open: (path: string) => number | string
  /** The address of a function, or 0. */
  readonly find: (library: number, name: string) => number
  readonly address: (memory: Memory) => number
  /** An array buffer over memory that is not of JavaScript. It must be detached before that memory is freed. */
  readonly view: (address: number, bytes: number) => ArrayBuffer
  readonly detach: (view: ArrayBuffer) => void
  /** The C string at an address. */
  readonly text: (address: number) => string
  /**
   * Runs a command buffer up to the first status that is not 0, which it returns. What the commands point to is not
   * collected until then.
   */
  readonly call: (commands: Memory, pointedTo: ReadonlyArray<Memory>) => number
  /** The same on another thread. */
  readonly callAsync: (commands: Memory, pointedTo: ReadonlyArray<Memory>) => Promise<number>
  readonly bind: (commands: Memory) => Bound
  readonly run: (program: Bound) => number
}

/** Where the adapter may be: as told, prebuilt for this platform, or built here, by `pnpm run cuda:build` or `node-gyp`. */
export const candidates = (environment: Environment): ReadonlyArray<string> => {
  const told = environment["COTANGENT_CUDA_ADAPTER"]
  if (told !== undefined && told !== "") return [told]
  const built = ["../../build/cuffi.node", "../../native/build/Release/cuffi.node"].map((file) =>
    fileURLToPath(new URL(file, import.meta.url))
  )
  return [`@cotangent/cuda-${process.platform}-${process.arch}`, ...built.filter((file) => fs.existsSync(file))]
}

/** The adapter. */
export const load = (environment: Environment): Effect.Effect<Adapter, DeviceUnavailable> =>
  Effect.suspend(() => {
    const require = createRequire(import.meta.url)
    const failures: Array<string> = []
    for (const candidate of candidates(environment)) {
      try {
        // What is loaded is our own module.
        return Effect.succeed(require(path.isAbsolute(candidate) ? path.resolve(candidate) : candidate) as Adapter)
      } catch (error) {
        failures.push(`${candidate}: ${firstLine(error)}`)
      }
    }
    return Effect.fail(
      new CudaUnavailable({
        kind: "adapter-missing",
        reason:
          "its native adapter is missing: build it by `pnpm run cuda:build` or by `npx node-gyp rebuild` in the folder " +
          "`native` of @cotangent/cuda, or name its file by COTANGENT_CUDA_ADAPTER " +
          `(${failures.join("; ")})`
      }).asDeviceUnavailable()
    )
  })

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0]
