/**
 * Renders a loop program as one WebAssembly module with one entry, `run(table)`. The table holds the address of the
 * arena, then those of the inputs and outputs, as i32.
 */
import type {
  Buffer,
  Contraction,
  Copy,
  LoopProgram,
  Nest,
  Repeat,
  Routine,
  Step
} from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { approximate } from "./approximate.ts"
import { addGemm } from "./Contractions.ts"
import type { Emitter, Machine } from "./Emitter.ts"
import * as Emitters from "./Emitter.ts"
import type { FunctionBuilder, Global, Local } from "./FunctionBuilder.ts"
import * as Memory from "./memoryInstructions.ts"
import type { MemoryLimits, ModuleBuilder } from "./Module.ts"
import * as Module from "./Module.ts"
import { emitNest } from "./Nests.ts"
import * as Prepare from "./Prepare.ts"
import { algorithms } from "./Routines.ts"
import { hostFunctions } from "./scalarInstructions.ts"

/** What code may be generated for. */
export interface Target {
  readonly memory: MemoryLimits
  readonly isRelaxed: boolean
  readonly isWide: boolean
}

/** A rendered program. */
export interface Rendered {
  readonly module: Uint8Array<ArrayBuffer>
  /** Bytes of the arena with the scratch memory behind it. */
  readonly arenaBytes: number
}

/** Host functions that modules import from `env`. */
export const imports: Readonly<Record<(typeof hostFunctions)[number], (x: number, y: number) => number>> = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  atan2: Math.atan2,
  pow: Math.pow
}

/** The module of `program`. */
export const render = (program: LoopProgram, target: Target): Rendered => {
  const module = Module.make(target.memory)
  const machine: Machine = {
    host: hostsOf(module),
    halves: Memory.halves(module),
    isRelaxed: target.isRelaxed
  }
  const arena = module.global(0)
  const pointers = new Map<Buffer, Global<"i32">>()
  for (const buffer of [...program.inputs, ...program.outputs]) pointers.set(buffer, module.global(0))
  const context: Context = {
    module,
    machine,
    isWide: target.isWide,
    program,
    arena,
    pointers,
    counters: new Map(),
    scratchAt: Math.ceil(program.arenaBytes / 64) * 64,
    scratchBytes: 0,
    contractions: 0
  }
  // Functions of steps come first: the entry calls them.
  const calls = program.steps.map((step) => addStep(step, context))
  const entry = module.function({ name: "run", parameters: ["i32"], isExported: true })
  const [table] = entry.parameters
  ;[arena, ...pointers.values()].forEach((global, i) =>
    entry
      .get(table)
      .op("i32.load", 4 * i)
      .set(global)
  )
  calls.forEach((emit) => emit(entry))
  return { module: module.build({ hasNames: true }), arenaBytes: context.scratchAt + context.scratchBytes }
}

interface Context {
  readonly module: ModuleBuilder
  readonly machine: Machine
  readonly isWide: boolean
  readonly program: LoopProgram
  readonly arena: Global<"i32">
  readonly pointers: ReadonlyMap<Buffer, Global<"i32">>
  /** Counters of the repetitions that enclose the present step. */
  readonly counters: ReadonlyMap<Variable, Global<"i32">>
  readonly scratchAt: number
  scratchBytes: number
  contractions: number
}

const hostsOf = (module: ModuleBuilder): Machine["host"] => {
  const add = (name: string) =>
    module.importFunction({
      name,
      parameters: name === "atan2" || name === "pow" ? ["f64", "f64"] : ["f64"],
      results: ["f64"]
    })
  // One entry for each name of the list.
  return Object.fromEntries(hostFunctions.map((name) => [name, add(name)])) as Machine["host"]
}

/** Emits what runs a step into the function that runs its surroundings. */
type Call = (code: FunctionBuilder) => void

const addStep = (step: Step, context: Context): Call => {
  switch (step.tag) {
    case "nest":
      return addNest(step, context)
    case "contraction":
      return addContraction(step, context)
    case "routine":
      return addRoutine(step, context)
    case "copy":
      return (code) => emitCopy(step, code, context)
    case "repeat":
      return addRepeat(step, context)
  }
}

const emitterFor = (code: FunctionBuilder, loops: ReadonlyArray<Variable>, { counters, machine }: Context): Emitter =>
  Emitters.make(code, Prepare.make([...counters.keys(), ...loops], approximate), machine)

/** Pushes the address of a buffer. */
const pushBase = (code: FunctionBuilder, buffer: Buffer, { arena, pointers, program }: Context): void => {
  const global = pointers.get(buffer)
  if (global !== undefined) return void code.get(global)
  code.get(arena)
  const place = program.places.get(buffer) ?? 0
  if (place > 0) code.i32(place).op("i32.add")
}

