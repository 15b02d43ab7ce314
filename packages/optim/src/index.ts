/**
 * Optimizers, what they are made of, and schedules of their rates.
 */
export * as GradientTransformation from "./GradientTransformation.ts"
export * as Optimizer from "./Optimizer.ts"
export * as Schedule from "./Schedule.ts"
export * from "./adaptive.ts"
