/**
 * The primitive behind `scan`, and its rules. Each rule builds another loop around the transformed body, so that scans
 * nest in each other and in every transformation.
 */
import { ShapeError } from "@cotangent/tensor/errors"
import type {
  AnyPrimitive,
  Application,
  BatchRule,
  Cotangent,
  Loop,
  PullRule,
  Rule,
  Tensor
} from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import { transpose } from "@cotangent/tensor/primitive/linear"
import { applications } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import { equals } from "@cotangent/tensor/Shape"
import { pushforward } from "../Jvp.ts"
import { pullback } from "../Vjp.ts"
import { batch as batchOf } from "../Vmap.ts"
import type { Given, Repeated } from "./fission.ts"
import { allowanceOf, fission, parametersOf } from "./fission.ts"
import { holes, isDefined, isWanted, place, plus, repeat, settle, stack } from "./marks.ts"
import type { Carry, Outcome, Parts, Slot } from "./parts.ts"
import { recalled, residuals } from "./residual.ts"

/** A loop whose last items, `kept` of them, nobody asked for: they are there for its derivative. */
interface Kept extends Loop {
  readonly kept: number
  readonly isLean: boolean
}

/** Builds a loop, less what need not be done run by run. */
export const iterate = (parts: Parts): Outcome => {
  const { finish, rest } = fission(parts)
  return finish(build(rest))
}

/**
 * Builds a loop as it is. Constants, helpers and sequences that it does not read are left out; what its derivative would
 * rather read than compute again is added to its items.
 */
const build = ({ carries, constants, helpers, isLean, items, length, reverse, sequences }: Repeated): Given => {
  const all = [...carries, ...readHelpers(helpers, [...carries.map(({ next }) => next), ...items])]
  const asked = [...all.map(({ next }) => next), ...items]
  const room = allowanceOf({ isLean }, [...parametersOf(sequences), ...asked])
  const results = [...asked, ...(isLean ? [] : residuals(asked, items, parametersOf(all), room))]
  const present = new Set(applications(results))
  const isRead = ({ parameter }: Slot): boolean => present.has(parameter.application)
  const read = [constants.filter(isRead), all, sequences.filter(isRead)] as const
  const slots = read.flat()
  const params: Kept = {
    body: { parameters: slots.map(({ parameter }) => parameter), results },
    length,
    constants: read[0].length,
    carries: all.length,
    reverse,
    kept: results.length - asked.length,
    isLean
  }
  const outputs = apply(
    loop,
    slots.map(({ input }) => input),
    params
  )
  const [last, stacked, received] = cut(outputs, all.length, results.length - all.length)
  return {
    last: last.slice(0, carries.length),
    items: stacked.slice(0, items.length),
    received: received.slice(0, carries.length)
  }
}

/** `results` where loops are lean, unless something reads already what they keep. */
export const carriesOnly = (results: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  const order = applications(results)
  const read = new Set([...results, ...order.flatMap(({ inputs }) => inputs)])
  const known = new Map<Tensor, Tensor>()
  for (const application of order) {
    const inputs = application.inputs.map((x) => known.get(x) ?? x)
    const outputs = forget(application, inputs, read)
    if (outputs !== undefined) application.outputs.forEach((y, i) => known.set(y, outputs[i] ?? y))
    else if (inputs.some((x, i) => x !== application.inputs[i])) {
      const { params, primitive } = application
      apply(primitive, inputs, params).forEach((y, i) => known.set(application.outputs[i], y))
    }
  }
  return results.map((y) => known.get(y) ?? y)
}

/** The outputs of a loop as a lean one; undefined where that is nothing new. */
const forget = (
  { outputs, params, primitive }: Application,
  inputs: ReadonlyArray<Tensor>,
  read: ReadonlySet<Tensor>
): ReadonlyArray<Cotangent> | undefined => {
  if (primitive !== loop) return undefined
  const { body, kept, ...rest } = params as Kept
  const asked = body.results.length - kept
  const left = outputs.slice(asked, body.results.length)
  if (rest.isLean || left.some((output) => read.has(output))) return undefined
  const lean: Kept = { ...rest, body: { ...body, results: body.results.slice(0, asked) }, kept: 0, isLean: true }
  const [first, , received] = cut(apply(loop, inputs, lean), asked, 0)
  return [...first, ...left.map(() => undefined), ...received]
}

/** Those of `helpers` that `results` read in some run, be it through each other. */
const readHelpers = (helpers: ReadonlyArray<Carry>, results: ReadonlyArray<Tensor>): ReadonlyArray<Carry> =>
  settle(
    helpers.map(() => false),
    (marks) => {
      const marked = helpers.filter((_, i) => marks[i])
      const present = new Set(applications([...results, ...marked.map(({ next }) => next)]))
      return [helpers.map(({ parameter }) => present.has(parameter.application)), marked]
    }
  )

