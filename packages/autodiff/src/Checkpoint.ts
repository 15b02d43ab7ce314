/**
 * Memory for time: derivatives that compute intermediate values again.
 */
import { parameter } from "@cotangent/tensor/Program"
import * as Tree from "@cotangent/tensor/Tree"
import { close } from "./internal/closure.ts"
import type { Policy } from "./internal/replay.ts"
import { replay } from "./internal/replay.ts"

export type { Policy } from "./internal/replay.ts"

/** What `checkpoint` keeps. */
export interface CheckpointOptions {
  /** Says of each intermediate value whether it is kept for the derivative; none are, unless stated. */
  readonly policy?: Policy
}

/**
 * `f`, but its derivative in reverse mode computes the intermediate values of `f` once more from the arguments, instead of
 * keeping them in memory from the run forward. Of a chain of `n` functions, checkpoints around groups of `√n` keep the
 * order of `√n` values; they nest, which keeps fewer. Arguments and value are trees; what `f` reads without depending on
 * its arguments counts as an argument.
 *
 * **Example** (A layer whose activations are not kept)
 *
 * ```ts run
 * const layer = checkpoint((x: Tensor.Tensor<readonly []>) => Tensor.exp(Tensor.mul(x, x)))
 * await evaluate(grad(layer)(Tensor.of(0.5))) // => 1.284025
 * ```
 */
export const checkpoint =
  <A extends ReadonlyArray<unknown>, O>(
    f: (...args: A) => O,
    { policy = () => false }: CheckpointOptions = {}
  ): ((...args: A) => O) =>
  (...args) => {
    const { leaves, structure } = Tree.flatten(args)
    const parameters = leaves.map(parameter)
    const value = Tree.flatten(f(...Tree.restore(structure, parameters)))
    const { body, constants } = close(parameters, value.leaves)
    return Tree.restore(value.structure, replay(body, [...constants, ...leaves], { policy, isolated: false }))
  }
