/**
 * Control: steps that run by choice, or as long as a program says so. Carries of such loops live in buffers of their own
 * that each run reads and, at its end, replaces.
 */
import type { Application, Branch, Tensor, While } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import type { DType } from "@cotangent/tensor/DType"
import { size } from "@cotangent/tensor/Shape"
import type { Buffer, Step } from "./LoopProgram.ts"
import type { Location } from "./Stages.ts"
import { copy, start } from "./Stages.ts"
import type { Target } from "./Target.ts"

/** Makes buffers. */
export type Allocate = (role: Buffer["role"], length: number, dtype: DType) => Buffer

/** Steps, and where the results of their program are afterwards. */
export interface Lowered {
  readonly steps: ReadonlyArray<Step>
  readonly results: ReadonlyArray<Location>
}

type Places = ReadonlyMap<Tensor, Location>

/** How applications that are steps by themselves find their places, and how the programs inside them are lowered. */
export interface Control {
  readonly locate: (tensor: Tensor) => Location
  /** Says where an output lies, unless that is settled already; whether it lies there. */
  readonly place: (tensor: Tensor, location: Location) => boolean
  readonly isRead: (tensor: Tensor) => boolean
  readonly allocate: Allocate
  readonly target: Target
  readonly canonical: (body: Program) => Program
  /** The steps of a canonical program. */
  readonly lower: (body: Program, parameters: Places) => Lowered
  readonly lowerTo: (body: Program, parameters: Places, targets: ReadonlyArray<Location>) => ReadonlyArray<Step>
}

/** Where carries live, and the copies into and out of there. */
interface Carries {
  readonly places: ReadonlyArray<Location>
  readonly enter: ReadonlyArray<Step>
  readonly leave: ReadonlyArray<Step>
  /** Replaces the carries by the results of a run. */
  readonly advance: (results: ReadonlyArray<Location>) => ReadonlyArray<Step>
}

const carriesOf = (
  initial: ReadonlyArray<Tensor>,
  outputs: ReadonlyArray<Tensor>,
  { allocate, isRead, locate }: Control
): Carries => {
  const lengths = initial.map(({ shape }) => size(shape))
  const room = (i: number): Location => start(allocate("temporary", lengths[i], initial[i].dtype))
  const places = initial.map((_, i) => room(i))
  return {
    places,
    enter: initial.map((tensor, i) => copy(locate(tensor), places[i], lengths[i])),
    leave: outputs.flatMap((output, i) => (isRead(output) ? [copy(places[i], locate(output), lengths[i])] : [])),
    advance: (results) => {
      // A result may be a carry itself (passed on, or swapped): all are read before any is replaced.
      const next = results.map((result, i) => {
        const isCarry = places.some(({ buffer }) => buffer === result.buffer)
        return isCarry && result.buffer !== places[i].buffer ? room(i) : result
      })
      const saved = next.flatMap((place, i) => (place === results[i] ? [] : [copy(results[i], place, lengths[i])]))
      const replaced = next.flatMap((place, i) =>
        place.buffer === places[i].buffer ? [] : [copy(place, places[i], lengths[i])]
      )
      return [...saved, ...replaced]
    }
  }
}

/** The steps of a body as long as those of the condition give true. */
export const repeatWhile = (loop: While, { inputs, outputs }: Application, control: Control): ReadonlyArray<Step> => {
  const constants = inputs.slice(0, loop.constants).map(control.locate)
  const carries = carriesOf(inputs.slice(loop.constants), outputs, control)
  const all = [...constants, ...carries.places]
  const [condition, body] = [loop.condition, loop.body].map((program) =>
    control.lower(control.canonical(program), new Map(program.parameters.map((parameter, i) => [parameter, all[i]])))
  )
  const [{ base, buffer }] = condition.results
  return [
    ...carries.enter,
    {
      tag: "while",
      condition: condition.steps,
      predicate: { buffer, offset: base },
      steps: [...body.steps, ...carries.advance(body.results)]
    },
    ...carries.leave
  ]
}

/** The steps of one program or of the other; both write the outputs that anybody reads. */
export const choose = (branch: Branch, { inputs, outputs }: Application, control: Control): ReadonlyArray<Step> => {
  const [{ base, buffer }, ...operands] = inputs.map(control.locate)
  const read = outputs.map(control.isRead)
  const targets = outputs.filter((_, i) => read[i]).map(control.locate)
  const [ifTrue, ifFalse] = [branch.ifTrue, branch.ifFalse].map(({ parameters, results }) =>
    control.lowerTo(
      control.canonical({ parameters, results: results.filter((_, i) => read[i]) }),
      new Map(parameters.map((parameter, i) => [parameter, operands[i]])),
      targets
    )
  )
  return [{ tag: "branch", predicate: { buffer, offset: base }, ifTrue, ifFalse }]
}
