/**
 * Kernels on the device.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ImageCache } from "./ImageCache.ts"
import type { Nvrtc } from "./Nvrtc.ts"
import { image, optionsFor } from "./Nvrtc.ts"
import { CudaError } from "./errors.ts"
import type { Session } from "./Session.ts"

/** A kernel. */
export interface Kernel {
  readonly name: string
  readonly handle: number
}

/** Kernels of one translation unit. */
export interface Module {
  /** The kernel called `name`, which may be given up to `sharedBytes` bytes of dynamic shared memory. **Throws** `CudaError`. */
  readonly kernel: (name: string, sharedBytes: number) => Kernel
}

const mostDynamicShared = 8
const registers = 4
/** What any kernel may use. */
const usualShared = 48 * 1024

/** Loads an image, for as long as the scope is open. **Throws** `CudaError`. */
const loadImage = Effect.fnUntraced(function* (
  session: Session,
  code: Uint8Array<ArrayBuffer>
): Effect.fn.Return<Module, CudaError, Scope.Scope> {
  const { call, cuda, results, status } = session
  const handle = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        call([cuda.cuModuleLoadData, results.at(0), code])
        return results.word(0)
      },
      catch: asCudaError
    }),
    (module) => Effect.sync(() => void status([cuda.cuModuleUnload, module]))
  )
  const kernels = new Map<string, Kernel & { shared: number }>()
  return {
    kernel: (name, sharedBytes) => {
      const known = kernels.get(name) ?? { name, handle: find(session, handle, name), shared: usualShared }
      kernels.set(name, known)
      if (sharedBytes > known.shared) {
        call([cuda.cuFuncSetAttribute, known.handle, mostDynamicShared, sharedBytes])
        known.shared = sharedBytes
      }
      return known
    }
  }
})

const find = ({ call, cuda, results }: Session, module: number, name: string): number => {
  const text = new Uint8Array(Buffer.from(`${name}\0`))
  call([cuda.cuModuleGetFunction, results.at(0), module, text])
  const handle = results.word(0)
  // The driver loads a kernel when it is asked for something, which must not be while a graph is captured.
  call([cuda.cuFuncGetAttribute, results.at(0), registers, handle])
  return handle
}

/** An error of the driver stays one; anything else is a defect. */
export const asCudaError = (error: unknown): CudaError => {
  if (error instanceof CudaError) return error
  throw error
}

/** Compiles and loads translation units, all at the same time, for as long as the scope is open. */
export const load = (
  session: Session,
  nvrtc: Nvrtc,
  cache: ImageCache,
  sources: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<Module>, CudaError, Scope.Scope> => {
  const options = optionsFor(session.info.architecture)
  return Effect.forEach(
    sources,
    (source) =>
      Effect.flatMap(
        Effect.tryPromise({ try: () => image(nvrtc, cache, source, options), catch: asCudaError }),
        (code) =>
          Effect.catchIf(
            loadImage(session, code),
            ({ kind }) => kind === "invalid-image",
            // What was kept may be of a compiler that only calls itself the same.
            () =>
              Effect.flatMap(
                Effect.tryPromise({ try: () => nvrtc.compile(source, options), catch: asCudaError }),
                ({ image: fresh }) => loadImage(session, fresh)
              )
          )
      ),
    { concurrency: "unbounded" }
  )
}
