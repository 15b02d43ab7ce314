/**
 * Trees of parameters as one vector each.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Float } from "@cotangent/tensor/DType"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import type { Leaves } from "../GradientTransformation.ts"
import { floatStep, noSteps } from "../GradientTransformation.ts"

/** All elements of a tree. */
export type Vector = Tensor.Tensor<readonly [number], Float>

/** Both ways between a tree and its vector. */
export interface Layout<P> {
  readonly toVector: (tree: P) => Vector
  readonly toTree: (vector: Vector) => P
}

/** The layout of trees like `params`. **Throws** `ArgumentError` where there is no leaf. */
export const layoutOf = <P>(params: P): Layout<P> => {
  const structure = Tree.structure(params)
  if (structure.types.length === 0) {
    throw new ArgumentError({ operation: "Minimizer", expected: "parameters", received: "none" })
  }
  // Parameters are floats.
  const leavesOf = (tree: P): Leaves => Tree.leavesLike(structure, tree) as Leaves
  const { dtype } = floatStep(noSteps(), leavesOf(params))
  const sizes = structure.types.map(({ shape }) => size(shape))
  return {
    toVector: (tree) => {
      const parts = leavesOf(tree).map((leaf) => Tensor.flatten(Tensor.cast(leaf, dtype)))
      return Tensor.concatenate(parts) as Vector
    },
    toTree: (vector) => {
      const leaves = Tensor.split(vector, sizes).map((part, i) => {
        const { dtype, shape } = structure.types[i]
        return Tensor.cast(Tensor.reshape(part, shape), dtype)
      })
      return Tree.restore(structure, leaves)
    }
  }
}
