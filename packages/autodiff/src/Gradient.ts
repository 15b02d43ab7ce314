/**
 * Gradients of scalar functions over trees of parameters.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { ArgumentError, DTypeError, ShapeError } from "@cotangent/tensor/errors"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"
import { full } from "@cotangent/tensor/primitive/leaf"
import * as Linear from "@cotangent/tensor/primitive/linear"
import type { Shape, ShapeMismatch, ShapeText } from "@cotangent/tensor/ShapeType"
import * as Tree from "@cotangent/tensor/Tree"
import type { Held } from "./internal/held.ts"
import { fill, hold, placeOf } from "./internal/held.ts"
import { pullback } from "./Vjp.ts"

/** Which argument a derivative is taken by; the first, unless stated. */
export interface Argument<K extends number> {
  readonly argument?: K
}

/** Nothing to ask of a scalar; else the reason that `O` has no gradient. */
export type CheckScalar<O> =
  O extends Tensor<infer S extends Shape>
    ? number extends S["length"]
      ? unknown
      : S extends readonly []
        ? unknown
        : ShapeMismatch<`the gradient is of a scalar, not of ${ShapeText<S>}`>
    : unknown

/** Holds argument `argument` of `args`. **Throws** unless it is there and of floats. */
export const holdArgument = (
  operation: string,
  args: ReadonlyArray<unknown>,
  argument: number
): Held<unknown> & { readonly args: ReadonlyArray<unknown> } => {
  if (!Number.isInteger(argument) || argument < 0 || argument >= args.length) {
    throw new ArgumentError({
      operation,
      expected: `an argument from 0 to ${args.length - 1} to differentiate by`,
      received: String(argument)
    })
  }
  const held = hold(args[argument])
  held.structure.types.forEach(({ dtype }, i) => {
    if (DTypes.isFloat(dtype)) return
    throw new DTypeError({
      operation,
      expected: `floats to differentiate by, at ${placeOf(held.structure.paths[i])} of argument ${argument}`,
      received: [dtype],
      hint: "pass what does not train as another argument"
    })
  })
  return { ...held, args: args.with(argument, held.tree) }
}

/** **Throws** unless `value` is a scalar of floats. */
const checkScalar = (operation: string, value: unknown): Tensor => {
  if (!isTensor(value)) {
    throw new ArgumentError({
      operation,
      expected: "a function that gives a scalar",
      received: Array.isArray(value) ? `an array of ${value.length}` : typeof value,
      hint: "for a value with other results beside it, use valueAndGrad(f, { hasAux: true })"
    })
  }
  if (value.shape.length > 0) {
    throw new ShapeError({
      operation,
      expected: "a function that gives a scalar",
      received: [value.shape],
      hint: "reduce it with Tensor.mean or Tensor.sum, or use jacobian"
    })
  }
  if (!DTypes.isFloat(value.dtype)) {
    throw new DTypeError({ operation, expected: "a function that gives a float", received: [value.dtype] })
  }
  return value
}
