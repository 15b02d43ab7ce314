/**
 * What came of checking one target, and of all.
 */
import type { GradientMismatch } from "@cotangent/gradcheck/errors"
import type { LawReport } from "@cotangent/gradcheck/gradcheck"
import type { Law } from "@cotangent/gradcheck/laws"

/** How a target fared. */
export interface Outcome {
  readonly name: string
  readonly millis: number
  /** How its laws fared; none where one does not hold. */
  readonly laws: ReadonlyArray<LawReport>
  /** Why it does not hold. */
  readonly mismatch: GradientMismatch | undefined
}

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

/** The laws that were tried, in their order. */
export const lawsOf = ({ outcomes }: Summary): ReadonlyArray<Law> => [
  ...new Set(outcomes.flatMap(({ laws }) => laws.map(({ law }) => law)))
]

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
      }))
    },
    undefined,
    2
  )
