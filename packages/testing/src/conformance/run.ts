/**
 * Runs suites of conformance cases on the surrounding device.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { format, mismatch } from "@cotangent/gradcheck/Comparison"
import type { Check, Precision } from "./checks.ts"
import { checksOfOperation, checksOfProgram, checksOfStreams } from "./checks.ts"
import type { Suite } from "./format.ts"

/** What came of a suite. */
export interface Report {
  readonly passed: number
  /** One line for each case that failed. */
  readonly failures: ReadonlyArray<string>
}

/** A case by name, and what it claims, which may throw where it is built. */
interface NamedCase {
  readonly name: string
  readonly checks: (precision: Precision) => ReadonlyArray<Check>
}

const casesOf = (suite: Suite): ReadonlyArray<NamedCase> => {
  if ("normalTolerance" in suite) {
    return suite.cases.map((given) => ({
      name: `seed ${given.seed}`,
      checks: () => checksOfStreams(given, suite.normalTolerance)
    }))
  }
  if ("rtol" in suite) {
    return suite.cases.map((given, i) => ({
      name: `program ${i}`,
      checks: (precision) => checksOfProgram(given, precision, suite)
    }))
  }
  return suite.cases.map((given) => ({
    name: given.name,
    checks: (precision) => checksOfOperation(given, precision)
  }))
}

/** `received` in the dtype that was expected, where both are floats. */
const comparable = (expected: HostArray, received: HostArray): HostArray =>
  DTypes.isFloat(expected.dtype) && DTypes.isFloat(received.dtype) ? { ...received, dtype: expected.dtype } : received

/** The claims that do not hold. One program computes all of them. */
const violations = (checks: ReadonlyArray<Check>): Effect.Effect<ReadonlyArray<string>, DeviceError, Device> =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Device
      const tensors = yield* device.realize(checks.map(({ tensor }) => tensor))
      const values = yield* Effect.forEach(tensors, device.read)
      return checks.flatMap(({ expected, name, tolerance }, i) => {
        const found = mismatch(expected, comparable(expected, values[i]), tolerance)
        return found === undefined ? [] : [format(name, found)]
      })
    })
  )

/** Some of the cases: of every `of` the one with this `index`. */
export interface Part {
  readonly index: number
  readonly of: number
}

/** Runs the cases of `suite`, or those of a part, with floats of `precision`. */
export const runSuite = (
  suite: Suite,
  precision: Precision,
  part: Part = { index: 0, of: 1 }
): Effect.Effect<Report, never, Device> =>
  Effect.gen(function* () {
    const cases = casesOf(suite).filter((_, i) => i % part.of === part.index)
    const failures: Array<string> = []
    for (const { checks, name } of cases) {
      const found = yield* Effect.suspend(() => violations(checks(precision))).pipe(
        Effect.catchCause((cause) => Effect.succeed([firstLine(Cause.squash(cause))]))
      )
      if (found.length > 0) failures.push(`${name}: ${found.join("; ")}`)
    }
    return { passed: cases.length - failures.length, failures }
  })

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0]
