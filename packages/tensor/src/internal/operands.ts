/**
 * Brings the operands of a friendly operation into the form that primitives demand: one dtype, one shape.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts"
import type { Tensor } from "../Primitive.ts"
import { isTensor } from "../Primitive.ts"
import { full } from "../primitive/leaf.ts"
import { broadcast, reshape } from "../primitive/linear.ts"
import type { Dims, TensorType } from "../Shape.ts"
import { broadcast as broadcastShapes, equals, format } from "../Shape.ts"

/** A tensor, or a number that takes the dtype of the tensor beside it. */
export type Operand = Tensor | number

/** The dtype of all `tensors`. **Throws** `DTypeError` if they differ. */
export const commonDType = (operation: string, tensors: ReadonlyArray<Tensor>): DType => {
  const [first, ...rest] = tensors.map((tensor) => tensor.dtype)
  const other = rest.find((dtype) => dtype !== first)
  if (other === undefined) return first
  throw new DTypeError({
    operation,
    expected: "operands of one dtype",
    received: [first, other],
    hint: `convert one operand with cast(x, "${first}")`
  })
}

/** **Throws** `DTypeError` unless `self` has a dtype that `accepts` allows. */
export const demand = (operation: string, self: Tensor, expected: string, accepts: (dtype: DType) => boolean): void => {
  if (accepts(self.dtype)) return
  const hint =
    expected === "floats"
      ? 'use cast(x, "f32")'
      : expected === "bool"
        ? "compare first, as in notEqual(x, 0)"
        : undefined
  throw new DTypeError({ operation, expected, received: [self.dtype], ...(hint === undefined ? {} : { hint }) })
}

/** Every element is `value`. **Throws** `ArgumentError` where an integer or bool cannot hold it. */
export const fill = (operation: string, { dtype, shape }: TensorType, value: number): Tensor => {
  if (!DTypes.isFloat(dtype) && DTypes.round(dtype, value) !== value) {
    throw new ArgumentError({
      operation,
      expected: `a number that ${dtype} can hold`,
      received: String(value),
      hint: 'convert the tensor first, as in cast(x, "f32")'
    })
  }
  return full({ shape, dtype, value })
}

/** `self` repeated along new leading axes and along axes of extent 1. **Throws** `ShapeError` if that is not enough. */
export const stretch = (operation: string, self: Tensor, shape: Dims): Tensor => {
  if (equals(self.shape, shape)) return self
  const offset = shape.length - self.shape.length
  const fits = offset >= 0 && self.shape.every((extent, axis) => extent === 1 || extent === shape[axis + offset])
  if (!fits) {
    throw new ShapeError({
      operation,
      expected: `a shape that broadcasts to ${format(shape)}`,
      received: [self.shape],
      hint: "extents, aligned at the last axis, must be equal or 1"
    })
  }
  const axes = shape.flatMap((extent, axis) => (axis < offset || self.shape[axis - offset] !== extent ? [axis] : []))
  const kept = shape.filter((_, axis) => !axes.includes(axis))
  const squeezed = equals(self.shape, kept) ? self : reshape(self, { shape: kept })
  return broadcast(squeezed, { shape, axes })
}

/**
 * `operands` with one shape and one dtype; numbers become fills. At least one is a tensor.
 *
 * **Throws** `ShapeError`, `DTypeError` unless tensors broadcast and agree in dtype.
 */
export const together = (operation: string, operands: ReadonlyArray<Operand>): ReadonlyArray<Tensor> => {
  const tensors = operands.filter(isTensor)
  const dtype = commonDType(operation, tensors)
  const shape = tensors.map((tensor): Dims => tensor.shape).reduce((a, b) => broadcastShapes(operation, a, b))
  return operands.map((operand) =>
    isTensor(operand) ? stretch(operation, operand, shape) : fill(operation, { shape, dtype }, operand)
  )
}

/** **Throws** unless `self` holds square matrices of floats. */
export const demandSquare = (operation: string, self: Tensor): void => {
  demandMatrix(operation, self, true)
  demand(operation, self, "floats", DTypes.isFloat)
}

/** **Throws** `ShapeError` below two axes, and for `isSquare` unless both are equal. */
export const demandMatrix = (operation: string, self: Tensor, isSquare: boolean): void => {
  const [rows, columns] = self.shape.slice(-2)
  if (self.shape.length >= 2 && (!isSquare || rows === columns)) return
  throw new ShapeError({
    operation,
    expected: isSquare ? "square matrices [..., n, n]" : "matrices [..., m, n]",
    received: [self.shape],
    ...(isSquare && self.shape.length >= 2 ? { hint: "for a rectangular matrix use qr or svd" } : {})
  })
}

/** The tolerance for the rank of matrices. **Throws** unless they are of floats and what is stated is at least 0. */
export const toleranceOf = (operation: string, self: Tensor, given: { readonly tolerance?: number }): number => {
  demand(operation, self, "floats", DTypes.isFloat)
  const { dtype, shape } = self
  const tolerance = given.tolerance ?? Math.max(...shape.slice(-2)) * DTypes.epsilon(dtype as DTypes.Float)
  if (tolerance >= 0) return tolerance
  throw new ArgumentError({ operation, expected: "a tolerance of at least 0", received: String(tolerance) })
}
