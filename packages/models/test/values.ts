import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensors from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert } from "vitest"

/** The elements of `tensor` in row-major order. */
export const values = (tensor: Tensor): ReadonlyArray<number> => [...Reference.evaluate([tensor])[0].data]

/** `tree` with every leaf computed. */
export const settled = <T>(tree: T): T => {
  const { leaves, structure } = Tree.flatten(tree)
  return Tree.restore(
    structure,
    Reference.evaluate(leaves).map((array) => Tensors.fromHostArray(array))
  )
}

/** Asserts that both have the same length and elements that differ by at most `tolerance`. */
export const assertNear = (tensor: Tensor, expected: ReadonlyArray<number>, tolerance = 1e-9): void => {
  const actual = values(tensor)
  assert.strictEqual(actual.length, expected.length)
  actual.forEach((x, i) => assert.closeTo(x, expected[i], tolerance))
}