/** The first `first` of `all`, the next `second`, and the rest. */
const cut = <A>(all: ReadonlyArray<A>, first: number, second: number): readonly [Many<A>, Many<A>, Many<A>] => [
  all.slice(0, first),
  all.slice(first, first + second),
  all.slice(first + second)
]

type Many<A> = ReadonlyArray<A>

const type = (inputs: ReadonlyArray<TensorType>, params: unknown): ReadonlyArray<TensorType> => {
  const { body, carries, constants, length } = params as Loop
  body.parameters.forEach((hole, i) => {
    const { shape } = i < constants + carries ? hole : stack(length)(hole)
    if (!equals(shape, inputs[i].shape)) {
      throw new ShapeError({
        operation: "scan",
        expected: `input ${i} of the shape that its body reads`,
        received: [shape, inputs[i].shape]
      })
    }
  })
  const [next, items] = cut(body.results, carries, body.results.length)
  return [...next, ...[...items, ...next].map(stack(length))]
}

/** A slot for each parameter there is; an input that is not there is zero. */
const slots = (parameters: ReadonlyArray<Cotangent>, inputs: ReadonlyArray<Cotangent>): ReadonlyArray<Slot> =>
  parameters.flatMap((hole, i) => (hole === undefined ? [] : [{ parameter: hole, input: inputs[i] ?? zeros(hole) }]))

/** A carry for each parameter there is; an input or result that is not there is zero. */
const carried = (
  parameters: ReadonlyArray<Cotangent>,
  inputs: ReadonlyArray<Cotangent>,
  results: ReadonlyArray<Cotangent>
): ReadonlyArray<Carry> =>
  parameters.flatMap((hole, i) =>
    slots([hole], [inputs[i]]).map((slot) => ({ ...slot, next: results[i] ?? zeros(slot.parameter) }))
  )

/** One loop runs the body and its derivative: tangents of carries are carries, tangents of slices are slices. */
const jvp = (rule: Rule & { readonly tangents: ReadonlyArray<Cotangent> }): ReadonlyArray<Cotangent> => {
  const { body, carries, constants, isLean, length, reverse } = rule.params as Kept
  const [tConstants, tCarries, tSlices] = cut(rule.tangents, constants, carries)
  const { moved, results } = settle(tCarries.map(isDefined), (moving) => {
    const marks = [...tConstants.map(isDefined), ...moving, ...tSlices.map(isDefined)]
    const moved = holes(body.parameters, marks)
    const results = pushforward(body.results, body.parameters, moved)
    return [results.slice(0, carries).map(isDefined), { moved, results }]
  })
  const [pConstants, pCarries, pSlices] = cut(body.parameters, constants, carries)
  const [xConstants, xCarries, xSlices] = cut(rule.inputs, constants, carries)
  const [dConstants, dCarries, dSlices] = cut(moved, constants, carries)
  const items = results.slice(carries)
  const outcome = iterate({
    length,
    reverse,
    isLean,
    constants: [...slots(pConstants, xConstants), ...slots(dConstants, tConstants)],
    carries: carried(dCarries, tCarries, results),
    helpers: carried(pCarries, xCarries, body.results),
    sequences: [...slots(pSlices, xSlices), ...slots(dSlices, tSlices)],
    items: items.filter((tangent) => tangent !== undefined),
    totals: []
  })
  const moving = dCarries.map(isDefined)
  return [
    ...place(moving, outcome.last),
    ...place(items.map(isDefined), outcome.items),
    ...place(moving, outcome.received)
  ]
}

/** Parameters of the loop that `vjp` builds, and the cotangents its body pulls back to those of the loop it reverses. */
interface Backward {
  /** Cotangents of the carries a run gives, of its items, and of the carries it receives where they are also stacked. */
  readonly flowing: ReadonlyArray<Cotangent>
  readonly arriving: ReadonlyArray<Cotangent>
  readonly meeting: ReadonlyArray<Cotangent>
  readonly pulled: ReadonlyArray<Cotangent>
}

/**
 * A loop in the other direction over the carries as each run received them. Cotangents of carries are carries, those of
 * constants totals, those of slices items.
 */
const vjp = (rule: PullRule): ReadonlyArray<Cotangent> => {
  const { body, carries, constants } = rule.params as Loop
  const [last, items, received] = cut(rule.cotangents, carries, body.results.length - carries)
  const [, parameters] = cut(body.parameters, constants, carries)
  // Cotangents flow through all carries; of what else there is, those that are wanted.
  const isHeld = body.parameters.map((_, i) => isWanted(rule, i) || (i >= constants && i < constants + carries))
  const held = body.parameters.filter((_, i) => isHeld[i])
  const arriving = holes(body.results.slice(carries), items.map(isDefined))
  const meeting = holes(parameters, received.map(isDefined))
  const start = last.map((cotangent, i) => isDefined(cotangent) || isDefined(meeting[i]))
  const found = settle(start, (marks): readonly [ReadonlyArray<boolean>, Backward] => {
    const flowing = holes(parameters, marks)
    const pulled = place(isHeld, pullback(body.results, held, [...flowing, ...arriving]))
    return [pulled.slice(constants, constants + carries).map(isDefined), { flowing, arriving, meeting, pulled }]
  })
  return runBack(rule, found)
}

