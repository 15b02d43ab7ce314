import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Empty, ShapePreserving } from "../Model.ts"

/**
 * Sets each element to 0 with probability `rate` while training, and scales the others by `1 / (1 − rate)`, so that
 * the expectation stays; inference changes nothing.
 *
 * **Throws** `ArgumentError` unless `0 ≤ rate < 1`. **Source** Srivastava et al. 2014, section 10 (inverted scaling).
 */
export const dropout = (rate: number): ShapePreserving<Empty, Empty> => {
  if (!(rate >= 0 && rate < 1)) {
    throw new ArgumentError({ operation: "dropout", expected: "a rate from 0 below 1", received: String(rate) })
  }
  return {
    init: () => ({ params: {}, state: {} }),
    train: (_, state, input, key) => {
      const isKept = Random.bernoulli(key, 1 - rate, input.shape)
      return { output: Tensor.where(isKept, Tensor.mul(input, 1 / (1 - rate)), 0), state }
    },
    predict: (_, __, input) => input
  }
}
