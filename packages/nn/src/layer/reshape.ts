import type { Float } from "@cotangent/tensor/DType"
import { size } from "@cotangent/tensor/Shape"
import type { Dim, Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

/** The elements of each example in one row. **Shapes** `[batch, …] → [batch, features]` */
export const flatten = <B extends Dim, D extends Float>(
  input: Tensor.Tensor<readonly [B, ...Shape], D>
): Tensor.Tensor<readonly [B, number], D> => {
  const [batch, ...rest] = input.shape as ReadonlyArray<number>
  // The first extent is that of the input.
  return Tensor.reshape(input, [batch, size(rest)]) as Tensor.Tensor as Tensor.Tensor<readonly [B, number], D>
}
