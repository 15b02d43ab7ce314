/**
 * Immutable, typed tensor expressions.
 */
export * as DType from "./DType.ts"
export * from "./errors.ts"
export * as Evaluator from "./Evaluator.ts"
export * as HostArray from "./HostArray.ts"
export * as Origin from "./Origin.ts"
export * as Primitive from "./Primitive.ts"
export * as Program from "./Program.ts"
export * as Random from "./Random.ts"
export * as Reference from "./Reference.ts"
export * as Scalar from "./Scalar.ts"
export * as Shape from "./Shape.ts"
export type * as ShapeType from "./ShapeType.ts"
export * as Tensor from "./Tensor.ts"
export * as Tree from "./Tree.ts"