/** Emits `body` where the addresses of buffers and the counters of repetitions are in locals. */
const withBuffers = (emitter: Emitter, buffers: Iterable<Buffer>, context: Context, body: () => void): void => {
  const { code, workspace } = emitter
  const known: Array<readonly [Scalar, Local]> = []
  for (const buffer of new Set(buffers)) {
    const local = code.local("i32")
    pushBase(code, buffer, context)
    code.set(local)
    known.push([workspace.pointer(buffer), local])
  }
  for (const [counter, global] of context.counters) {
    const local = code.local("i32")
    code.get(global).set(local)
    known.push([counter, local])
  }
  emitter.within(known, body)
}

const touched = (step: Step): ReadonlyArray<Buffer> => {
  const { reads, writes } = footprint(step)
  return [...reads, ...writes]
}

const addNest = (nest: Nest, context: Context): Call => {
  const code = context.module.function({ name: nest.name, parameters: [] })
  const loops = [...nest.axes, ...nest.stages.flatMap((stage) => stage.axes)]
  const emitter = emitterFor(code, loops, context)
  withBuffers(emitter, touched(nest), context, () => emitNest(nest, emitter))
  return (entry) => void entry.call(code)
}

const addContraction = (step: Contraction, context: Context): Call => {
  const key = `contraction ${context.contractions++}`
  const product = addGemm(step, key, {
    module: context.module,
    machine: context.machine,
    isWide: context.isWide,
    emitter: (code, loops) => emitterFor(code, loops, context),
    withBuffers: (emitter, buffers, body) => withBuffers(emitter, buffers, context, body)
  })
  context.scratchBytes = Math.max(context.scratchBytes, product.scratchBytes)
  const { a, b, batch } = step
  const code = context.module.function({ name: step.name, parameters: [] })
  const emitter = emitterFor(code, batch, context)
  const run = (axes: ReadonlyArray<Variable>): void => {
    const [axis, ...rest] = axes
    if (axis !== undefined) return emitter.loop(axis, { from: 0, to: axis.extent, step: 1 }, () => run(rest))
    for (const operand of [a, b]) {
      const { base, offset } = emitter.workspace.address(operand.buffer, operand.offset)
      // The address is computed before it is pushed.
      const local = emitter.scalar(base)
      code.get(local)
      if (offset > 0) code.i32(offset).op("i32.add")
    }
    code.get(context.arena).i32(context.scratchAt).op("i32.add")
    code.i32(0).i32(product.units).i32(0).i32(product.panels)
    for (const variable of batch) code.get(emitter.scalar(variable))
    code.call(product.function)
  }
  withBuffers(emitter, [a.buffer, b.buffer], context, () => run(batch))
  return (entry) => void entry.call(code)
}

const addRoutine = (routine: Routine, context: Context): Call => {
  const algorithm = algorithms[routine.name]
  if (algorithm === undefined) throw new TypeError(`the routine ${routine.name} has no kernel`)
  const code = context.module.function({ name: routine.name, parameters: [] })
  const pointer = (push: () => void): Local<"i32"> => {
    const local = code.local("i32")
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
    scratch: pointer(() => code.get(context.arena).i32(context.scratchAt).op("i32.add"))
  })
  context.scratchBytes = Math.max(context.scratchBytes, algorithm.scratchBytes(routine))
  return (entry) => void entry.call(code)
}

const emitCopy = ({ from, fromOffset, length, to, toOffset }: Copy, entry: FunctionBuilder, context: Context): void => {
  const emitter = emitterFor(entry, [], context)
  withBuffers(emitter, [from, to], context, () => {
    const places = [emitter.workspace.address(to, toOffset), emitter.workspace.address(from, fromOffset)]
    // Addresses are computed before they are pushed.
    const locals = places.map(({ base }) => emitter.scalar(base))
    places.forEach(({ offset }, i) => {
      entry.get(locals[i])
      if (offset > 0) entry.i32(offset).op("i32.add")
    })
    entry.i32(length * bytes(from.dtype)).memoryCopy()
  })
}

const addRepeat = ({ counter, steps }: Repeat, context: Context): Call => {
  const global = context.module.global(0)
  const inner: Context = { ...context, counters: new Map([...context.counters, [counter, global]]) }
  const calls = steps.map((step) => addStep(step, inner))
  context.scratchBytes = Math.max(context.scratchBytes, inner.scratchBytes)
  context.contractions = inner.contractions
  return (entry) => {
    if (counter.extent === 0) return
    const local = entry.local("i32")
    entry.forLoop({ local, from: 0, to: counter.extent, step: 1 }, () => {
      entry.get(local).set(global)
      calls.forEach((emit) => emit(entry))
    })
  }
}
