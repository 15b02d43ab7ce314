/**
 * Forward mode: pushes tangents through expressions.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { derive } from "@cotangent/tensor/Origin"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import * as Tree from "@cotangent/tensor/Tree"
import { between } from "./internal/between.ts"
import { fill, hold, leavesLike } from "./internal/held.ts"

/**
 * Pushes `tangents` at `inputs` forward to `outputs`. Inputs may be any expressions; each counts as free, whatever it was
 * computed from. `undefined` stands for zero, the only tangent of integers.
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
    const push = () => application.primitive.jvp({ ...application, tangents: given })
    derive("jvp", application, push).forEach((tangent, i) => {
      const output = application.outputs[i]
      if (tangent !== undefined && !held.has(output)) tangentOf.set(output, tangent)
    })
  }
  return outputs.map((y) => tangentOf.get(y))
}

/**
 * The value of `f` at `primals` and its derivative along `tangents`, both trees like the result of `f`.
 *
 * **Throws** `ArgumentError`, `ShapeError`, `DTypeError` where `tangents` is not a tree like `primals`. What stands for
 * integers is not looked at: they do not move.
 *
 * **Example** (A product along a direction)
 *
 * ```ts run
 * const product = (x: Tensor.Tensor<readonly []>, y: Tensor.Tensor<readonly []>) => Tensor.mul(x, y)
 * const [value, tangent] = jvp(product)([Tensor.of(3), Tensor.of(4)], [Tensor.of(1), Tensor.of(10)])
 * await evaluate(value) // => 12
 * await evaluate(tangent) // => 34
 * ```
 */
export const jvp =
  <A extends ReadonlyArray<unknown>, O>(f: (...primals: A) => O) =>
  (primals: A, tangents: A): readonly [value: O, tangent: O] => {
    const { leaves, structure, tree } = hold(primals)
    const moved = leavesLike({ operation: "jvp", what: "tangents" }, structure, tangents)
    const value = f(...tree)
    const outputs = Tree.flatten(value)
    return [value, fill(outputs.structure, pushforward(outputs.leaves, leaves, moved))]
  }

/**
 * The value of `f` at `primals`, and its derivative there as a linear function: of tangents, a tree like each of the
 * primals, to the tangent of the value. However often that is applied, the value is computed once.
 *
 * **Throws** `ArgumentError`, `ShapeError`, `DTypeError` where tangents are not like the primals.
 *
 * **Example** (Two directions from one point)
 *
 * ```ts run
 * const square = (x: Tensor.Tensor<readonly []>) => Tensor.mul(x, x)
 * const [value, slope] = linearize(square, Tensor.of(3))
 * await evaluate(value) // => 9
 * await evaluate(slope(Tensor.of(1))) // => 6
 * await evaluate(slope(Tensor.of(10))) // => 60
 * ```
 */
export const linearize = <A extends ReadonlyArray<unknown>, O>(
  f: (...primals: A) => O,
  ...primals: A
): readonly [value: O, linear: (...tangents: A) => O] => {
  const { leaves, structure, tree } = hold(primals)
  const value = f(...tree)
  const outputs = Tree.flatten(value)
  const linear = (...tangents: A): O => {
    const moved = leavesLike({ operation: "linearize", what: "tangents" }, structure, tangents)
    return fill(outputs.structure, pushforward(outputs.leaves, leaves, moved))
  }
  return [value, linear]
}
