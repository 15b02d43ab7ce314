import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import { assert } from "vitest"

/** The elements of `tensor` in row-major order. */
export const values = (tensor: Tensor): ReadonlyArray<number> => [...Reference.evaluate([tensor])[0].data]

/** Asserts that both have the same length and elements that differ by at most `tolerance`. */
export const assertNear = (tensor: Tensor, expected: ReadonlyArray<number>, tolerance = 1e-6): void => {
  const actual = values(tensor)
  assert.strictEqual(actual.length, expected.length)
  actual.forEach((x, i) => assert.closeTo(x, expected[i], tolerance))
}
