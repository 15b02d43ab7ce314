/**
 * What runs when: the time of each kernel of the programs that a device runs.
 *
 * A device that profiles runs the same kernels as one that does not, with a look at the clock between them; their
 * times are those of the first thread, waiting for the others apart.
 */
import type { Step } from "@cotangent/compiler/LoopProgram"
import { footprint } from "@cotangent/compiler/LoopProgram"
import { bytesOf } from "@cotangent/compiler/Plan"
import type { Scalar, Variable } from "@cotangent/tensor/Scalar"
import { children } from "@cotangent/tensor/Scalar"

/** One step of a program. */
export interface Kernel {
  readonly name: string
  readonly kind: Step["tag"]
  /** The extents of its loops; of a contraction `batch × rows × columns × depth`. */
  readonly loops: string
  /** Additions, multiplications and other instructions of one run, as far as its loops tell. */
  readonly operations: number
  /** Bytes of the buffers it touches. */
  readonly bytes: number
}

/** A run of a kernel, or a wait for other threads after it. **Units** milliseconds. */
export interface Span {
  readonly kernel: Kernel
  readonly isWait: boolean
  readonly start: number
  readonly end: number
}

/** Collects spans. */
export interface Profile {
  readonly spans: ReadonlyArray<Span>
  /** Forgets all spans. */
  readonly clear: () => void
  /** What a module with these kernels calls at the end of each, and what its host calls at the start of a run. */
  readonly recorder: (kernels: ReadonlyArray<Kernel>) => Recorder
}

/** Takes the times of one module. */
export interface Recorder {
  readonly begin: () => void
  /** The kernel of this number has ended, or a wait after it, whose number is the complement. */
  readonly mark: (number: number) => void
}

/** An empty profile. */
export const make = (): Profile => {
  const spans: Array<Span> = []
  return {
    spans,
    clear: () => void (spans.length = 0),
    recorder: (kernels) => {
      let last = 0
      return {
        begin: () => void (last = performance.now()),
        mark: (number) => {
          const end = performance.now()
          const isWait = number < 0
          spans.push({ kernel: kernels[isWait ? ~number : number], isWait, start: last, end })
          last = end
        }
      }
    }
  }
}

/** What a step does, for its profile. */
export const kernelOf = (step: Step): Kernel => {
  const { reads, writes } = footprint(step)
  const buffers = new Set([...reads, ...writes])
  return {
    name: "name" in step ? step.name : step.tag,
    kind: step.tag,
    loops: loopsOf(step),
    operations: operationsOf(step),
    bytes: [...buffers].reduce((sum, buffer) => sum + bytesOf(buffer), 0)
  }
}

const loopsOf = (step: Step): string => {
  const times = (axes: ReadonlyArray<Variable>): string => axes.map(({ extent }) => extent).join("×")
  if (step.tag === "nest") {
    const inner = step.stages.map(({ axes }) => times(axes)).filter((text) => text !== "")
    return [times(step.axes), inner.join("+")].filter((text) => text !== "").join("×")
  }
  return step.tag === "contraction" ? times([...step.batch, step.row, step.column, step.depth]) : ""
}

const rounds = (variables: ReadonlyArray<Variable>): number =>
  variables.reduce((product, { extent }) => product * extent, 1)

const operationsOf = (step: Step): number => {
  if (step.tag === "contraction") {
    const { batch, column, depth, row } = step
    return 2 * rounds([...batch, row, column, depth])
  }
  if (step.tag !== "nest") return 0
  const perRound = step.stages.map(
    ({ axes, stores }) => rounds(axes) * stores.reduce((sum, { value }) => sum + instructionsOf(value), 0)
  )
  return rounds(step.axes) * perRound.reduce((sum, stage) => sum + stage, 0)
}

/** About how many instructions compute a value; parts that occur twice count once. */
const instructionsOf = (value: Scalar): number => {
  const seen = new Set<Scalar>()
  const cost = (scalar: Scalar): number => {
    if (seen.has(scalar)) return 0
    seen.add(scalar)
    if (scalar.tag === "load") return 0
    const inner = children(scalar).reduce((sum, child) => sum + cost(child), 0)
    if (scalar.tag === "reduce") return rounds(scalar.variables) * (1 + inner)
    return (scalar.tag === "call" ? 1 : 0) + inner
  }
  return cost(value)
}
