/**
 * Values that are passed on, in order: what reads them through a barrier is computed after all of its inputs, and is not
 * shared with what reads them beside it. A barrier has no steps and no memory.
 */
import type { AnyPrimitive, Application, Tensor } from "@cotangent/tensor/Primitive"
import { apply } from "@cotangent/tensor/Primitive"

const none = (): readonly [] => []

/** Stands in canonical programs only, which are neither differentiated nor batched. */
const primitive: AnyPrimitive = {
  name: "barrier",
  type: (inputs) => inputs.map(({ dtype, shape }) => ({ dtype, shape })),
  lowering: { kind: "routine", evaluate: (inputs) => inputs },
  jvp: none,
  vjp: none,
  batch: none
}

/** `tensors` behind a barrier. */
export const barrier = (tensors: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> =>
  tensors.length === 0 ? tensors : apply(primitive, tensors)

/** Whether an application is a barrier. */
export const isBarrier = (application: Application): boolean => application.primitive === primitive

/** What `tensor` is before all barriers. */
export const origin = (tensor: Tensor): Tensor => {
  let current = tensor
  while (isBarrier(current.application)) current = current.application.inputs[current.output]
  return current
}
