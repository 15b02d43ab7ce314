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
import { fill, holdArgument } from "./internal/held.ts"
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

interface Options extends Argument<number> {
  readonly hasAux?: boolean
}

/** Value, gradient and, where `f` has it, auxiliary output. */
const differentiate =
  (operation: string, f: (...args: ReadonlyArray<unknown>) => unknown, { argument = 0, hasAux = false }: Options) =>
  (...args: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
    const held = holdArgument(operation, args, argument)
    const result = f(...held.args)
    if (hasAux && !Array.isArray(result)) {
      throw new ArgumentError({
        operation,
        expected: "a function that gives [value, auxiliary], as hasAux says",
        received: isTensor(result) ? "a tensor" : typeof result
      })
    }
    const [first, ...rest] = hasAux ? (result as ReadonlyArray<unknown>) : [result]
    const value = checkScalar(operation, first)
    const one = full({ shape: [], dtype: value.dtype, value: 1 })
    return [value, fill(held.structure, pullback([value], held.leaves, [one])), ...rest]
  }

/**
 * The gradient of a scalar function by one of its arguments, a tree of floats: a tree of the same type. The other
 * arguments may be anything.
 *
 * **Throws** `ShapeError`, `DTypeError`, `ArgumentError` where the value is no scalar of floats, or the argument no tree
 * of floats.
 *
 * **Example** (The slope of a square)
 *
 * ```ts run
 * const square = (x: Tensor.Tensor<readonly []>) => Tensor.mul(x, x)
 * await evaluate(grad(square)(Tensor.of(3))) // => 6
 * await evaluate(grad(grad(square))(Tensor.of(3))) // => 2
 * ```
 */
export const grad = <A extends ReadonlyArray<unknown>, O, K extends number = 0>(
  f: (...args: A) => O & CheckScalar<O>,
  options: Argument<K> = {}
): ((...args: A) => A[K]) => {
  // `A` and `K` say in types which argument the gradient is like.
  const valueAndGradient = differentiate("grad", f as never, options)
  return (...args) => valueAndGradient(...args)[1] as A[K]
}

/** What `valueAndGrad` gives for both forms of function. */
export interface ValueAndGrad {
  <A extends ReadonlyArray<unknown>, O, K extends number = 0>(
    f: (...args: A) => O & CheckScalar<O>,
    options?: Argument<K> & { readonly hasAux?: false }
  ): (...args: A) => readonly [value: O, gradient: A[K]]
  <A extends ReadonlyArray<unknown>, O, X, K extends number = 0>(
    f: (...args: A) => readonly [value: O & CheckScalar<O>, auxiliary: X],
    options: Argument<K> & { readonly hasAux: true }
  ): (...args: A) => readonly [value: O, gradient: A[K], auxiliary: X]
}

/**
 * The value of a scalar function beside its gradient. With `hasAux` the function gives `[value, auxiliary]`, and what it
 * gives beside the value, whatever it is, comes third.
 *
 * **Throws** as `grad`.
 *
 * **Example** (A loss that also reports its predictions)
 *
 * ```ts run
 * const loss = (w: Tensor.Tensor<readonly [2]>, x: Tensor.Tensor<readonly [2]>) => {
 *   const predicted = Tensor.mul(w, x)
 *   return [Tensor.sum(predicted), predicted] as const
 * }
 * const [value, gradient, predicted] = valueAndGrad(loss, { hasAux: true })(Tensor.of([1, 2]), Tensor.of([3, 4]))
 * await evaluate(value) // => 11
 * await evaluate(gradient) // => [3, 4]
 * await evaluate(predicted) // => [3, 8]
 * ```
 */
export const valueAndGrad: ValueAndGrad = (f: unknown, options: Options = {}) =>
  // The overloads say in types what `differentiate` does with and without auxiliary output.
  differentiate("valueAndGrad", f as never, options) as never

/**
 * The values of `tree`, without a derivative: what is computed from them does not pass one on.
 *
 * **Example** (A target that is not chased)
 *
 * ```ts run
 * const loss = (x: Tensor.Tensor<readonly []>) => Tensor.mul(x, stopGradient(x))
 * await evaluate(grad(loss)(Tensor.of(3))) // => 3
 * ```
 */
export const stopGradient = <T>(tree: T): T => Tree.map(tree, (x) => Linear.stopGradient(x) as typeof x)
