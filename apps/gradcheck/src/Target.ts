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

/** Checks a function at inputs. */
export const check =
  <A extends ReadonlyArray<unknown>>(f: (...args: A) => unknown, inputs: Inputs<NoInfer<A>>): Check =>
  (options) =>
    gradcheck(f, inputs, options)

/** The targets of a group, each under its name. */
export const group = (name: string, checks: Readonly<Record<string, Check>>): ReadonlyArray<Target> =>
  Object.entries(checks).map(([key, check]) => ({ name: `${name}/${key}`, check }))
