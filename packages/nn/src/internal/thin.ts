/**
 * Dropout as a function of a key.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

/** How much is dropped, what decides which, and what the others are scaled by: `1 / (1 − rate)` unless stated. */
export interface Dropped {
  readonly rate: number
  readonly key: Random.Key
  readonly scale?: number
}

/** **Throws** `ArgumentError` unless `0 ≤ rate < 1`. */
export const checkRate = (operation: string, rate: number): void => {
  if (rate >= 0 && rate < 1) return
  throw new ArgumentError({ operation, expected: "a rate from 0 below 1", received: String(rate) })
}

/**
 * Elements of `x` set to 0 with probability `rate`, the others scaled. Those that share a place of `shape`, which broadcasts to
 * that of `x`, share their fate.
 */
export const thinned = <S extends Shape, D extends Float>(
  x: Tensor.Tensor<S, D>,
  { key, rate, scale = 1 / (1 - rate) }: Dropped,
  shape: Dims = x.shape
): Tensor.Tensor<S, D> => {
  if (rate === 0) return x
  const isKept: Tensor.Tensor<Shape, "bool"> = Random.bernoulli(key, 1 - rate, shape)
  // Both sides have the shape of `x`.
  return Tensor.where(isKept, Tensor.mul(x, scale) as Tensor.Tensor<Shape, D>, 0) as Tensor.Tensor<S, D>
}
