/**
 * Renders a loop program as one WebAssembly module with one entry, `run(table, thread)`. The table holds the addresses
 * of the control block of threads and of the arena, then those of the inputs and outputs, as indices.
 *
 * All threads run the whole program, each its part of every step that is worth sharing; a barrier stands between steps
 * of which one is shared. The parts do not change results: only loops whose rounds are independent are split.
 */
import type { Buffer, Copy, LoopProgram, Nest, Routine, Step } from "@cotangent/compiler/LoopProgram"
import { inner } from "@cotangent/compiler/LoopProgram"
import { bytes } from "@cotangent/tensor/DType"
import { add as addBarrier } from "./Barrier.ts"
import type { Split } from "./Conflicts.ts"
import { touches } from "./Conflicts.ts"
import type { Context } from "./Context.ts"
import { emitterFor, nestScratch, pushBase, rowsOf, sharedAt, touched, withBuffers } from "./Context.ts"
import { addBranch, addRepeat, addTiles, addWhile } from "./Control.ts"
import type { Code } from "./Forms.ts"
import { withForm } from "./Forms.ts"
import type { FunctionBuilder, Global, Local } from "./FunctionBuilder.ts"
import * as Memory from "./memoryInstructions.ts"
import type { MemoryLimits, ModuleBuilder } from "./Module.ts"
import * as Module from "./Module.ts"
import type { Machine } from "./Emitter.ts"
import { emitNest } from "./Nests.ts"
import { functionFor } from "./Parts.ts"
import { addProduct } from "./Products.ts"
import type { Kernel } from "./Profile.ts"
import { kernelOf } from "./Profile.ts"
import type { Call, Runner } from "./Sharing.ts"
import { alone, hasLargeSteps, isDivisible, isWorthSharing, sequence } from "./Sharing.ts"
import { algorithms } from "./Routines.ts"
import { resultBytes } from "./Totals.ts"
import type { HostFunction } from "./scalarInstructions.ts"
import { eachHostFunction } from "./scalarInstructions.ts"

/** What code may be generated for. */
export interface Target {
  readonly memory: MemoryLimits
  readonly isRelaxed: boolean
  readonly isWide: boolean
  /** How many threads run the module. */
  readonly threads: number
  /** Whether the module reports the end of each kernel to `env.mark`. */
  readonly isProfiled: boolean
}

/** A rendered program. */
export interface Rendered {
  readonly module: Uint8Array<ArrayBuffer>
  /** Bytes of the arena with the scratch memory behind it. */
  readonly arenaBytes: number
  /** Whether any step is shared: if not, the first thread runs the program alone. */
  readonly isParallel: boolean
  /** The kernels that a profiled module reports, by number. */
  readonly kernels: ReadonlyArray<Kernel>
}

/** Host functions that modules import from `env`. */
export const imports: Readonly<Record<HostFunction, (x: number, y: number) => number>> = eachHostFunction(
  (name) => Math[name]
)

/** The module of `program`. */
export const render = (program: LoopProgram, target: Target): Rendered => {
  if (target.memory.is64 === true) demandCountable(program)
  const module = Module.make(target.memory)
  const kernels: Array<Kernel> = []
  const mark = target.isProfiled ? module.importFunction({ name: "mark", parameters: ["i32"] }) : undefined
  const machine: Machine = {
    host: hostsOf(module),
    halves: Memory.halves(module),
    isRelaxed: target.isRelaxed,
    isWide: target.isWide
  }
  const [control, arena, thread] = [module.global(0), module.global(0), module.global(0)]
  const [privates, scratch] = [module.global(0), module.global(0)]
  const pointers = new Map<Buffer, Global<"index">>()
  for (const buffer of [...program.inputs, ...program.outputs]) pointers.set(buffer, module.global(0))
  const threads =
    target.threads > 1 && hasLargeSteps(program)
      ? { count: target.threads, thread, control, barrier: addBarrier(module, control, target.threads) }
      : undefined
  const context: Context = {
    module,
    threads,
    machine,
    isWide: target.isWide,
    program,
    arena,
    pointers,
    counters: new Map(),
    privates,
    scratch,
    touch: touches(program),
    scratchBytes: 0,
    slots: [],
    forms: { count: 0 },
    profiled: mark === undefined ? undefined : { kernels, mark }
  }
  // Functions of steps come first: the entry calls them.
  const calls = program.steps.map((step) => addStep(step, context))
  const run = sequence(calls, context, { isBefore: false })
  const entry = module.function({ name: "run", parameters: ["index", "i32"], isExported: true })
  const [table, number] = entry.parameters
  entry.get(number).toIndex().set(thread)
  ;[control, arena, ...pointers.values()].forEach((global, i) =>
    entry
      .get(table)
      .op("index.load", entry.indexBytes * i)
      .set(global)
  )
  // Behind the arena and what threads share each thread has private buffers and scratch memory of its own.
  const [ownAt, privateBytes, scratchBytes] = [
    sharedAt(program) + resultBytes,
    program.privateBytes,
    context.scratchBytes
  ].map((bytes) => Math.ceil(bytes / 64) * 64)
  const ownBytes = privateBytes + scratchBytes
  entry
    .get(thread)
    .whole(ownBytes)
    .op("index.mul")
    .get(arena)
    .op("index.add")
    .whole(ownAt)
    .op("index.add")
    .set(privates)
  entry.get(privates).whole(privateBytes).op("index.add").set(scratch)
  run(entry)
  return {
    module: module.build({ hasNames: true }),
    arenaBytes: ownAt + ownBytes * target.threads,
    isParallel: calls.some(({ isShared }) => isShared),
    kernels
  }
}

