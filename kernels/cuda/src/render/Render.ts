/**
 * Loop programs as plans for a device: kernels in CUDA C, and the operations of a run in order.
 */
import type {
  Buffer,
  Copy as CopyStep,
  LoopProgram,
  Nest,
  Place as ElementPlace,
  Step
} from "@cotangent/compiler/LoopProgram"
import type { DType } from "@cotangent/tensor/DType"
import { bytesOf } from "@cotangent/compiler/Plan"
import { bytes } from "@cotangent/tensor/DType"
import type { Variable } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import type { Counter, DevicePlan, Operation, Place } from "../Plan.ts"
import type { Draft } from "./Draft.ts"
import { operationDraft } from "./Draft.ts"
import { renderAttention } from "./Attention.ts"
import { renderContraction } from "./Contraction.ts"
import { kernels } from "./kernels.ts"
import { renderNest } from "./Nest.ts"
import { renderRoutine } from "./Routine.ts"
import type { Site } from "./Site.ts"
import { together } from "./Together.ts"
import { placeIn, placeOf } from "./Site.ts"

/** Every buffer in scratch memory begins at a multiple of this. */
const alignment = 256

const aligned = (length: number): number => Math.ceil(length / alignment) * alignment

/** What a plan may do. */
export interface RenderOptions {
  /** Whether products of `f32` may round their operands to tf32. */
  readonly isTf32: boolean
}

/** The plan of `program`. */
export const render = (program: LoopProgram, { isTf32 }: RenderOptions): DevicePlan => {
  const written = kernels()
  const inputs = new Map(program.inputs.map((buffer, index) => [buffer, index] as const))
  const outputs = new Map(program.outputs.map((buffer, index) => [buffer, index] as const))
  const taken = new Set<Buffer>(
    program.aliases.flatMap((input, i) => (input === undefined ? [] : [program.inputs[input], program.outputs[i]]))
  )
  /** What steps need for themselves lies behind the temporaries of the program. */
  const base = aligned(program.arenaBytes)
  const own = new Map<Buffer, number>()
  let used = 0
  let scratchBytes = base
  const memoryOf = (buffer: Buffer): Place => {
    const input = inputs.get(buffer)
    if (input !== undefined) return placeIn({ tag: "input", index: input })
    const output = outputs.get(buffer)
    if (output !== undefined) return placeIn({ tag: "output", index: output })
    const place = own.get(buffer) ?? program.places.get(buffer)
    if (place === undefined) throw new TypeError("a buffer has no place")
    return placeIn({ tag: "scratch" }, place)
  }
  const temporary = (length: number, dtype: DType): Buffer => {
    const buffer: Buffer = { id: -1 - own.size, role: "temporary", shape: [length], dtype }
    own.set(buffer, base + used)
    used += aligned(length * bytes(dtype))
    scratchBytes = Math.max(scratchBytes, base + used)
    return buffer
  }
  const keys = new Map<Buffer, string>([
    ...program.inputs.map((buffer, i) => [buffer, `input ${i}`] as const),
    // An output that takes over an input is the same memory.
    ...program.outputs.map((buffer, i) => {
      const taken = program.aliases[i]
      return [buffer, taken === undefined ? `output ${i}` : `input ${taken}`] as const
    })
  ])
  const site: Site = {
    memoryOf,
    touch: (buffer, isWritten) => {
      const from = memoryOf(buffer).offset.constant
      return { memory: keys.get(buffer) ?? "scratch", from, to: from + bytesOf(buffer), isWritten }
    },
    privatePlace: (buffer) => program.places.get(buffer)!,
    isShared: (buffer) => taken.has(buffer),
    counters: new Map(),
    kernels: written,
    isTf32,
    temporary
  }
  const visit = (step: Step, at: Site): ReadonlyArray<Draft> => {
    used = 0
    switch (step.tag) {
      case "nest":
        return renderNest(step, at)
      case "contraction":
        return renderContraction(step, at)
      case "attention":
        return [renderAttention(step, at)]
      case "routine":
        return renderRoutine(step, at)
      case "copy":
        return renderCopy(step, at)
      case "repeat": {
        const counter: Counter = { name: `c${at.counters.size}` }
        const inside: Site = { ...at, counters: new Map<Variable, Counter>([...at.counters, [step.counter, counter]]) }
        return [operationDraft({ tag: "repeat", counter, count: step.counter.extent, body: all(step.steps, inside) })]
      }
      case "branch": {
        const { before, predicate } = predicateOf(step.predicate, at)
        const [ifTrue, ifFalse] = [step.ifTrue, step.ifFalse].map((steps) => all(steps, at))
        return [...before, operationDraft({ tag: "branch", predicate, ifTrue, ifFalse })]
      }
      case "while": {
        const drafts = step.condition.flatMap((inner) => visit(inner, at))
        used = 0
        const { before, predicate } = predicateOf(step.predicate, at)
        const condition = together([...drafts, ...before], written)
        return [operationDraft({ tag: "while", condition, predicate, body: all(step.steps, at) })]
      }
      case "tiles":
        throw new TypeError("tiles are for processors")
    }
  }
  const all = (steps: ReadonlyArray<Step>, at: Site): ReadonlyArray<Operation> =>
    together(
      steps.flatMap((step) => visit(step, at)),
      written
    )
  /** The byte that a choice is made by, brought to a place of its own if that depends on more than counters. */
  const predicateOf = (
    { buffer, offset }: ElementPlace,
    at: Site
  ): { readonly before: ReadonlyArray<Draft>; readonly predicate: Place } => {
    const place = placeOf(buffer, offset, at)
    if (place !== undefined) return { before: [], predicate: place }
    const byte = temporary(1, "bool")
    const store = { buffer: byte, offset: S.constant(0), value: S.load(buffer, [offset]) }
    return { before: renderNest(single("predicate", [], store), at), predicate: memoryOf(byte) }
  }
  const operations = all(program.steps, site)
  return { sources: written.sources(), scratchBytes, operations }
}

const single = (
  name: string,
  axes: ReadonlyArray<Variable>,
  store: Nest["stages"][number]["stores"][number]
): Nest => ({
  tag: "nest",
  name,
  axes: [],
  stages: [{ axes, stores: [store] }]
})

const renderCopy = (step: CopyStep, site: Site): ReadonlyArray<Draft> => {
  const { from, fromOffset, length, to, toOffset } = step
  if (length === 0) return []
  const [source, target] = [placeOf(from, fromOffset, site), placeOf(to, toOffset, site)]
  if (source !== undefined && target !== undefined) {
    const touches = [site.touch(from, false), site.touch(to, true)]
    return [operationDraft({ tag: "copy", from: source, to: target, bytes: length * bytes(from.dtype) }, touches)]
  }
  const axis = S.variable(length)
  const value = S.load(from, [S.add(fromOffset, axis)])
  return renderNest(single("copy", [axis], { buffer: to, offset: S.add(toOffset, axis), value }), site)
}
