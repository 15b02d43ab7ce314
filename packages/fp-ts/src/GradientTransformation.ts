/**
 * The monoid of gradient transformations.
 *
 * Two transformations are equal where they give the same updates for the same gradients, step after step; how they
 * nest their states is their own affair, and hidden here:
 *   concat(concat(a, b), c) = concat(a, concat(b, c))
 *   concat(a, empty) = a = concat(empty, a)
 */
import type { GradientTransformation, Leaves, Paths } from "@cotangent/optim/GradientTransformation"
import { chain, identity } from "@cotangent/optim/GradientTransformation"
import type { Tensor } from "@cotangent/tensor/Tensor"
import type { Tree } from "@cotangent/tensor/Tree"
import type * as M from "fp-ts/lib/Monoid.js"

/** A transformation of which one knows only that its state is a tree of tensors. */
export type SomeTransformation = GradientTransformation<Tree<Tensor>>

/** A transformation of any state: what `hide` asks for. */
export interface AnyTransformation {
  readonly init: (params: Leaves, paths: Paths) => unknown
  readonly update: (
    gradients: Leaves,
    state: never,
    params: Leaves,
    paths: Paths
  ) => readonly [updates: Leaves, state: unknown]
}

/** Hides the type of the state of `transformation`. Only states that it gave itself may be given back to it. */
export const hide = (transformation: AnyTransformation): SomeTransformation =>
  // States are trees of tensors, and come from the transformation itself.
  transformation as SomeTransformation

/**
 * Transformations under `chain`, from first to last.
 *
 * **Example** (A chain of any length)
 *
 * ```ts run
 * import { concatAll } from "fp-ts/lib/Monoid.js"
 *
 * const { clipByValue, descend, scale } = GradientTransformation
 * const parts = [clipByValue(1), scale(2), descend(0.5)].map(gradientTransformation.hide)
 * const optimizer = Optimizer.make(concatAll(gradientTransformation.Monoid)(parts))
 * const params = { weight: Tensor.of([1, 2]) }
 * const next = optimizer.update({ weight: Tensor.of([5, 0.5]) }, optimizer.init(params), params)
 * await evaluate(next.params.weight) // => [0, 1.5]
 * ```
 */
export const Monoid: M.Monoid<SomeTransformation> = {
  concat: (first, second) => hide(chain(first, second)),
  empty: hide(identity)
}
