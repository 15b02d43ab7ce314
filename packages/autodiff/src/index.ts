/**
 * Derivatives and batching: functions of tensor functions.
 */
export * from "./Derivatives.ts"
export * from "./Gradient.ts"
export * from "./Jvp.ts"
export * from "./Scan.ts"
export * from "./Vjp.ts"
export * from "./Vmap.ts"
