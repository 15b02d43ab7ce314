/**
 * The friendly surface of tensors: shapes are broadcast, axes may count from the back, numbers stand for tensors, and
 * operations on several tensors may be called data-first, `add(x, y)`, or data-last in a pipe, `x.pipe(add(y))`.
 *
 * Everything here is composed of the strict primitives of `primitive/`. Building an expression computes nothing; what
 * is wrong with it throws here.
 */
export type { DType, Float, Integer } from "./DType.ts"
export { describe, isTensor } from "./Primitive.ts"
export type { Tensor } from "./Primitive.ts"
export type { Dim, Shape } from "./ShapeType.ts"
export * from "./operations/arithmetic.ts"
export * from "./operations/arrangement.ts"
export * from "./operations/construct.ts"
export * from "./operations/contraction.ts"
export * from "./operations/convolution.ts"
export * from "./operations/cumulative.ts"
export * from "./operations/determinant.ts"
export * from "./operations/diagonal.ts"
export * from "./operations/elementwise.ts"
export * from "./operations/equations.ts"
export * from "./operations/factorization.ts"
export * from "./operations/indexing.ts"
export * from "./operations/logic.ts"
export * from "./operations/movement.ts"
export * from "./operations/pooling.ts"
export * from "./operations/quantile.ts"
export * from "./operations/reduction.ts"
export * from "./operations/resampling.ts"
export type * from "./operations/signature.ts"
export * from "./operations/similarity.ts"
export * from "./operations/statistic.ts"
