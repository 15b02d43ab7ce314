import type { Measurement } from "@cotangent/gradcheck/Measurement"
import { holds } from "@cotangent/gradcheck/Measurement"
import { Device } from "@cotangent/runtime/Device"
import { ArgumentError } from "@cotangent/tensor/errors"
import { constant } from "@cotangent/tensor/primitive/leaf"
import { substitute } from "@cotangent/tensor/Program"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { withGradients } from "../src/directions.ts"
import type { Violation } from "../src/laws/Violation.ts"

const { LAW_RUNS, LAW_SEED } = process.env

/**
 * How often each law is tried. The seed is fixed, so that the suite does the same every time; `LAW_RUNS` asks for more,
 * of another seed each time unless `LAW_SEED` repeats one.
 */
const parameters = {
  numRuns: Number(LAW_RUNS ?? 40),
  includeErrorInReport: true,
  ...(LAW_RUNS === undefined || LAW_SEED !== undefined ? { seed: Number(LAW_SEED ?? 1) } : {})
}

/** What a law answers with. */
type Answer = Violation | Measurement

const hold = (answer: Answer): void => {
  const received = answer === undefined || typeof answer === "string" || !holds(answer) ? answer : undefined
  if (received === undefined) return
  throw new ArgumentError({
    operation: "law",
    expected: "no violation",
    received: typeof received === "string" ? received : textOf(received)
  })
}

const textOf = ({ expected, received, what }: Measurement): string =>
  `${what}: expected ${expected}, received ${received}`

/** A value of `arbitrary` for which `law` does not hold, made small, with the seed to find it again. */
export const counterexample = <A>(law: (value: A) => Answer, arbitrary: fc.Arbitrary<A>): string | undefined =>
  fc.defaultReportMessage(
    fc.check(
      fc.property(arbitrary, (value) => hold(law(value))),
      parameters
    )
  )

/** The same for a law that has to wait for its answer. */
export const eventualCounterexample = async <A>(
  law: (value: A) => Promise<Answer>,
  arbitrary: fc.Arbitrary<A>
): Promise<string | undefined> =>
  fc.defaultReportMessage(
    await fc.check(
      fc.asyncProperty(arbitrary, async (value) => hold(await law(value))),
      parameters
    )
  )

/** A program with its inputs. */
export type Given = ReturnType<typeof withGradients>

/** What a device computes of it. */
export const valuesOf = ({ inputs, program }: Given) =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Device
      const tensors = yield* device.realize(substitute(program, inputs.map(constant)))
      return yield* Effect.forEach(tensors, device.read)
    })
  )
