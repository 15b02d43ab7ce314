/**
 * The primitive behind `checkpoint`: a program whose intermediate values are computed once more in reverse mode. The
 * derivative is isolated: its replay begins when the cotangent is there and shares nothing with what ran forward.
 */
import type { AnyPrimitive, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications, parameter, substitute } from "@cotangent/tensor/Program"
import { pushforward } from "../Jvp.ts"
import { pullback } from "../Vjp.ts"
import { carriesOnly } from "./loop.ts"
import { batchProgram, holes, isDefined, isWanted, place } from "./marks.ts"

/** Which intermediate values are kept for the derivative; all others are computed again. */
export type Policy = (value: Tensor) => boolean

/** Results of the body are `[...outputs, ...kept values]`. */
interface Replay {
  readonly body: Program
  readonly kept: number
  readonly isolated: boolean
  readonly policy: Policy
}

/** How a body is run. */
export interface Options {
  readonly policy: Policy
  readonly isolated: boolean
}

/** The results of `body` for `inputs`, computed by one application; what it does not read is left out. */
export const replay = (
  { parameters, results }: Program,
  inputs: ReadonlyArray<Tensor>,
  options: Options
): ReadonlyArray<Tensor> => {
  const given = new Set([...parameters, ...results])
  const kept = applications(results)
    .flatMap(({ outputs }) => outputs)
    .filter((value) => !given.has(value) && options.policy(value))
  const all = carriesOnly([...results, ...kept])
  const present = new Set(applications(all))
  const read = parameters.map(({ application }) => present.has(application))
  const params: Replay = {
    ...options,
    body: { parameters: parameters.filter((_, i) => read[i]), results: all },
    kept: kept.length
  }
  return apply(
    primitive,
    inputs.filter((_, i) => read[i]),
    params
  ).slice(0, results.length)
}

const primitive: AnyPrimitive = {
  name: "checkpoint",
  type: (_, params) => (params as Replay).body.results.map(({ dtype, shape }) => ({ dtype, shape })),
  lowering: { kind: "call", call: (params) => params as Replay },
  jvp: ({ inputs, params, tangents }) => {
    const { body, ...options } = params as Replay
    const moved = holes(body.parameters, tangents.map(isDefined))
    const pushed = pushforward(body.results, body.parameters, moved)
    const program: Program = {
      parameters: [...body.parameters, ...moved.filter(isDefined)],
      results: pushed.filter(isDefined)
    }
    return place(pushed.map(isDefined), replay(program, [...inputs, ...tangents.filter(isDefined)], options))
  },
  vjp: (rule) => {
    const { body, kept, policy } = rule.params as Replay
    const { cotangents, inputs, outputs } = rule
    const wanted = body.parameters.map((_, i) => isWanted(rule, i))
    const arriving = holes(body.results, cotangents.map(isDefined))
    const held = body.parameters.filter((_, i) => wanted[i])
    const pulled = place(wanted, pullback(body.results, held, arriving))
    const first = body.results.length - kept
    const known = body.results.slice(first)
    const stored = known.map(parameter)
    const program: Program = {
      parameters: [...body.parameters, ...stored, ...arriving.filter(isDefined)],
      results: substitute({ parameters: known, results: pulled.filter(isDefined) }, stored)
    }
    const given = [...inputs, ...outputs.slice(first), ...cotangents.filter(isDefined)]
    return place(pulled.map(isDefined), replay(program, given, { policy, isolated: true }))
  },
  batch: (rule) => {
    const params = rule.params as Replay
    return apply(primitive, rule.inputs, { ...params, body: batchProgram(params.body, rule) })
  },
  key: (params, nested) => {
    const { body, isolated } = params as Replay
    return JSON.stringify([nested(body), isolated])
  }
}
