/**
 * Models composed from `@cotangent/nn`.
 */
export * from "./mlp.ts"
