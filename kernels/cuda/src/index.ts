export * as Cuda from "./Cuda.ts"
export type * as Plan from "./Plan.ts"
