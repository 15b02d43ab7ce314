/**
 * Proves derivatives: generated inputs, laws, counterexamples made small.
 */
export { checkGradients } from "./checkGradients.ts"
export { GradientMismatch } from "./errors.ts"
export { near, tensor } from "./generators.ts"
export type { Domain } from "./generators.ts"
export { gradcheck } from "./gradcheck.ts"
export type { LawReport, Options, Report } from "./gradcheck.ts"
export { statements } from "./laws.ts"
export type { Law } from "./laws.ts"
export type { Measurement, Place } from "./Measurement.ts"
export type { Drawn, Inputs } from "./subject.ts"
export { tolerances } from "./tolerances.ts"
export type { Tolerances } from "./tolerances.ts"
