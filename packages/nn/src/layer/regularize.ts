import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
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
    train: (_, state, input, key) => ({ output: thinned(input, rate, key), state }),
    predict: (_, __, input) => input
  }
}

const thinned = <S extends Shape, D extends Float>(
  x: Tensor.Tensor<S, D>,
  rate: number,
  key: Random.Key
): Tensor.Tensor<S, D> => {
  const isKept: Tensor.Tensor<Shape, "bool"> = Random.bernoulli(key, 1 - rate, x.shape)
  // Both sides have the shape of `x`.
  return Tensor.where(isKept, Tensor.mul(x, 1 / (1 - rate)) as Tensor.Tensor<Shape, D>, 0) as Tensor.Tensor<S, D>
}
