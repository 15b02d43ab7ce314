/**
 * Types of results without results.
 */
import type { Tensor } from "@cotangent/tensor/Primitive"
import { isTensor } from "@cotangent/tensor/Primitive"
import { parameter } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import * as Tree from "@cotangent/tensor/Tree"

/** `T` with the shape and dtype of each tensor in its place. */
export type Types<T> = Tree.WithLeaves<T, TensorType>

/**
 * Shapes and dtypes of what `f` gives for arguments of the given types: trees with tensors, or their shape and dtype, as
 * leaves. Nothing is computed, and no memory used.
 *
 * **Throws** what `f` throws for arguments of wrong types.
 *
 * **Example** (The shape of a product)
 *
 * ```ts run
 * const product = (x: Tensor.Tensor<readonly [2, 3]>, w: Tensor.Tensor<readonly [3, 4]>) => Tensor.matmul(x, w)
 * evalShape(product, { shape: [2, 3], dtype: "f32" }, Tensor.zeros([3, 4])) // => { shape: [2, 4], dtype: "f32" }
 * ```
 */
export const evalShape = <A extends ReadonlyArray<unknown>, O>(
  f: (...args: A) => O,
  ...types: { readonly [K in keyof A]: Types<A[K]> | A[K] }
): Types<O> => {
  // Parameters stand where there were types.
  const result = f(...(types.map(holes) as unknown as A))
  return Tree.map(result, ({ dtype, shape }: Tensor): TensorType => ({ shape, dtype }))
}

const isType = (value: object): value is TensorType =>
  "shape" in value && Array.isArray(value.shape) && "dtype" in value && typeof value.dtype === "string"

/** `value` with a parameter in the place of each tensor and each type. */
const holes = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (isTensor(value) || isType(value)) return parameter(value)
  if (Array.isArray(value)) return value.map(holes)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, holes(item)]))
}
