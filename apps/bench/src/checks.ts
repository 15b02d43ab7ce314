/**
 * What results must be.
 */
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import type { Result } from "./Result.ts"
import type { Workload } from "./Workload.ts"

/** Check values by workload: means, sums, or the first five losses. */
export type Expected = Readonly<Record<string, ReadonlyArray<number>>>

/** Values of PyTorch 2.13 in f32. */
export const expected: Expected = Schema.decodeSync(
  Schema.fromJsonString(Schema.Record(Schema.String, Schema.Array(Schema.Finite)))
)(readFileSync(new URL("../checks.json", import.meta.url), "utf8"))

/** The most by which a value may differ, relative to what it must be. */
export const tolerance = 1e-4

/** What is wrong with the check values of a result; undefined where nothing is. */
export const objection = (
  { check }: Pick<Result, "check">,
  { name, reference }: Pick<Workload, "name" | "reference">,
  values: Expected = expected
): string | undefined => {
  const wanted = values[name] ?? reference?.()
  if (wanted === undefined) return `${name}: there is nothing to check it by`
  if (wanted.length !== check.length) return `${name}: expected ${wanted.length} values, received ${check.length}`
  const at = wanted.findIndex((value, i) => !(Math.abs(check[i] - value) <= tolerance * Math.abs(value)))
  return at < 0 ? undefined : `${name}: expected ${wanted[at]} as value ${at + 1}, received ${check[at]}`
}
