/**
 * What came of checking one target, and of all. Outcomes are schemas, so that they can cross from a worker to its owner.
 */
import { GradientMismatch } from "@cotangent/gradcheck/errors"
import type { Law } from "@cotangent/gradcheck/laws"
import { all } from "@cotangent/gradcheck/laws"
import * as Schema from "effect/Schema"
import { exclusions } from "./targets.ts"

const Place = Schema.Struct({ leaf: Schema.Int, index: Schema.Array(Schema.Int) })

const Measurement = Schema.Struct({
  error: Schema.Finite,
  expected: Schema.String,
  received: Schema.String,
  what: Schema.String,
  input: Schema.optionalKey(Place),
  output: Schema.optionalKey(Place)
})

const LawReport = Schema.Struct({
  law: Schema.Literals(all),
  runs: Schema.Int,
  worst: Measurement,
  errors: Schema.Array(Schema.Finite)
})

/** How a target fared. */
export const Outcome = Schema.Struct({
  name: Schema.String,
  millis: Schema.Finite,
  /** How its laws fared; none where one does not hold. */
  laws: Schema.Array(LawReport),
  /** Why it does not hold. */
  mismatch: Schema.UndefinedOr(GradientMismatch)
})

/** How a target fared. */
export type Outcome = typeof Outcome.Type

/** How all targets fared. */
export interface Summary {
  readonly runs: number
  readonly seed: number
  readonly device: string
  readonly millis: number
  readonly outcomes: ReadonlyArray<Outcome>
}

/** The outcomes with a law that does not hold. */
export const refuted = ({ outcomes }: Summary): ReadonlyArray<Outcome> =>
  outcomes.filter(({ mismatch }) => mismatch !== undefined)

/** The worst error of a law; undefined where it was not tried. */
export const worstOf = ({ laws }: Outcome, law: Law): number | undefined =>
  laws.find((report) => report.law === law)?.worst.error

/** The errors of every run of a law, of all targets. */
export const errorsOf = ({ outcomes }: Summary, law: Law): ReadonlyArray<number> =>
  outcomes.flatMap(({ laws }) => laws.filter((report) => report.law === law).flatMap(({ errors }) => errors))

/** The laws that were tried or broken, in their order. */
export const lawsOf = ({ outcomes }: Summary): ReadonlyArray<Law> =>
  all.filter((law) => outcomes.some(({ laws, mismatch }) => mismatch?.law === law || laws.some((x) => x.law === law)))

/** How often a law was tried. */
export const measurementsOf = ({ outcomes }: Summary): number =>
  outcomes.reduce((sum, { laws }) => sum + laws.reduce((runs, report) => runs + report.runs, 0), 0)

/** A mismatch without what errors have beside their fields. */
const fields = (mismatch: GradientMismatch): object => Object.assign({ message: mismatch.message }, mismatch)

/** A summary as JSON. */
export const toJson = ({ outcomes, ...summary }: Summary): string =>
  JSON.stringify(
    {
      ...summary,
      outcomes: outcomes.map(({ laws, mismatch, ...outcome }) => ({
        ...outcome,
        holds: mismatch === undefined,
        ...(mismatch === undefined ? {} : { mismatch: fields(mismatch) }),
        laws: laws.map(({ errors, law, runs, worst }) => ({ law, runs, worst, errors }))
      })),
      exclusions
    },
    undefined,
    2
  )
