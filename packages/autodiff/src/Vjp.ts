/**
 * Reverse mode: pulls cotangents back through expressions.
 */
import * as DTypes from "@cotangent/tensor/DType"
import { derive } from "@cotangent/tensor/Origin"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { add } from "@cotangent/tensor/primitive/linear"
import * as Tree from "@cotangent/tensor/Tree"
import { between } from "./internal/between.ts"
import { fill, hold, leavesLike } from "./internal/held.ts"

/**
 * Pulls `cotangents` at `outputs` back to `inputs`: the adjoint of `pushforward`, with the same inputs and zeros. Visits
 * only what lies between both. Cotangents that meet are added in the order of that walk, so equal programs give equal
 * sums.
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
    const sum = earlier && derive("vjp", x.application, () => add(earlier, cotangent))
    cotangentOf.set(x, sum ?? cotangent)
  }
  outputs.forEach((y, i) => receive(y, cotangents[i]))
  for (const application of [...inside].toReversed()) {
    const received = application.outputs.map((y) => (held.has(y) ? undefined : cotangentOf.get(y)))
    if (received.every((cotangent) => cotangent === undefined)) continue
    const wanted = application.inputs.map(isWanted)
    const pull = () => application.primitive.vjp({ ...application, cotangents: received, wanted })
    const pulled = derive("vjp", application, pull)
    application.inputs.forEach((x, i) => receive(x, pulled[i]))
  }
  return inputs.map((x) => cotangentOf.get(x))
}

/**
 * The value of `f` at `primals`, and the function that pulls a cotangent of it, a tree like the value, back to cotangents
 * of all primals. Cotangents of integers are zeros.
 *
 * **Throws** `ArgumentError`, `ShapeError`, `DTypeError` where a cotangent is not like the value.
 *
 * **Example** (Both sides of a product)
 *
 * ```ts run
 * const product = (x: Tensor.Tensor<readonly []>, y: Tensor.Tensor<readonly []>) => Tensor.mul(x, y)
 * const [, pull] = vjp(product)(Tensor.of(3), Tensor.of(4))
 * const [dx, dy] = pull(Tensor.of(10))
 * await evaluate(dx) // => 40
 * await evaluate(dy) // => 30
 * ```
 */
export const vjp =
  <A extends ReadonlyArray<unknown>, O>(f: (...primals: A) => O) =>
  (...primals: A): readonly [value: O, pullback: (cotangent: O) => A] => {
    const { leaves, structure, tree } = hold(primals)
    const value = f(...tree)
    const outputs = Tree.flatten(value)
    const pull = (cotangent: O): A => {
      const received = leavesLike({ operation: "vjp", what: "cotangents" }, outputs.structure, cotangent)
      return fill(structure, pullback(outputs.leaves, leaves, received))
    }
    return [value, pull]
  }
