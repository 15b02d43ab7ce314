/**
 * What the steps of one program have in common while they are rendered.
 */
import type { Buffer, LoopProgram, Nest, Step } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { partBytes } from "./accumulators.ts"
import { approximate } from "./approximate.ts"
import type { Threads } from "./Barrier.ts"
import type { Manner, Touch } from "./Conflicts.ts"
import type { Emitter, Machine } from "./Emitter.ts"
import * as Emitters from "./Emitter.ts"
import type { FunctionBuilder, FunctionReference, Global, Local } from "./FunctionBuilder.ts"
import type { ModuleBuilder } from "./Module.ts"
import * as Prepare from "./Prepare.ts"
import type { Kernel } from "./Profile.ts"
import { resultBytes } from "./Totals.ts"

/** A program that is being rendered. */
export interface Context {
  readonly module: ModuleBuilder
  readonly machine: Machine
  readonly isWide: boolean
  /** Undefined where steps must not be shared. */
  readonly threads: Threads | undefined
  readonly program: LoopProgram
  readonly arena: Global<"index">
  readonly pointers: ReadonlyMap<Buffer, Global<"index">>
  /** Counters of the repetitions that enclose the present step. */
  readonly counters: ReadonlyMap<Variable, Global<"index">>
  /** Address of the private buffers of this thread. */
  readonly privates: Global<"index">
  /** Address of the scratch memory of this thread. */
  readonly scratch: Global<"index">
  /** How much of it some step needs. */
  scratchBytes: number
  /** What memory a step touches. */
  readonly touch: (step: Step, manner: Manner) => Touch
  /** Where the addresses of buffers stand while the code of a form runs, and how many forms there are. */
  readonly slots: Array<Global<"index">>
  readonly forms: { count: number }
  /** Where a profile is taken: the kernels so far, and what is called after each. */
  readonly profiled: { readonly kernels: Array<Kernel>; readonly mark: FunctionReference } | undefined
}

/** An emitter for a function in which `loops` run inside the repetitions of the program. */
export const emitterFor = (
  code: FunctionBuilder,
  loops: ReadonlyArray<Variable>,
  { counters, machine }: Context,
  { rows, scratch }: { readonly rows?: Prepare.Rows; readonly scratch?: Emitter["scratch"] } = {}
): Emitter =>
  Emitters.make(
    code,
    Prepare.make({
      loops: [...counters.keys(), ...loops],
      writeOut: approximate,
      rows,
      indexType: code.indexType
    }),
    machine,
    scratch
  )

/** What every round of the outer loops of a nest makes anew, and reads. */
export const rowsOf = ({ axes, stages }: Nest): Prepare.Rows =>
  new Map(
    stages.flatMap(({ stores }) =>
      stores.flatMap(({ buffer }) => (buffer.role === "private" ? [[buffer, axes] as const] : []))
    )
  )

/** Behind the arena: the byte offset of what all threads share. */
export const sharedAt = ({ arenaBytes }: LoopProgram): number => Math.ceil(arenaBytes / 64) * 64

/** Scratch memory of a nest that `threads` share, if any: for parts of reductions, and for the results of blocks. */
export const nestScratch = (code: FunctionBuilder, context: Context, threads: Threads | undefined) => {
  const { arena, program, scratch } = context
  const at = (base: Global<"index">, offset: number): Local<"index"> => {
    const local = code.local("index")
    code.get(base).whole(offset).op("index.add").set(local)
    return local
  }
  return {
    parts: () => {
      context.scratchBytes = Math.max(context.scratchBytes, partBytes)
      return at(scratch, 0)
    },
    results: () => {
      if (threads !== undefined) return at(arena, sharedAt(program))
      context.scratchBytes = Math.max(context.scratchBytes, partBytes + resultBytes)
      return at(scratch, partBytes)
    }
  }
}

/** Pushes the address of a buffer. */
export const pushBase = (code: FunctionBuilder, buffer: Buffer, context: Context): void => {
  const { arena, pointers, privates, program } = context
  const global = pointers.get(buffer)
  if (global !== undefined) return void code.get(global)
  code.get(buffer.role === "private" ? privates : arena)
  const place = program.places.get(buffer) ?? 0
  if (place > 0) code.whole(place).op("index.add")
}

/** Emits `body` where the addresses of buffers and the counters of repetitions are in locals. */
export const withBuffers = (emitter: Emitter, buffers: Iterable<Buffer>, context: Context, body: () => void): void => {
  const { code, workspace } = emitter
  const known: Array<readonly [Scalar, Local]> = []
  for (const buffer of new Set(buffers)) {
    const local = code.local("index")
    pushBase(code, buffer, context)
    code.set(local)
    known.push([workspace.pointer(buffer), local])
  }
  for (const [counter, global] of context.counters) {
    const local = code.local("index")
    code.get(global).set(local)
    known.push([counter, local])
  }
  emitter.within(known, body)
}

/** The buffers that a step reads or writes. */
export const touched = (step: Step): ReadonlyArray<Buffer> => {
  const { reads, writes } = footprint(step)
  return [...reads, ...writes]
}
