import * as fc from "fast-check"
import { assert } from "vitest"
import type { Violation } from "../src/laws/Violation.ts"

/** How often each law is tried; the environment can ask for more. */
export const numRuns = Number(process.env["LAW_RUNS"] ?? 40)

/** Asserts a law of every value of `arbitrary`. */
export const holds = <A>(law: (value: A) => Violation, arbitrary: fc.Arbitrary<A>): void =>
  fc.assert(
    fc.property(arbitrary, (value) => {
      const violation = law(value)
      if (violation !== undefined) assert.fail(violation)
    }),
    { numRuns }
  )

/** Asserts a law that has to wait for its answer. */
export const holdsEventually = <A>(
  law: (value: A) => Promise<Violation>,
  arbitrary: fc.Arbitrary<A>
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (value) => {
      const violation = await law(value)
      if (violation !== undefined) assert.fail(violation)
    }),
    { numRuns }
  )
