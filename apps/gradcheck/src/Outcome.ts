/**
 * What came of checking one target, and of all. Outcomes are schemas, so that they can cross from a worker to its owner.
 */
import { GradientMismatch } from "@cotangent/gradcheck/errors"
import type { Report } from "@cotangent/gradcheck/gradcheck"
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
  /** How many errors there were from each power of ten on, in units of what is allowed; those of 0 are of their own. */
  distribution: Schema.Record(Schema.String, Schema.Int)
})

/** The powers of ten that errors are counted by; smaller ones count to the first. */
export const decades: ReadonlyArray<string> = ["0", ...Array.from({ length: 16 }, (_, i) => `1e${i - 16}`)]

const decadeOf = (error: number): string =>
  error === 0 ? "0" : `1e${Math.min(-1, Math.max(-16, Math.floor(Math.log10(error))))}`

/** How a law fared, with its errors counted. */
export const counted = ({ errors, ...report }: Report["laws"][number]): typeof LawReport.Type => {
  const counts = new Map<string, number>()
  for (const error of errors) counts.set(decadeOf(error), (counts.get(decadeOf(error)) ?? 0) + 1)
  return {
    ...report,
    distribution: Object.fromEntries(decades.flatMap((at) => (counts.has(at) ? [[at, counts.get(at)!]] : [])))
  }
}

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

/** How a law fared; undefined where it was not tried. */
export const reportOf = ({ laws }: Outcome, law: Law): Outcome["laws"][number] | undefined =>
  laws.find((report) => report.law === law)

/** How many errors of a law there were in each decade, of all targets. */
export const distributionOf = ({ outcomes }: Summary, law: Law): ReadonlyArray<number> =>
  decades.map((at) => outcomes.reduce((sum, outcome) => sum + (reportOf(outcome, law)?.distribution[at] ?? 0), 0))

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
        laws
      })),
      exclusions
    },
    undefined,
    2
  )
