/** Datasets, their batches as streams, and strict readers of IDX and CSV. */
export * as Csv from "./Csv.ts"
export * as Dataset from "./Dataset.ts"
export * as Idx from "./Idx.ts"
export * as Mnist from "./Mnist.ts"
export * as Moments from "./Moments.ts"
