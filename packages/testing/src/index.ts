/**
 * What the tests of all packages share: conformance cases, generators, laws.
 */
export * as Attention from "./attention.ts"
export * as Arrays from "@cotangent/gradcheck/arrays"
export * as Case from "./Case.ts"
export * as Comparison from "@cotangent/gradcheck/Comparison"
export * from "./conformance/run.ts"
export * from "./conformance/suites.ts"
export * as Control from "./control.ts"
export * from "./devices.ts"
export * from "./directions.ts"
export * as Examples from "./examples.ts"
export * as Generators from "./generators.ts"
export * as Gpu from "./gpu.ts"
export * from "./laws/simplification.ts"
export * from "./laws/typing.ts"
export type * from "./laws/Violation.ts"
export * from "./programs.ts"
