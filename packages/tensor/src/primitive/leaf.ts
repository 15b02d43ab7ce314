/**
 * Tensors that depend on nothing: data, fills, counters.
 */
import type { HostArray } from "../HostArray.ts"
import type { AnyPrimitive, Op, Tensor } from "../Primitive.ts"
import { apply, make } from "../Primitive.ts"
import * as Scalar from "../Scalar.ts"
import type { TensorType } from "../Shape.ts"
import * as Affine from "../Affine.ts"

const nothing = (): undefined => undefined
const none = (): readonly [] => []

/** Data of the host. Programs receive it as an input, so its values are no part of their structure. */
const data: AnyPrimitive = {
  name: "constant",
  type: (_, params) => {
    const { dtype, shape } = params as HostArray
    return [{ dtype, shape }]
  },
  lowering: { kind: "leaf" },
  jvp: () => [undefined],
  vjp: none,
  batch: none
}

/** The tensor that holds `array`. The array must not change afterwards. */
export const constant = (array: HostArray): Tensor => apply(data, [], array)[0]

/** The host data of a `constant`, else undefined. */
export const hostArray = (tensor: Tensor): HostArray | undefined =>
  tensor.application.primitive === data ? (tensor.application.params as HostArray) : undefined

/** Every element is `value`. */
export const full: Op<0, TensorType & { readonly value: number }> = make({
  name: "full",
  arity: 0,
  type: (_, { dtype, shape }) => ({ dtype, shape }),
  element: (_, __, { dtype, value }) => Scalar.constant(value, dtype),
  jvp: nothing,
  vjp: none,
  batch: ({ params }) => full(params)
})

/** The value that every element of `tensor` has, where that is known from its expression. */
export const fillValue = (tensor: Tensor): number | undefined =>
  tensor.application.primitive === full.primitive
    ? (tensor.application.params as { readonly value: number }).value
    : undefined

/** Zeros of the given shape and dtype. */
export const zeros = ({ dtype, shape }: TensorType): Tensor => full({ dtype, shape, value: 0 })

/** The row-major position of each element: `0, 1, 2, …`. */
export const iota: Op<0, TensorType> = make({
  name: "iota",
  arity: 0,
  type: (_, { dtype, shape }) => ({ dtype, shape }),
  element: (_, index, { dtype, shape }) => Scalar.cast(Affine.flatten(index, shape), dtype),
  jvp: nothing,
  vjp: none,
  batch: ({ params }) => iota(params)
})
