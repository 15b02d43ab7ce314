/**
 * The memory plan: temporaries share one arena, each at a place that nobody else uses while it lives.
 */
import { bytes } from "@cotangent/tensor/DType"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"
import { loads } from "./Inline.ts"
import type { Buffer, LoopProgram, Step, Store } from "./LoopProgram.ts"
import { footprint, inner } from "./LoopProgram.ts"

/** Every place begins at a multiple of a cache line. */
const alignment = 64

const aligned = (length: number): number => Math.ceil(length / alignment) * alignment

/** Bytes of a buffer. */
export const bytesOf = ({ dtype, shape }: Buffer): number => shape[0] * bytes(dtype)

/** When a buffer is used: the numbers of steps. */
interface Life {
  readonly first: number
  readonly last: number
  /** The first step that writes it. */
  readonly written: number | undefined
}

/** The lives of all buffers that `steps` touch. */
const lifetimes = (steps: ReadonlyArray<Step>): ReadonlyMap<Buffer, Life> => {
  const lives = new Map<Buffer, Life>()
  steps.forEach((step, at) => {
    const { reads, writes } = footprint(step)
    for (const buffer of new Set([...reads, ...writes])) {
      const { first = at, written } = lives.get(buffer) ?? {}
      lives.set(buffer, { first, last: at, written: written ?? (writes.has(buffer) ? at : undefined) })
    }
  })
  return lives
}

/** A stretch of time; steps inside of others have moments of their own. */
interface Span {
  readonly first: number
  readonly last: number
}

/** When each buffer holds something that is read later. */
const spans = (steps: ReadonlyArray<Step>): ReadonlyMap<Buffer, Span> => {
  const uses = new Map<Buffer, Span & { readonly isMade: boolean }>()
  const loops: Array<Span> = []
  let now = 0
  const note = (buffers: Iterable<Buffer>, isMade: boolean): void => {
    for (const buffer of buffers) uses.set(buffer, { ...(uses.get(buffer) ?? { first: now, isMade }), last: now })
  }
  const visit = (step: Step): void => {
    const first = now
    // Threads read a predicate when they get there: it stays as long as any of them may be within.
    if (step.tag === "branch" || step.tag === "while") note([step.predicate.buffer], false)
    if (step.tag === "repeat" || step.tag === "branch" || step.tag === "while") inner(step).forEach(visit)
    else {
      const { reads, writes } = footprint(step)
      note(reads, false)
      note(writes, true)
    }
    if (step.tag === "branch") note([step.predicate.buffer], false)
    now++
    // Inner loops end, and are listed, before those around them.
    if (step.tag === "repeat" || step.tag === "while") loops.push({ first, last: now - 1 })
  }
  steps.forEach(visit)
  return new Map([...uses].map(([buffer, use]) => [buffer, throughLoops(use, loops)]))
}

/** What a run of a loop passes on to the next lives as long as the loop; so does what lives on after it. */
const throughLoops = (use: Span & { readonly isMade: boolean }, loops: ReadonlyArray<Span>): Span =>
  loops.reduce<Span>((span, loop) => {
    if (loop.last < use.first || use.last < loop.first) return span
    const isWithin = loop.first <= use.first && use.last <= loop.last && use.isMade
    return isWithin ? span : { first: Math.min(span.first, loop.first), last: Math.max(span.last, loop.last) }
  }, use)

/** A place for every buffer of a role in `steps`: greedy by size, the largest first, at the lowest free place. */
const placesOf = (
  role: Buffer["role"],
  steps: ReadonlyArray<Step>
): { readonly places: ReadonlyMap<Buffer, number>; readonly arenaBytes: number } => {
  const lives = [...spans(steps)].filter(([buffer]) => buffer.role === role)
  const placed: Array<{ readonly at: number; readonly end: number; readonly life: Span }> = []
  const places = new Map<Buffer, number>()
  let arenaBytes = 0
  for (const [buffer, life] of lives.toSorted(([x], [y]) => bytesOf(y) - bytesOf(x))) {
    const length = aligned(bytesOf(buffer))
    const rivals = placed.filter((other) => other.life.first <= life.last && life.first <= other.life.last)
    let at = 0
    for (const rival of rivals.toSorted((x, y) => x.at - y.at)) {
      if (rival.at >= at + length) break
      at = Math.max(at, rival.end)
    }
    placed.push({ at, end: at + length, life })
    places.set(buffer, at)
    arenaBytes = Math.max(arenaBytes, at + length)
  }
  return { places, arenaBytes }
}

