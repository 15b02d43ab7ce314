/**
 * Forward mode: pushes tangents through expressions.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { between } from "./internal/between.ts"

/**
 * Pushes `tangents` at `inputs` forward to `outputs`, seen as functions of `inputs`, which may be any expressions.
 * `undefined` stands for zero, and where dtypes are not floats there is nothing else.
 */
export const pushforward = (
  outputs: ReadonlyArray<Tensor>,
  inputs: ReadonlyArray<Tensor>,
  tangents: ReadonlyArray<Cotangent>
): ReadonlyArray<Cotangent> => {
  const held = new Set(inputs)
  const tangentOf = new Map<Tensor, Tensor>()
  inputs.forEach((x, i) => {
    const tangent = tangents[i]
    if (tangent !== undefined && DTypes.isFloat(x.dtype)) tangentOf.set(x, tangent)
  })
  for (const application of between(outputs, held)) {
    const given = application.inputs.map((x) => tangentOf.get(x))
    if (given.every((tangent) => tangent === undefined)) continue
    application.primitive.jvp({ ...application, tangents: given }).forEach((tangent, i) => {
      const output = application.outputs[i]
      if (tangent !== undefined && !held.has(output)) tangentOf.set(output, tangent)
    })
  }
  return outputs.map((y) => tangentOf.get(y))
}
