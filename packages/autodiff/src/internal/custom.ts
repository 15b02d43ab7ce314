/**
 * The primitives behind `customVjp` and `customJvp`: a program for the value, and a function that is linear in its
 * directions for one of the derivatives. The other derivative is its transpose.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { AnyPrimitive, Cotangent, PullRule, Rule, Tensor } from "@cotangent/tensor/Primitive"
import { apply, describe } from "@cotangent/tensor/Primitive"
import { zeros } from "@cotangent/tensor/primitive/leaf"
import { reshape, sum } from "@cotangent/tensor/primitive/linear"
import type { Program } from "@cotangent/tensor/Program"
import { parameter } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import { pullback } from "../Vjp.ts"
import { batch as batchOf } from "../Vmap.ts"
import { batchProgram, isDefined, place, repeat } from "./marks.ts"

/**
 * Tangents of the inputs to tangents of the outputs, or cotangents of the outputs to cotangents of the inputs. Linear in
 * these.
 */
export type LinearRule = (
  inputs: ReadonlyArray<Tensor>,
  directions: ReadonlyArray<Cotangent>
) => ReadonlyArray<Cotangent>

/** A function with a derivative of its own; inputs are `[...constants, ...arguments]`. */
export interface Custom {
  readonly body: Program
  /** Inputs that the function closes over; the rule does not know their derivatives. */
  readonly constants: number
  readonly rule: LinearRule
}

/** **Throws** where what is differentiated reaches the function other than through its arguments. */
const checkConstants = (operation: string, inputs: ReadonlyArray<Tensor>, moves: ReadonlyArray<boolean>): void => {
  const moved = inputs.find((x, i) => moves[i] && DTypes.isFloat(x.dtype))
  if (moved === undefined) return
  throw new ArgumentError({
    operation,
    expected: "derivatives by arguments of the function alone",
    received: `a derivative by ${describe(moved)}, which it closes over`,
    hint: "pass it as an argument"
  })
}

/** What the transpose of `rule` gives for `given`, by directions of `types`: a linear function is its own derivative. */
const transpose = (
  { rule }: Custom,
  inputs: ReadonlyArray<Tensor>,
  types: ReadonlyArray<TensorType | undefined>,
  given: ReadonlyArray<Cotangent>
): ReadonlyArray<Cotangent> => {
  const at = types.map((type) =>
    type !== undefined && DTypes.isFloat(type.dtype) ? reshape(zeros(type), { shape: type.shape }) : undefined
  )
  const pairs = rule(inputs, at).flatMap((result, i) => {
    const direction = given[i]
    return result === undefined || direction === undefined ? [] : [{ result, direction }]
  })
  const pulled = pullback(
    pairs.map(({ result }) => result),
    at.filter(isDefined),
    pairs.map(({ direction }) => direction)
  )
  return place(at.map(isDefined), pulled)
}

/** The rule for a batch of examples, where inputs, directions and results have them. */
const batchedRule =
  (rule: LinearRule, size: number, marks: Marks): LinearRule =>
  (inputs, directions) => {
    const one = (x: Tensor): Tensor => parameter({ dtype: x.dtype, shape: x.shape.slice(1) })
    const given = inputs.map((x, i) => (marks.inputs[i] ? one(x) : x))
    const along = directions.map((x, i) => (x !== undefined && marks.directions[i] ? one(x) : x))
    const results = rule(given, along)
    const defined = results.filter(isDefined)
    const held = [...given, ...along]
    const isOpen = [...inputs, ...directions].map((x, i) => x !== undefined && held[i] !== x)
    const many = batchOf(
      defined,
      held.filter((_, i) => isOpen[i]).filter(isDefined),
      [...inputs, ...directions].filter((_, i) => isOpen[i]),
      size
    )
    const all = many.map((batch, i) => batch ?? repeat(defined[i], size))
    return place(results.map(isDefined), all).map((batch, i) =>
      batch === undefined || marks.results[i] ? batch : sum(batch, { axes: [0] })
    )
  }

interface Marks {
  readonly inputs: ReadonlyArray<boolean>
  readonly directions: ReadonlyArray<boolean>
  readonly results: ReadonlyArray<boolean>
}

/** The primitive whose rule gives tangents (`push`) or cotangents (`pull`). */
export const custom = (name: "customVjp" | "customJvp"): AnyPrimitive => {
  const isPull = name === "customVjp"
  const self: AnyPrimitive = {
    name,
    type: (_, params) => (params as Custom).body.results.map(({ dtype, shape }) => ({ dtype, shape })),
    lowering: { kind: "call", call: (params) => ({ body: (params as Custom).body, isolated: false }) },
    jvp: ({ inputs, outputs, params, tangents }: Rule & { readonly tangents: ReadonlyArray<Cotangent> }) => {
      const given = params as Custom
      checkConstants(name, inputs, tangents.slice(0, given.constants).map(isDefined))
      return isPull ? transpose(given, inputs, outputs, tangents) : given.rule(inputs, tangents)
    },
    vjp: ({ cotangents, inputs, params, wanted }: PullRule) => {
      const given = params as Custom
      const isMoved = inputs.map((_, i) => wanted === undefined || wanted[i])
      checkConstants(name, inputs, isMoved.slice(0, wanted === undefined ? 0 : given.constants))
      if (isPull) return given.rule(inputs, cotangents)
      const types = inputs.map((x, i) => (i >= given.constants && isMoved[i] ? x : undefined))
      return transpose(given, inputs, types, cotangents)
    },
    batch: (rule) => {
      const { body, constants, rule: one } = rule.params as Custom
      const all = body.results.map(() => true)
      const [directions, results] = isPull ? [all, rule.mapped] : [rule.mapped, all]
      return apply(self, rule.inputs, {
        body: batchProgram(body, rule),
        constants,
        rule: batchedRule(one, rule.size, { inputs: rule.mapped, directions, results })
      })
    },
    key: (params, nested) => nested((params as Custom).body)
  }
  return self
}
