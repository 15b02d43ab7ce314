/**
 * The primitive behind `scan`, and its rules. Each rule builds another loop whose body is the transformed body, so
 * scans nest in each other and in every transformation.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { ShapeError } from "@cotangent/tensor/errors"
import type { AnyPrimitive, BatchRule, Cotangent, Loop, PullRule, Rule, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import { add, broadcast, transpose } from "@cotangent/tensor/primitive/linear"
import { parameter } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import { equals } from "@cotangent/tensor/Shape"
import { pushforward } from "../Jvp.ts"
import { batch } from "../Vmap.ts"
import { pullback } from "../Vjp.ts"

/** A parameter of a body and what it stands for: a constant, the first value of a carry, or a sequence. */
export interface Slot {
  readonly parameter: Tensor
  readonly input: Tensor
}

/** A loop as its rules think of it. */
export interface Iteration {
  readonly constants: ReadonlyArray<Slot>
  /** `next` is the carry of the following run. */
  readonly carries: ReadonlyArray<Slot & { readonly next: Tensor }>
  readonly sequences: ReadonlyArray<Slot>
  readonly items: ReadonlyArray<Tensor>
  readonly length: number
  readonly reverse: boolean
}

/** What a loop gives: the last carries, and one entry per run of each item and of each carry as the run received it. */
export interface Outcome {
  readonly last: ReadonlyArray<Tensor>
  readonly items: ReadonlyArray<Tensor>
  readonly received: ReadonlyArray<Tensor>
}

/** Builds the loop `iteration`. */
export const iterate = ({ carries, constants, items, length, reverse, sequences }: Iteration): Outcome => {
  const slots = [...constants, ...carries, ...sequences]
  const params: Loop = {
    body: {
      parameters: slots.map((slot) => slot.parameter),
      results: [...carries.map((carry) => carry.next), ...items]
    },
    length,
    constants: constants.length,
    carries: carries.length,
    reverse
  }
  const outputs = apply(loop, slots.map((slot) => slot.input), params)
  const [last, stacked, received] = parts(outputs, carries.length, items.length)
  return { last, items: stacked, received }
}

/** Cuts `all` into the first `first`, the next `second`, and the rest. */
const parts = <A>(
  all: ReadonlyArray<A>,
  first: number,
  second: number
): readonly [ReadonlyArray<A>, ReadonlyArray<A>, ReadonlyArray<A>] => [
  all.slice(0, first),
  all.slice(first, first + second),
  all.slice(first + second)
]

const stackedType = ({ dtype, shape }: TensorType, length: number): TensorType => ({
  dtype,
  shape: [length, ...shape]
})

const type = (inputs: ReadonlyArray<TensorType>, params: unknown): ReadonlyArray<TensorType> => {
  const { body, carries, constants, length } = params as Loop
  body.parameters.forEach((hole, i) => {
    const expected = i < constants + carries ? hole : stackedType(hole, length)
    if (!equals(expected.shape, inputs[i].shape)) {
      throw new ShapeError({
        operation: "scan",
        expected: `input ${i} of the shape its body expects`,
        received: [expected.shape, inputs[i].shape]
      })
    }
  })
  const [next, items] = parts(body.results, carries, body.results.length - carries)
  return [...next, ...[...items, ...next].map((result) => stackedType(result, length))]
}

/** Grows `start` by what `step` finds marked until nothing is added, and gives the last finding. */
const settle = <A>(
  start: ReadonlyArray<boolean>,
  step: (marks: ReadonlyArray<boolean>) => readonly [found: ReadonlyArray<boolean>, result: A]
): A => {
  let marks = start
  for (;;) {
    const [found, result] = step(marks)
    const next = marks.map((mark, i) => mark || found[i])
    if (next.every((mark, i) => mark === marks[i])) return result
    marks = next
  }
}

const isDefined = (cotangent: Cotangent): boolean => cotangent !== undefined

/** A hole for each type that is marked. */
const holes = (types: ReadonlyArray<TensorType>, marks: ReadonlyArray<boolean>): ReadonlyArray<Cotangent> =>
  types.map((each, i) => (marks[i] ? parameter(each) : undefined))

/** One slot for each parameter there is. */
const slots = (parameters: ReadonlyArray<Cotangent>, inputs: ReadonlyArray<Cotangent>): ReadonlyArray<Slot> =>
  parameters.flatMap((hole, i) => (hole === undefined ? [] : [{ parameter: hole, input: inputs[i] ?? zeros(hole) }]))

/** `values`, one for each mark that is set, at the places of the marks. */
const spread = (marks: ReadonlyArray<boolean>, values: ReadonlyArray<Tensor>): ReadonlyArray<Cotangent> => {
  let next = 0
  return marks.map((mark) => (mark ? values[next++] : undefined))
}

/** Runs the body together with its derivative: the tangents of the carries are carries, those of slices are slices. */
const jvp = ({
  inputs,
  params,
  tangents
}: Rule & { readonly tangents: ReadonlyArray<Cotangent> }): ReadonlyArray<Cotangent> => {
  const { body, carries, constants, length, reverse } = params as Loop
  const given = parts(tangents.map(isDefined), constants, carries)
  const found = settle(given[1], (moving) => {
    const moved = holes(body.parameters, [...given[0], ...moving, ...given[2]])
    const results = pushforward(body.results, body.parameters, moved)
    return [results.slice(0, carries).map(isDefined), { moved, moving, results }]
  })
  const { moving, results } = found
  const [dConstants, dCarries, dSlices] = parts(found.moved, constants, carries)
  const [pConstants, pCarries, pSlices] = parts(body.parameters, constants, carries)
  const [xConstants, xCarries, xSlices] = parts(inputs, constants, carries)
  const [tConstants, tCarries, tSlices] = parts(tangents, constants, carries)
  const moves = results.slice(carries).map(isDefined)
  const outcome = iterate({
    length,
    reverse,
    constants: [...slots(pConstants, xConstants), ...slots(dConstants, tConstants)],
    carries: [
      ...slots(pCarries, xCarries).map((slot, i) => ({ ...slot, next: body.results[i] })),
      ...nexts(dCarries, tCarries, results)
    ],
    sequences: [...slots(pSlices, xSlices), ...slots(dSlices, tSlices)],
    items: results.slice(carries).filter((tangent) => tangent !== undefined)
  })
  return [
    ...spread(moving, outcome.last.slice(carries)),
    ...spread(moves, outcome.items),
    ...spread(moving, outcome.received.slice(carries))
  ]
}

/** Carries for the parameters there are; a result that is not there is zero. */
const nexts = (
  parameters: ReadonlyArray<Cotangent>,
  inputs: ReadonlyArray<Cotangent>,
  results: ReadonlyArray<Cotangent>
): Iteration["carries"] =>
  parameters.flatMap((hole, i) =>
    slots([hole], [inputs[i]]).map((slot) => ({ ...slot, next: results[i] ?? zeros(slot.parameter) }))
  )
