/**
 * What is checked.
 */
import type { GradientMismatch } from "@cotangent/gradcheck/errors"
import type { Options, Report } from "@cotangent/gradcheck/gradcheck"
import { gradcheck } from "@cotangent/gradcheck/gradcheck"
import type { Inputs } from "@cotangent/gradcheck/subject"
import type { DeviceError } from "@cotangent/runtime/errors"
import type * as Effect from "effect/Effect"

/** Checks something with everything but its name decided. */
export type Check = (
  options: Options & { readonly name: string }
) => Effect.Effect<Report, GradientMismatch | DeviceError>

/** Something with derivatives. */
export interface Target {
  /** `operation/matmul`. */
  readonly name: string
  readonly check: Check
}

/** Something that is not checked. */
export interface Exclusion {
  readonly name: string
  readonly reason: string
}

/** The exports of a module. */
export interface Group {
  readonly targets: ReadonlyArray<Target>
  readonly exclusions: ReadonlyArray<Exclusion>
}

/** Checks a function at inputs. */
export const check =
  <A extends ReadonlyArray<unknown>>(
    f: (...args: A) => unknown,
    inputs: Inputs<NoInfer<A>>,
    given: Pick<Options, "mode"> = {}
  ): Check =>
  (options) =>
    gradcheck(f, inputs, { ...given, ...options })

/** How one export is checked: at once, or by what it is told. */
export type Row = Check | Readonly<Record<string, Check>>

const targetsOf = (name: string, row: Row): ReadonlyArray<Target> =>
  typeof row === "function"
    ? [{ name, check: row }]
    : Object.entries(row).map(([variant, check]) => ({ name: `${name} (${variant})`, check }))

/**
 * Everything that the module `M` exports, under the name of the group. Types see to it that nothing is forgotten: an
 * export that is neither in `without`, by the reason why it is not checked, nor has a row in `rows`, does not compile,
 * and neither does the name of what is no export.
 */
export const group =
  <M extends object>() =>
  <const Without extends keyof M & string = never>(
    name: string,
    without: Readonly<Record<string, ReadonlyArray<Without>>>,
    rows: Readonly<Record<Exclude<keyof M & string, Without>, Row>>
  ): Group => ({
    targets: Object.entries<Row>(rows).flatMap(([key, row]) => targetsOf(`${name}/${key}`, row)),
    exclusions: Object.entries(without).flatMap(([reason, names]) =>
      names.map((key) => ({ name: `${name}/${key}`, reason }))
    )
  })
