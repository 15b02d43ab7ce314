/**
 * The primitive behind `whileLoop`, and its rules. It has no rule of reverse mode: nobody knows how many carries to keep.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import type { AnyPrimitive, BatchRule, Cotangent, PullRule, Rule, Tensor, While } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import { full, zeros } from "@cotangent/tensor/primitive/leaf"
import { broadcast } from "@cotangent/tensor/primitive/linear"
import { reduceMax, where } from "@cotangent/tensor/primitive/selection"
import { applications } from "@cotangent/tensor/Program"
import { pushforward } from "../Jvp.ts"
import { batch as batchOf } from "../Vmap.ts"
import { holes, isDefined, isWanted, place, repeat, settle, stack } from "./marks.ts"

type Tensors = ReadonlyArray<Tensor>

/** A loop by its parts; parameters are those of constants, then those of carries. */
export interface Parts {
  readonly parameters: Tensors
  readonly inputs: Tensors
  readonly constants: number
  readonly condition: Tensor
  readonly next: Tensors
}

/** The last carries of a loop. Constants that it does not read are left out. */
export const repeatWhile = ({ condition, constants, inputs, next, parameters }: Parts): Tensors => {
  if (next.length === 0) return []
  const present = new Set(applications([condition, ...next]))
  const isRead = parameters.map(({ application }, i) => i >= constants || present.has(application))
  const read = parameters.filter((_, i) => isRead[i])
  const params: While = {
    condition: { parameters: read, results: [condition] },
    body: { parameters: read, results: next },
    constants: isRead.slice(0, constants).filter((mark) => mark).length
  }
  return apply(
    loop,
    inputs.filter((_, i) => isRead[i]),
    params
  )
}

/** One loop runs the body and its derivative: tangents of carries are carries, the condition is that of the values. */
const jvp = ({ inputs, params, tangents }: Rule & { readonly tangents: ReadonlyArray<Cotangent> }) => {
  const { body, condition, constants } = params as While
  const starts = tangents.slice(constants)
  const { moved, pushed } = settle(starts.map(isDefined), (moving) => {
    const moved = holes(body.parameters, [...tangents.slice(0, constants).map(isDefined), ...moving])
    const pushed = pushforward(body.results, body.parameters, moved)
    return [pushed.map(isDefined), { moved, pushed }]
  })
  const [shared, carried] = [moved.slice(0, constants), moved.slice(constants)]
  const fixed = shared.filter(isDefined)
  const outputs = repeatWhile({
    parameters: [
      ...body.parameters.slice(0, constants),
      ...fixed,
      ...body.parameters.slice(constants),
      ...carried.filter(isDefined)
    ],
    inputs: [
      ...inputs.slice(0, constants),
      ...tangents.slice(0, constants).filter(isDefined),
      ...inputs.slice(constants),
      ...carried.flatMap((hole, i) => (hole === undefined ? [] : [starts[i] ?? zeros(hole)]))
    ],
    constants: constants + fixed.length,
    condition: condition.results[0],
    next: [...body.results, ...carried.flatMap((hole, i) => (hole === undefined ? [] : [pushed[i] ?? zeros(hole)]))]
  })
  return place(carried.map(isDefined), outputs.slice(body.results.length))
}

const vjp = (rule: PullRule): ReadonlyArray<Cotangent> => {
  if (!rule.inputs.some((_, i) => isWanted(rule, i))) return rule.inputs.map(() => undefined)
  throw new ArgumentError({
    operation: "whileLoop",
    expected: "forward mode: how many runs there are is not known before they are done",
    received: "reverse mode",
    hint: "use scan, whose number of runs is known, or jvp"
  })
}

/** Whether any example goes on; of none, none does. */
const anyOf = (test: Tensor): Tensor =>
  test.shape[0] === 0 ? full({ shape: [], dtype: "bool", value: 0 }) : reduceMax(test, { axes: [0] })

/** Runs until every example is done; those that are keep their carries. */
const batch = ({ inputs, mapped, params, size }: BatchRule): Tensors => {
  const { body, condition, constants } = params as While
  const { many, moving, next, test } = settle(mapped.slice(constants), (moving) => {
    const many = holes(body.parameters.map(stack(size)), [...mapped.slice(0, constants), ...moving])
    const next = batchOf(body.results, body.parameters, many, size)
    const [test] = batchOf(condition.results, body.parameters, many, size)
    return [next.map((x) => isDefined(x) || isDefined(test)), { many, moving, next, test }]
  })
  const parameters = body.parameters.map((hole, i) => many[i] ?? hole)
  const outputs = repeatWhile({
    parameters,
    inputs: inputs.map((x, i) => (i >= constants && moving[i - constants] && !mapped[i] ? repeat(x, size) : x)),
    constants,
    condition: test === undefined ? condition.results[0] : anyOf(test),
    next: next.map((y, i) => {
      const examples = y ?? (moving[i] ? repeat(body.results[i], size) : body.results[i])
      if (test === undefined) return examples
      const axes = examples.shape.map((_, axis) => axis).slice(1)
      return where(broadcast(test, { shape: examples.shape, axes }), examples, parameters[constants + i])
    })
  })
  return outputs.map((y, i) => (moving[i] ? y : repeat(y, size)))
}

const loop: AnyPrimitive = {
  name: "whileLoop",
  type: (_, params) => (params as While).body.results.map(({ dtype, shape }) => ({ dtype, shape })),
  lowering: { kind: "while", loop: (params) => params as While },
  jvp,
  vjp,
  batch,
  key: (params, nested) => {
    const { body, condition, constants } = params as While
    return JSON.stringify([nested(condition), nested(body), constants])
  }
}
