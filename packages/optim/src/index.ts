/**
 * Optimizers, what they are made of, and schedules of their rates; penalties and averages of parameters; minimizers.
 */
export * as Averaging from "./Averaging.ts"
export * as GradientTransformation from "./GradientTransformation.ts"
export * as Minimizer from "./Minimizer.ts"
export * as Optimizer from "./Optimizer.ts"
export * as Penalty from "./Penalty.ts"
export * as Plateau from "./Plateau.ts"
export * as Schedule from "./Schedule.ts"
export * from "./adaptive.ts"