const runBack = (rule: PullRule, { arriving, flowing, meeting, pulled }: Backward): ReadonlyArray<Cotangent> => {
  const { body, carries, constants, isLean, length, reverse } = rule.params as Kept
  const [cLast, cItems, cReceived] = cut(rule.cotangents, carries, body.results.length - carries)
  const [pConstants, pCarries, pSlices] = cut(body.parameters, constants, carries)
  const [xConstants, , xSlices] = cut(rule.inputs, constants, carries)
  const [, stacked, received] = cut(rule.outputs, carries, body.results.length - carries)
  const kept = recalled(body.results.slice(carries))
  const found = place(pulled.map(isDefined), kept.recall(pulled.filter(isDefined)))
  const [dConstants, dCarries, dSlices] = cut(found, constants, carries)
  const back = dCarries.map((cotangent, i) => plus(cotangent, meeting[i]))
  const [asked, unasked] = [true, false].map((side) =>
    flowing.map((hole, i) => (isWanted(rule, constants + i) === side ? hole : undefined))
  )
  const { items, last, totals } = iterate({
    length,
    reverse: !reverse,
    isLean,
    constants: slots(pConstants, xConstants),
    carries: carried(asked, cLast, back),
    helpers: carried(unasked, cLast, back),
    sequences: [
      ...slots(pCarries, received),
      ...slots(kept.parameters, stacked),
      ...slots(pSlices, xSlices),
      ...slots(arriving, cItems),
      ...slots(meeting, cReceived)
    ],
    items: dSlices.filter(isDefined),
    totals: dConstants.filter(isDefined)
  })
  return [
    ...place(dConstants.map(isDefined), totals),
    ...place(asked.map(isDefined), last),
    ...place(dSlices.map(isDefined), items)
  ]
}

/** Exchanges the axis of runs and the axis of examples. */
const exchange = (x: Tensor): Tensor =>
  transpose(x, { permutation: [1, 0, ...x.shape.map((_, axis) => axis).slice(2)] })

/** One loop over the batched body; a carry that some run makes depend on the example starts as a batch. */
const batch = ({ inputs, mapped, params, size }: BatchRule): ReadonlyArray<Tensor> => {
  const { body, carries, constants, isLean, length, reverse } = params as Kept
  const [constantsMapped, startsMapped, slicesMapped] = cut(mapped, constants, carries)
  const { many, moving, results } = settle(startsMapped, (moving) => {
    const many = holes(body.parameters.map(stack(size)), [...constantsMapped, ...moving, ...slicesMapped])
    const results = batchOf(body.results, body.parameters, many, size)
    return [results.slice(0, carries).map(isDefined), { many, moving, results }]
  })
  const parameters = body.parameters.map((hole, i) => many[i] ?? hole)
  const [pConstants, pCarries, pSlices] = cut(parameters, constants, carries)
  const [xConstants, xCarries, xSlices] = cut(inputs, constants, carries)
  const [next, items] = cut(results, carries, results.length)
  const starts = xCarries.map((x, i) => (moving[i] && !startsMapped[i] ? repeat(x, size) : x))
  const nexts = next.map((y, i) => y ?? (moving[i] ? repeat(body.results[i], size) : body.results[i]))
  const sequences = xSlices.map((x, i) => (slicesMapped[i] ? exchange(x) : x))
  const outcome = iterate({
    length,
    reverse,
    isLean,
    constants: slots(pConstants, xConstants),
    carries: carried(pCarries, starts, nexts),
    helpers: [],
    sequences: slots(pSlices, sequences),
    items: items.map((y, i) => y ?? body.results[carries + i]),
    totals: []
  })
  return [
    ...outcome.last.map((x, i) => (moving[i] ? x : repeat(x, size))),
    ...outcome.items.map((x, i) => (isDefined(items[i]) ? exchange(x) : repeat(x, size))),
    ...outcome.received.map((x, i) => (moving[i] ? exchange(x) : repeat(x, size)))
  ]
}

const loop: AnyPrimitive = {
  name: "scan",
  type,
  lowering: { kind: "loop", loop: (params) => params as Loop },
  jvp,
  vjp,
  batch,
  key: (params, nested) => {
    const { body, carries, constants, length, reverse } = params as Loop
    return JSON.stringify([nested(body), length, constants, carries, reverse])
  }
}