/** Runs of steps that have private buffers to themselves: those of a tile, and nests outside of tiles. */
const runsOf = (steps: ReadonlyArray<Step>): ReadonlyArray<ReadonlyArray<Step>> =>
  steps.flatMap((step) => (step.tag === "tiles" ? [step.steps] : step.tag === "nest" ? [[step]] : runsOf(inner(step))))

/** Places for temporaries, and for what only a tile has, or a round of a nest. */
export const arena = (steps: ReadonlyArray<Step>): Pick<LoopProgram, "places" | "arenaBytes" | "privateBytes"> => {
  const { arenaBytes, places } = placesOf("temporary", steps)
  const runs = runsOf(steps).map((run) => placesOf("private", run))
  return {
    places: new Map([...places, ...runs.flatMap((run) => [...run.places])]),
    arenaBytes,
    privateBytes: Math.max(0, ...runs.map((run) => run.arenaBytes))
  }
}

/**
 * Which donated input each output may take over: one of equal size that no later step reads, and that the writing step
 * itself reads only at the place it is about to write.
 */
export const aliases = (
  steps: ReadonlyArray<Step>,
  inputs: ReadonlyArray<Buffer>,
  outputs: ReadonlyArray<Buffer>,
  donated: ReadonlySet<number>
): ReadonlyArray<number | undefined> => {
  const lives = lifetimes(steps)
  const free = inputs.flatMap((input, i) => (donated.has(i) ? [{ input, i, last: lives.get(input)?.last ?? -1 }] : []))
  return outputs.map((output) => {
    const written = lives.get(output)?.written
    if (written === undefined) return undefined
    const found = free.findIndex(({ input, last }) => {
      if (last > written || input.shape[0] !== output.shape[0] || input.dtype !== output.dtype) return false
      return last < written || readsInPlace(steps[written], input, output)
    })
    return found < 0 ? undefined : free.splice(found, 1)[0].i
  })
}

/** Whether `step` reads `input` only at the position where it then writes `output`. */
const readsInPlace = (step: Step, input: Buffer, output: Buffer): boolean => {
  if (step.tag !== "nest" && step.tag !== "contraction") return false
  if (step.tag === "contraction" && (step.a.buffer === input || step.b.buffer === input)) return false
  const stages: ReadonlyArray<{ readonly stores: ReadonlyArray<Store> }> = step.tag === "nest" ? step.stages : [step]
  const writer = stages.filter(({ stores }) => stores.some(({ buffer }) => buffer === output))
  if (writer.length !== 1) return false
  const target = writer[0].stores.find(({ buffer }) => buffer === output)!
  return stages.every((stage) =>
    loads(stage.stores.flatMap(({ offset, value }) => [value, offset])).every(
      (load) => load.source !== input || (stage === writer[0] && samePosition(load.index[0], target.offset))
    )
  )
}

/** Whether two positions are the same sum of the same variables. */
const samePosition = (x: Scalar, y: Scalar): boolean => {
  if (x === y) return true
  if (x.tag !== y.tag) return false
  if (x.tag === "constant" && y.tag === "constant") return x.value === y.value
  if (x.tag === "variable") return x === (y as Variable)
  const [a, b] = [children(x), children(y)]
  const sameOp = x.tag !== "call" || (y.tag === "call" && x.op === y.op)
  return x.tag === "call" && sameOp && a.length === b.length && a.every((part, i) => samePosition(part, b[i]))
}
