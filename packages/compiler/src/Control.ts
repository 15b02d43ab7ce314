/**
 * Control: steps that run repeatedly, or by choice. Carries of loops live in buffers of their own that each run reads
 * and, at its end, replaces.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Application, Branch, Loop, Tensor, While } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import type { DType } from "@cotangent/tensor/DType"
import * as S from "@cotangent/tensor/Scalar"
import { size } from "@cotangent/tensor/Shape"
import type { Buffer, Step } from "./LoopProgram.ts"
import { layOut } from "./Panels.ts"
import type { Location } from "./Stages.ts"
import { copy, start } from "./Stages.ts"

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
  readonly isRead: (tensor: Tensor) => boolean
  readonly allocate: Allocate
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

/** The steps of a body once per run; items and histories are copied to their place in the outputs that anybody reads. */
export const repeat = (loop: Loop, { inputs, outputs }: Application, control: Control): ReadonlyArray<Step> => {
  const { isRead, locate, lower } = control
  const counter = S.variable(loop.length)
  const run = loop.reverse ? S.sub(S.constant(loop.length - 1), counter) : counter
  const rowAt = (location: Location, length: number): Location => ({
    buffer: location.buffer,
    base: Affine.toScalar(Affine.of(S.add(location.base, S.mul(run, S.constant(length)))))
  })
  const first = loop.constants + loop.carries
  const carries = carriesOf(inputs.slice(loop.constants, first), outputs.slice(0, loop.carries), control)
  const placeOf = (parameter: Tensor, i: number): Location => {
    if (i < loop.constants) return locate(inputs[i])
    return i < first ? carries.places[i - loop.constants] : rowAt(locate(inputs[i]), size(parameter.shape))
  }
  const { results, steps } = lower(
    loop.body,
    new Map(loop.body.parameters.map((parameter, i) => [parameter, placeOf(parameter, i)]))
  )
  const stacked = outputs.slice(loop.carries)
  const items = results.length - loop.carries
  const record = (output: Tensor, from: Location): ReadonlyArray<Step> => {
    if (!isRead(output)) return []
    const length = size(output.shape.slice(1))
    return [copy(from, rowAt(locate(output), length), length)]
  }
  const body = [
    ...carries.places.flatMap((carry, i) => record(stacked[items + i], carry)),
    ...steps,
    ...results.slice(loop.carries).flatMap((item, i) => record(stacked[i], item)),
    ...carries.advance(results.slice(0, loop.carries))
  ]
  const panels = layOut(body, control.allocate)
  return [...carries.enter, ...panels.before, { tag: "repeat", counter, steps: panels.body }, ...carries.leave]
}

/** The steps of a body as long as those of the condition give true. */
export const repeatWhile = (loop: While, { inputs, outputs }: Application, control: Control): ReadonlyArray<Step> => {
  const constants = inputs.slice(0, loop.constants).map(control.locate)
  const carries = carriesOf(inputs.slice(loop.constants), outputs, control)
  const all = [...constants, ...carries.places]
  const [condition, body] = [loop.condition, loop.body].map((program) =>
    control.lower(program, new Map(program.parameters.map((parameter, i) => [parameter, all[i]])))
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
      { parameters, results: results.filter((_, i) => read[i]) },
      new Map(parameters.map((parameter, i) => [parameter, operands[i]])),
      targets
    )
  )
  return [{ tag: "branch", predicate: { buffer, offset: base }, ifTrue, ifFalse }]
}
