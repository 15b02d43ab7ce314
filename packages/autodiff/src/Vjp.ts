/**
 * Reverse mode: pulls cotangents back through expressions.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { add } from "@cotangent/tensor/primitive/linear"
import { between } from "./internal/between.ts"

/**
 * Pulls `cotangents` at `outputs` back to `inputs`, as the adjoint of `pushforward`. Visits only what lies between both;
 * where several cotangents meet they are added in the order of that walk, so the same program gives the same sums.
 */
export const pullback = (
  outputs: ReadonlyArray<Tensor>,
  inputs: ReadonlyArray<Tensor>,
  cotangents: ReadonlyArray<Cotangent>
): ReadonlyArray<Cotangent> => {
  const held = new Set(inputs)
  const inside = between(outputs, held)
  const isWanted = (x: Tensor): boolean => DTypes.isFloat(x.dtype) && (held.has(x) || inside.has(x.application))
  const cotangentOf = new Map<Tensor, Tensor>()
  const receive = (x: Tensor, cotangent: Cotangent): void => {
    if (cotangent === undefined || !isWanted(x)) return
    const earlier = cotangentOf.get(x)
    cotangentOf.set(x, earlier === undefined ? cotangent : add(earlier, cotangent))
  }
  outputs.forEach((y, i) => receive(y, cotangents[i]))
  for (const application of [...inside].toReversed()) {
    const received = application.outputs.map((y) => (held.has(y) ? undefined : cotangentOf.get(y)))
    if (received.every((cotangent) => cotangent === undefined)) continue
    const wanted = application.inputs.map(isWanted)
    const pulled = application.primitive.vjp({ ...application, cotangents: received, wanted })
    application.inputs.forEach((x, i) => receive(x, pulled[i]))
  }
  return inputs.map((x) => cotangentOf.get(x))
}
