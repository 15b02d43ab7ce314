/**
 * Arbitrary directions to differentiate in, and batches of inputs.
 */
import { pullback } from "@cotangent/autodiff/Vjp"
import type { Float } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Program } from "@cotangent/tensor/Program"
import { trace } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"
import * as Arrays from "./arrays.ts"
import { show } from "./Comparison.ts"
import type { Case, Signature } from "./Case.ts"
import { draw, recast } from "./Case.ts"
import type { Batch } from "./laws/batching.ts"
import { showBatch } from "./laws/batching.ts"
import type { Directed } from "./laws/differentiation.ts"

const direction = ({ dtype, shape }: TensorType): fc.Arbitrary<HostArray> => Arrays.array(shape, dtype, Arrays.reals)

/** A case with tangents, of which some may be missing, a cotangent and weights. */
export const directed = (signature: Signature): fc.Arbitrary<Directed> => directedAs("f64")(signature)

/** The same with floats of `dtype`. */
export const directedAs =
  (dtype: Float) =>
  (signature: Signature): fc.Arbitrary<Directed> =>
    draw(signature).chain((drawn: Case) => {
      const given = recast(drawn, dtype)
      const free = given.differentiable.map((i) => given.inputs[i])
      return fc
        .record({
          tangents: fc.tuple(...free.map((input) => fc.option(direction(input), { nil: undefined, freq: 4 }))),
          cotangent: direction(given.apply(given.inputs.map(constant))),
          weights: fc.tuple(...free.map(direction))
        })
        .map((directions) => ({
          ...given,
          ...directions,
          [fc.toStringMethod]: () =>
            `${fc.stringify(given)} along ${directions.tangents.map((t) => (t === undefined ? "0" : show(t))).join("; ")}` +
            ` against ${show(directions.cotangent)}, weighed with ${directions.weights.map(show).join("; ")}`
        }))
    })

/** A program with inputs for it. */
export interface ProgramCase {
  readonly program: Program
  readonly inputs: ReadonlyArray<HostArray>
}

/** The value of a case and the gradients by its inputs, as a program over its inputs and the cotangent. */
export const withGradients = (given: Directed): ProgramCase => {
  const { apply, cotangent, differentiable } = given
  const inputs = [...given.inputs, cotangent]
  const program = trace(inputs, (...tensors) => {
    const output = apply(tensors.slice(0, -1))
    const by = differentiable.map((i) => tensors[i])
    return [output, ...pullback([output], by, [tensors[inputs.length - 1]]).filter((t) => t !== undefined)]
  })
  const shown = { [fc.toStringMethod]: () => fc.stringify(given) }
  return { program, inputs, ...shown }
}

/** Examples for a batch of batches. */
export const batched = (signature: Signature): fc.Arbitrary<Batch> =>
  fc.tuple(fc.nat(3), fc.nat(3)).chain(([outer, inner]) => {
    const count = outer * inner + 1
    const mapped = fc.tuple(...signature.inputs.map(() => fc.record({ outer: fc.boolean(), inner: fc.boolean() })))
    return fc
      .record({ examples: fc.array(fc.tuple(...signature.inputs), { minLength: count, maxLength: count }), mapped })
      .map((drawn) => {
        const batch = { ...signature, ...drawn, outer, inner }
        return { ...batch, [fc.toStringMethod]: () => showBatch(batch) }
      })
  })
