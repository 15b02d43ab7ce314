/**
 * Applications with inputs: what laws are tested on.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import type { Arity, Op, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { trace } from "@cotangent/tensor/Program"
import * as fc from "fast-check"
import * as Arrays from "@cotangent/gradcheck/arrays"
import { show } from "@cotangent/gradcheck/Comparison"

/** An application of a primitive, with inputs that are still to be drawn. */
export interface Signature {
  readonly name: string
  readonly inputs: ReadonlyArray<fc.Arbitrary<HostArray>>
  readonly apply: (inputs: ReadonlyArray<Tensor>) => Tensor
  /** Inputs by which the output has a derivative at every value that can be drawn. */
  readonly differentiable: ReadonlyArray<number>
}

/** An application of a primitive with its inputs. */
export interface Case extends Omit<Signature, "inputs"> {
  readonly inputs: ReadonlyArray<HostArray>
}

/** Inputs for `signature`. */
export const draw = ({ differentiable, inputs, ...signature }: Signature): fc.Arbitrary<Case> =>
  fc.tuple(...inputs).map((arrays) => ({
    ...signature,
    inputs: arrays,
    differentiable: differentiable.filter((i) => DTypes.isFloat(arrays[i].dtype)),
    ...shown(signature.name, arrays)
  }))

/** How counterexamples print. */
const shown = (name: string, inputs: ReadonlyArray<HostArray>) => ({
  [fc.toStringMethod]: () => `${name}(${inputs.map(show).join("; ")})`
})

/** `given` with its inputs of `f64` as another dtype. */
export const recast = (given: Case, dtype: DTypes.Float): Case => {
  const inputs = given.inputs.map((input) => (input.dtype === "f64" ? make(input.shape, dtype, input.data) : input))
  return { ...given, inputs, ...shown(given.name, inputs) }
}

/** A case as a program over its inputs. */
export const programOf = ({ apply, inputs }: Case): Program => trace(inputs, (...tensors) => [apply(tensors)])

/** `op` with `params`; by all inputs there is a derivative where nothing else is stated. */
export const signature = <N extends Arity, P>(
  op: Op<N, P>,
  params: P,
  inputs: ReadonlyArray<fc.Arbitrary<HostArray>>,
  differentiable: ReadonlyArray<number> = Arrays.range(inputs.length)
): Signature => ({
  name: `${op.primitive.name}${params === undefined ? "" : ` ${JSON.stringify(params)} `}`,
  inputs,
  apply: (tensors) => apply(op.primitive, tensors, params)[0],
  differentiable
})
