/**
 * Derivatives and batching: functions of tensor functions. What they do to expressions, without functions and trees, is
 * in the modules `Jvp`, `Vjp`, `Vmap`: `pushforward`, `pullback`, `batch`.
 */
export { associativeScan } from "./AssociativeScan.ts"
export type { AssociativeScanOptions } from "./AssociativeScan.ts"
export { checkpoint } from "./Checkpoint.ts"
export type { CheckpointOptions, Policy } from "./Checkpoint.ts"
export { cond, map, whileLoop } from "./Control.ts"
export type { Truth } from "./Control.ts"
export { customJvp, customVjp } from "./Custom.ts"
export type { Cotangents } from "./Custom.ts"
export { hessian, hvp, jacobian } from "./Derivatives.ts"
export type { Jacobian, Mode } from "./Derivatives.ts"
export { evalShape } from "./EvalShape.ts"
export type { Types } from "./EvalShape.ts"
export { grad, stopGradient, valueAndGrad } from "./Gradient.ts"
export type { Argument, CheckScalar, ValueAndGrad } from "./Gradient.ts"
export { jvp, linearize } from "./Jvp.ts"
export { scan } from "./Scan.ts"
export type { ScanOptions, Slice, Stacked } from "./Scan.ts"
export { vjp } from "./Vjp.ts"
export { vmap } from "./Vmap.ts"
export type { Axes, Batched, VmapOptions } from "./Vmap.ts"