/** Positions of elements are i32, whatever addresses are. */
const demandCountable = ({ inputs, outputs, places }: LoopProgram): void => {
  for (const { shape } of [...inputs, ...outputs, ...places.keys()]) {
    if (shape[0] >= 2 ** 31) throw new RangeError(`a tensor of ${shape[0]} elements: expected fewer than 2³¹`)
  }
}

const hostsOf = (module: ModuleBuilder): Machine["host"] =>
  eachHostFunction((name) =>
    module.importFunction({
      name,
      parameters: name === "atan2" || name === "pow" ? ["f64", "f64"] : ["f64"],
      results: ["f64"]
    })
  )

const addStep = (step: Step, context: Context): Call => {
  const { counters, profiled, threads } = context
  const { as = step, split, ...runner } = addRunner(step, context)
  const manner = { count: threads?.count ?? 1, isShared: runner.isShared, split, counters: counters.keys() }
  const call = { ...runner, touch: context.touch(as, manner) }
  if (profiled === undefined || isCompound(step)) return call
  return { ...call, number: profiled.kernels.push(kernelOf(step)) - 1 }
}

/** Whether a step is made of steps, which have times of their own. */
const isCompound = (step: Step): boolean => inner(step).length > 0

const addRunner = (step: Step, context: Context): Runner => {
  switch (step.tag) {
    case "nest":
      return withForm(step, context, (inside) => addNest(step, inside))
    case "contraction":
      return addProduct(step, context)
    case "attention":
      throw new TypeError("attention is in strips by now")
    case "routine":
      return addRoutine(step, context)
    case "copy":
      return alone((code) => emitCopy(step, code, context))
    case "repeat":
      return addRepeat(step, context, addStep)
    case "tiles":
      return addTiles(step, context, addStep)
    case "branch":
      return addBranch(step, context, addStep)
    case "while":
      return addWhile(step, context, addStep)
  }
}

const addNest = (nest: Nest, context: Context): Code => {
  const threads = isWorthSharing(nest, context) ? context.threads : undefined
  const { code, portion } = functionFor(nest.name, threads, context.module)
  const loops = [...nest.axes, ...nest.stages.flatMap((stage) => stage.axes)]
  const scratch = nestScratch(code, context, threads)
  const emitter = emitterFor(code, loops, context, { rows: rowsOf(nest), scratch: scratch.parts })
  let ranges: Split["ranges"] | undefined
  withBuffers(emitter, touched(nest), context, () => {
    ranges = emitNest(nest, emitter, { results: scratch.results, portion })
  })
  return {
    function: code,
    isShared: threads !== undefined,
    isDivisible: threads !== undefined && isDivisible(nest, threads),
    ...(ranges === undefined ? {} : { split: { by: "outer", ranges } })
  }
}

const addRoutine = (routine: Routine, context: Context): Runner => {
  const algorithm = algorithms[routine.name]
  if (algorithm === undefined) throw new TypeError(`the routine ${routine.name} has no kernel`)
  const code = context.module.function({ name: routine.name, parameters: [] })
  const pointer = (push: () => void): Local<"index"> => {
    const local = code.local("index")
    push()
    code.set(local)
    return local
  }
  const base = ({ buffer }: Routine["inputs"][number]) => pointer(() => pushBase(code, buffer, context))
  algorithm.emit({
    code,
    machine: context.machine,
    routine,
    inputs: routine.inputs.map(base),
    outputs: routine.outputs.map(base),
    scratch: pointer(() => code.get(context.scratch))
  })
  context.scratchBytes = Math.max(context.scratchBytes, algorithm.scratchBytes(routine))
  return alone((entry) => void entry.call(code))
}

const emitCopy = ({ from, fromOffset, length, to, toOffset }: Copy, entry: FunctionBuilder, context: Context): void => {
  const emitter = emitterFor(entry, [], context)
  withBuffers(emitter, [from, to], context, () => {
    const places = [emitter.workspace.address(to, toOffset), emitter.workspace.address(from, fromOffset)]
    // Addresses are computed before they are pushed.
    const locals = places.map(({ base }) => emitter.index(base))
    places.forEach(({ offset }, i) => {
      entry.get(locals[i])
      if (offset > 0) entry.whole(offset).op("index.add")
    })
    entry.whole(length * bytes(from.dtype)).memoryCopy()
  })
}
