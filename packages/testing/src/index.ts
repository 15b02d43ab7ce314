/**
 * What the tests of all packages share: conformance cases, generators, laws.
 */
export * as Arrays from "./arrays.ts"
export * as Case from "./Case.ts"
export * as Comparison from "./Comparison.ts"
export * from "./conformance/run.ts"
export * from "./conformance/suites.ts"
export * from "./devices.ts"
export * from "./directions.ts"
export * as Examples from "./examples.ts"
export * as Generators from "./generators.ts"
export * from "./laws/batching.ts"
export * from "./laws/device.ts"
export * from "./laws/differentiation.ts"
export * from "./laws/simplification.ts"
export * from "./laws/typing.ts"
export type * from "./laws/Violation.ts"
export * from "./programs.ts"
