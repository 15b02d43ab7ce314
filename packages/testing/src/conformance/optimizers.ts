import type { Operation } from "./operations.ts"
export const optimizers: Readonly<Record<string, Operation>> = {}
