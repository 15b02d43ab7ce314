/**
 * The primitive behind `cond`, and its rules: each chooses between the transformed branches.
 */
import type { AnyPrimitive, BatchRule, Branch, Cotangent, PullRule, Rule, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import { broadcast } from "@cotangent/tensor/primitive/linear"
import { where } from "@cotangent/tensor/primitive/selection"
import { applications, substitute } from "@cotangent/tensor/Program"
import { pushforward } from "../Jvp.ts"
import { pullback } from "../Vjp.ts"
import { batch as batchOf } from "../Vmap.ts"
import { holes, isDefined, isWanted, place, repeat, stack } from "./marks.ts"

type Tensors = ReadonlyArray<Tensor>

/** Results of both branches over one list of parameters. */
export interface Branches {
  readonly parameters: Tensors
  readonly ifTrue: Tensors
  readonly ifFalse: Tensors
}

/** The results of one of two branches. What neither reads is left out. */
export const choose = (predicate: Tensor, inputs: Tensors, { ifFalse, ifTrue, parameters }: Branches): Tensors => {
  if (ifTrue.length === 0) return []
  const present = new Set(applications([...ifTrue, ...ifFalse]))
  const isRead = parameters.map(({ application }) => present.has(application))
  const read = parameters.filter((_, i) => isRead[i])
  const params: Branch = {
    ifTrue: { parameters: read, results: ifTrue },
    ifFalse: { parameters: read, results: ifFalse }
  }
  return apply(branch, [predicate, ...inputs.filter((_, i) => isRead[i])], params)
}

const branchesOf = (params: unknown): Branches => {
  // `choose` gives both branches the same parameters.
  const { ifFalse, ifTrue } = params as Branch
  return { parameters: ifTrue.parameters, ifTrue: ifTrue.results, ifFalse: ifFalse.results }
}

/** One of two lists of which either may lack something the other has: zeros stand for it. */
const chooseDefined = (
  [predicate, ...inputs]: Tensors,
  parameters: Tensors,
  ifTrue: ReadonlyArray<Cotangent>,
  ifFalse: ReadonlyArray<Cotangent>
): ReadonlyArray<Cotangent> => {
  const marks = ifTrue.map((x, i) => isDefined(x) || isDefined(ifFalse[i]))
  // Where one side is marked, it or the other is there.
  const side = (xs: ReadonlyArray<Cotangent>, others: ReadonlyArray<Cotangent>): Tensors =>
    xs.flatMap((x, i) => (marks[i] ? [x ?? zeros(others[i]!)] : []))
  return place(
    marks,
    choose(predicate, inputs, { parameters, ifTrue: side(ifTrue, ifFalse), ifFalse: side(ifFalse, ifTrue) })
  )
}

const jvp = ({
  inputs,
  params,
  tangents: [, ...tangents]
}: Rule & { readonly tangents: ReadonlyArray<Cotangent> }): ReadonlyArray<Cotangent> => {
  const { ifFalse, ifTrue, parameters } = branchesOf(params)
  const moved = holes(parameters, tangents.map(isDefined))
  const [one, other] = [ifTrue, ifFalse].map((results) => pushforward(results, parameters, moved))
  const given = [...inputs, ...tangents.filter(isDefined)]
  return chooseDefined(given, [...parameters, ...moved.filter(isDefined)], one, other)
}

/** The branch that ran is run again for its derivative. */
const vjp = (rule: PullRule): ReadonlyArray<Cotangent> => {
  const { ifFalse, ifTrue, parameters } = branchesOf(rule.params)
  const arriving = holes(ifTrue, rule.cotangents.map(isDefined))
  const wanted = parameters.map((_, i) => isWanted(rule, i + 1))
  const held = parameters.filter((_, i) => wanted[i])
  const [one, other] = [ifTrue, ifFalse].map((results) => place(wanted, pullback(results, held, arriving)))
  const given = [...rule.inputs, ...rule.cotangents.filter(isDefined)]
  return [undefined, ...chooseDefined(given, [...parameters, ...arriving.filter(isDefined)], one, other)]
}

/** Where the predicate depends on the example, both branches run and each example takes its own. */
const batch = ({ inputs, mapped, params, size }: BatchRule): Tensors => {
  const [predicate, ...operands] = inputs
  const [isSplit, ...isMany] = mapped
  const { ifFalse, ifTrue, parameters } = branchesOf(params)
  const many = holes(parameters.map(stack(size)), isMany)
  if (!isSplit) {
    const [one, other] = [ifTrue, ifFalse].map((results) => batchOf(results, parameters, many, size))
    const marks = one.map((x, i) => isDefined(x) || isDefined(other[i]))
    const side = (batches: ReadonlyArray<Cotangent>, alone: Tensors): Tensors =>
      alone.map((x, i) => (marks[i] ? (batches[i] ?? repeat(x, size)) : x))
    const branches: Branches = {
      parameters: parameters.map((hole, i) => many[i] ?? hole),
      ifTrue: side(one, ifTrue),
      ifFalse: side(other, ifFalse)
    }
    return choose(predicate, operands, branches).map((y, i) => (marks[i] ? y : repeat(y, size)))
  }
  const shared = parameters.map((hole, i) => (isMany[i] ? hole : operands[i]))
  const examples = operands.map((x, i) => (isMany[i] ? x : undefined))
  const [one, other] = [ifTrue, ifFalse].map((branch) => {
    const results = substitute({ parameters, results: branch }, shared)
    return batchOf(results, parameters, examples, size).map((x, i) => x ?? repeat(results[i], size))
  })
  return one.map((x, i) => {
    const axes = x.shape.map((_, axis) => axis).slice(1)
    return where(broadcast(predicate, { shape: x.shape, axes }), x, other[i])
  })
}

const branch: AnyPrimitive = {
  name: "cond",
  type: (_, params) => branchesOf(params).ifTrue.map(({ dtype, shape }) => ({ dtype, shape })),
  lowering: { kind: "branch", branch: (params) => params as Branch },
  jvp,
  vjp,
  batch,
  key: (params, nested) => {
    const { ifFalse, ifTrue } = params as Branch
    return JSON.stringify([nested(ifTrue), nested(ifFalse)])
  }
}
