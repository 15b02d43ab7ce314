/**
 * What a device must bring: memory, and executables for programs. `Device.make` derives everything else from it:
 * tensors that live in scopes, donation, tracing, the cache of programs.
 */
import type { Program } from "@cotangent/tensor/Program"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CompileFailed, DeviceLost, OutOfMemory } from "./errors.ts"

/** What a device says about itself. */
export interface DeviceDescription {
  /** A short name without spaces: `reference`, `wasm`, `cuda:0`. */
  readonly name: string
  /** Threads that compute at the same time. */
  readonly threads: number
  /** What tells devices of one kind apart, for people: `{ simd: "relaxed", memory: "shared" }`. */
  readonly features: Readonly<Record<string, string>>
  /** The most bytes that tensors can take together, where that is known. */
  readonly memoryBytes?: number
}

/** A piece of device memory. Its meaning is the backend's. */
export interface Allocation {
  /** What was asked for. */
  readonly bytes: number
  readonly address: number
}

/** A program that a device can run. */
export interface Executable {
  /** For each result, the donated parameter whose memory it takes over. No parameter stands here twice. */
  readonly aliases: ReadonlyArray<number | undefined>
  /** Bytes that one run needs beside its inputs and outputs. */
  readonly scratchBytes: number
  /**
   * Computes the results. There is one allocation for each parameter and one for each result; `outputs[k]` is
   * `inputs[aliases[k]]` where that is stated, else memory that nothing else uses, of any content. Inputs that are not
   * aliased stay as they are. It is neither interrupted nor run twice at a time.
   */
  readonly run: (
    inputs: ReadonlyArray<Allocation>,
    outputs: ReadonlyArray<Allocation>
  ) => Effect.Effect<void, DeviceLost | OutOfMemory>
  /** What will run, for people: kernels, memory plan. */
  readonly explain: () => string
}

/** What `compile` may rely on. */
export interface CompileOptions {
  /** Parameters whose memory nothing else uses after a run, by position. */
  readonly donated: ReadonlySet<number>
}

/**
 * The operations of a device. Bytes are the format of `HostArray.encode`: row-major, little-endian, packed.
 * Sizes may be 0.
 */
export interface Backend {
  readonly description: DeviceDescription
  readonly allocate: (bytes: number) => Effect.Effect<Allocation, OutOfMemory | DeviceLost>
  /** Gives memory back. Runs that were started earlier may still be using it on the device. */
  readonly free: (allocation: Allocation) => void
  /** Fills the start of `allocation`. `bytes` belongs to the caller again when the effect has ended. */
  readonly write: (allocation: Allocation, bytes: Uint8Array) => Effect.Effect<void, DeviceLost>
  /** A copy of the first `length` bytes, as all earlier runs left them. */
  readonly read: (allocation: Allocation, length: number) => Effect.Effect<Uint8Array, DeviceLost>
  /** Waits until all runs that were started have ended: a run may end, for its caller, when it has been started. */
  readonly synchronize: Effect.Effect<void, DeviceLost>
  /**
   * Makes `program` executable. Its only leaves are its parameters (`Program.parameter`), of which some may be unused;
   * a result may be a parameter itself, and results may repeat: each has memory of its own. What the executable holds
   * on the device is released with the scope. No two executables run at a time.
   */
  readonly compile: (
    program: Program,
    options: CompileOptions
  ) => Effect.Effect<Executable, CompileFailed | OutOfMemory, Scope.Scope>
}
