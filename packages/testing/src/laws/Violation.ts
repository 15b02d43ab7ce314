/**
 * What laws answer with. A law is a predicate that knows no test framework: it gives nothing where it holds, else what
 * was expected and what came instead.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import type { Tolerance } from "@cotangent/gradcheck/Comparison"
import { format, mismatch } from "@cotangent/gradcheck/Comparison"

/** Why a law does not hold; undefined where it does. */
export type Violation = string | undefined

/** The first violation. */
export const first = (...violations: ReadonlyArray<Violation>): Violation =>
  violations.find((violation) => violation !== undefined)

/** Whether `received` is `expected` within `tolerance`. */
export const agree = (name: string, expected: HostArray, received: HostArray, tolerance: Tolerance): Violation => {
  const found = mismatch(expected, received, tolerance)
  return found === undefined ? undefined : format(name, found)
}
