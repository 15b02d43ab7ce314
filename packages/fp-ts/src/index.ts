/**
 * Instances of fp-ts. Modules have the lower-case names that fp-ts gives its own, beside those of Cotangent.
 */
export * from "./bridge.ts"
export * as dtype from "./DType.ts"
export * as gradientTransformation from "./GradientTransformation.ts"
export * as hostArray from "./HostArray.ts"
export * as model from "./Model.ts"
export * as shape from "./Shape.ts"
export * as tensor from "./Tensor.ts"
export * as tree from "./Tree.ts"
