/**
 * What a hand-written algorithm is: the code it emits and the scratch memory it takes.
 */
import type { Routine } from "@cotangent/compiler/LoopProgram"
import type { Machine } from "../Emitter.ts"
import type { FunctionBuilder, Local } from "../FunctionBuilder.ts"

/** What a routine is emitted with. */
export interface Site {
  readonly code: FunctionBuilder
  readonly machine: Machine
  readonly routine: Routine
  /** Addresses of inputs, outputs and scratch memory. */
  readonly inputs: ReadonlyArray<Local<"index">>
  readonly outputs: ReadonlyArray<Local<"index">>
  readonly scratch: Local<"index">
}

/** An algorithm and the scratch memory it takes. */
export interface Algorithm {
  readonly scratchBytes: (routine: Routine) => number
  readonly emit: (site: Site) => void
}
