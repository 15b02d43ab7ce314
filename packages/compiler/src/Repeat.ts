/**
 * Loops of known length. Carries live in rows of a buffer: each run reads one row and writes the next, so that nothing is
 * copied from run to run. Where anybody reads a carry of every run there is a row for each, and these rows are the stacks
 * of the carries as received and as given; otherwise two rows take turns.
 */
import * as Affine from "@cotangent/tensor/Affine"
import type { Application, Loop, Tensor } from "@cotangent/tensor/Primitive"
import type { Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { size } from "@cotangent/tensor/Shape"
import type { Control } from "./Control.ts"
import type { Step } from "./LoopProgram.ts"
import { layOut } from "./Panels.ts"
import type { Location } from "./Stages.ts"
import { copy, start } from "./Stages.ts"

/** Where a carry lives. */
interface Rows {
  /** What a run receives, and what it gives. */
  readonly received: Location
  readonly given: Location
  readonly enter: ReadonlyArray<Step>
  readonly leave: ReadonlyArray<Step>
}

/** An output, and where a loop leaves it. */
interface Left {
  readonly output: Tensor
  readonly at: Location
}

/** The steps of a body once per run. What nobody reads is not computed. */
export const repeat = (loop: Loop, { inputs, outputs }: Application, control: Control): ReadonlyArray<Step> => {
  const { isRead, locate } = control
  const { carries, constants, length } = loop
  const counter = S.variable(length)
  const run = loop.reverse ? S.sub(S.constant(length - 1), counter) : counter
  const stacked = outputs.slice(carries)
  const items = loop.body.results.length - carries
  const isItemRead = stacked.slice(0, items).map(isRead)
  const { parameters, results } = control.canonical({
    ...loop.body,
    results: loop.body.results.filter((_, i) => i < carries || isItemRead[i - carries])
  })
  const read = stacked.slice(0, items).filter((_, i) => isItemRead[i])
  const next = results.slice(0, carries)
  const rows = next.map((value, i): Rows => {
    const same = read.filter((_, item) => results[carries + item] === value && next.indexOf(value) === i)
    const input = inputs[constants + i]
    const wanted = [stacked[items + i], ...same].map((output) => isRead(output))
    const isKept = value === parameters[constants + i] && !wanted[0] && same.length === 0
    const home = isKept
      ? { received: locate(input), given: locate(input), enter: [], last: locate(input), stacks: [] }
      : wanted.includes(true)
        ? all(input, loop, run, control)
        : turns(input, loop, counter, control)
    const stacks = home.stacks.length === 0 ? [] : [{ output: stacked[items + i], at: home.stacks[0] }]
    const given = home.stacks.length === 0 ? [] : same.map((output) => ({ output, at: home.stacks[1] }))
    const left: ReadonlyArray<Left> = [{ output: outputs[i], at: home.last }, ...stacks, ...given]
    return { ...home, leave: left.flatMap((each) => leave(each, control)) }
  })
  const places = parameters.map((parameter, i): Location => {
    if (i < constants) return locate(inputs[i])
    const carry = rows[i - constants]
    return carry === undefined ? row(locate(inputs[i]), run, size(parameter.shape)) : carry.received
  })
  // Items that are the same share a stack; those that are carries are there already.
  const own = new Map<Tensor, Tensor>()
  const again: Array<Left> = []
  read.forEach((output, item) => {
    const value = results[carries + item]
    const first = own.get(value)
    if (first !== undefined) again.push({ output, at: locate(first) })
    else if (!next.includes(value)) own.set(value, output)
  })
  const targets = [
    ...rows.map(({ given }) => given),
    ...[...own].map(([value, output]) => row(locate(output), run, size(value.shape)))
  ]
  const steps = control.lowerTo(
    { parameters, results: [...next, ...own.keys()] },
    new Map(parameters.map((parameter, i) => [parameter, places[i]])),
    targets
  )
  const panels = control.target.hasPanels ? layOut(steps, control.allocate) : { before: [], body: steps }
  return [
    ...rows.flatMap(({ enter }) => enter),
    ...panels.before,
    { tag: "repeat", counter, steps: panels.body },
    ...rows.flatMap((each) => each.leave),
    ...again.flatMap((each) => leave(each, control))
  ]
}

/** Row `index` of a stack. */
const row = ({ base, buffer }: Location, index: Scalar, length: number): Location => ({
  buffer,
  base: Affine.toScalar(Affine.of(S.add(base, S.mul(index, S.constant(length)))))
})

/** What a home for a carry comes to. */
interface Home extends Omit<Rows, "leave"> {
  /** The last carry, and the stacks of the carries as received and as given, if they are there. */
  readonly last: Location
  readonly stacks: ReadonlyArray<Location>
}

/** A row for each run, and one for the first carry (in reverse, behind the others). */
const all = (input: Tensor, { length, reverse }: Loop, run: Scalar, { allocate, locate }: Control): Home => {
  const elements = size(input.shape)
  const home = start(allocate("temporary", (length + 1) * elements, input.dtype))
  const at = (index: Scalar): Location => row(home, index, elements)
  const [lower, upper] = [at(run), at(S.add(run, S.constant(1)))]
  const [first, second] = [at(S.constant(0)), at(S.constant(1))]
  const end = at(S.constant(length))
  return {
    received: reverse ? upper : lower,
    given: reverse ? lower : upper,
    enter: [copy(locate(input), reverse ? end : first, elements)],
    last: reverse ? first : end,
    stacks: reverse ? [second, first] : [first, second]
  }
}

/** Two rows that take turns. */
const turns = (input: Tensor, { length }: Loop, counter: Scalar, { allocate, locate }: Control): Home => {
  const elements = size(input.shape)
  const home = start(allocate("temporary", 2 * elements, input.dtype))
  const at = (index: Scalar): Location => row(home, Affine.remainder(index, 2), elements)
  return {
    received: at(counter),
    given: at(S.add(counter, S.constant(1))),
    enter: [copy(locate(input), row(home, S.constant(0), elements), elements)],
    last: row(home, S.constant(length % 2), elements),
    stacks: []
  }
}

/** Leaves an output where it is, or copies it to where it must be. */
const leave = ({ at, output }: Left, { isRead, locate, place }: Control): ReadonlyArray<Step> =>
  !isRead(output) || place(output, at) ? [] : [copy(at, locate(output), size(output.shape))]
