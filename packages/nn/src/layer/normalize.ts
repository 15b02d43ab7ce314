import type { Float } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Empty, ShapePreserving } from "../Model.ts"

/** A scale and an offset for each feature. */
export interface Gain<N extends number> {
  readonly weight: Tensor.Tensor<readonly [N], Float>
  readonly bias: Tensor.Tensor<readonly [N], Float>
}

/**
 * Moves each row along the last axis to mean 0 and variance 1, then scales and shifts its elements by learned numbers:
 * `(x − mean) / √(variance + epsilon) · weight + bias`.
 *
 * **Shapes** `[…, features] → […, features]`. **Source** Ba et al. 2016, equation 4.
 */
export const layerNorm = <const N extends number>(
  features: N,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {}
): ShapePreserving<Gain<N>, Empty, readonly [N]> => {
  const predict = <L extends Shape, D extends Float>(
    { bias, weight }: Gain<N>,
    _: Empty,
    input: Tensor.Tensor<readonly [...L, N], D>
  ): Tensor.Tensor<readonly [...L, N], D> => {
    // One mean for each row: the last axis stays, as 1.
    const x: Tensor.Tensor<Shape, Float> = input
    const centered = Tensor.sub(x, Tensor.mean(x, -1, { keepDims: true }))
    const variance = Tensor.mean(Tensor.square(centered), -1, { keepDims: true })
    const normal = Tensor.mul(centered, Tensor.rsqrt(Tensor.add(variance, epsilon)))
    // Rows are normalized in place: the shape is that of the input.
    return Tensor.add(Tensor.mul(normal, weight), bias) as Tensor.Tensor as Tensor.Tensor<readonly [...L, N], D>
  }
  return {
    init: () => ({ params: { weight: Tensor.ones([features]), bias: Tensor.zeros([features]) }, state: {} }),
    train: (params, state, input) => ({ output: predict(params, state, input), state }),
    predict
  }
}
