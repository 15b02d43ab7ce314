/**
 * Penalties on parameters: what is added to a loss so that they stay small, or few.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import type { Leaf, Leaves } from "./GradientTransformation.ts"
import { floatStep, noSteps, times } from "./GradientTransformation.ts"
import type { Scalar } from "./Schedule.ts"

/** A penalty on a tree of parameters, of those whose paths `selects` wants; all, unless stated. */
export interface Penalty {
  (params: unknown, strength: number | Scalar, selects?: (path: string) => boolean): Scalar
}

const penalty =
  (operation: string, measure: (leaf: Leaf) => Tensor.Tensor<Shape, Float>): Penalty =>
  (params, strength, selects = () => true) => {
    if (typeof strength === "number" && !(strength >= 0)) {
      throw new ArgumentError({ operation, expected: "a strength from 0", received: String(strength) })
    }
    const { leaves, structure } = Tree.flatten(params)
    // Parameters are floats.
    const selected = (leaves as Leaves).filter((_, i) => selects(structure.paths[i]))
    const { dtype } = floatStep(noSteps(), selected)
    const total = selected.reduce<Scalar>(
      (sum, leaf) => Tensor.add(sum, Tensor.sum(measure(Tensor.cast(leaf, dtype)))),
      Tensor.full([], 0, dtype)
    )
    return times(total, strength) as Scalar
  }

/**
 * `strength · Σ |θ|`, which sets parameters to 0 that are of little use. **Throws** `ArgumentError` for a strength below 0.
 *
 * **Source** Tibshirani 1996.
 */
export const l1: Penalty = penalty("Penalty.l1", (leaf) => Tensor.abs(leaf))

/**
 * `strength/2 · Σ θ²`, whose gradient is `strength · θ`. **Throws** `ArgumentError` for a strength below 0.
 *
 * **Source** Hoerl & Kennard 1970.
 *
 * **Example** (Weights alone)
 *
 * ```ts run
 * const params = { weight: Tensor.of([[1, 2]]), bias: Tensor.of([3, 4]) }
 * await evaluate(Penalty.l2(params, 0.5)) // => 7.5
 * await evaluate(Penalty.l2(params, 0.5, (path) => path.endsWith("weight"))) // => 1.25
 * ```
 */
export const l2: Penalty = penalty("Penalty.l2", (leaf) => Tensor.mul(Tensor.square(leaf), 0.5))
