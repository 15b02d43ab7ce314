/**
 * What results must be.
 */
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import type { Result } from "./Result.ts"

/** Values of PyTorch 2.13 in f32 for each workload: means, sums, or the first five losses. */
export const expected: Readonly<Record<string, ReadonlyArray<number>>> = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Record(Schema.String, Schema.Array(Schema.Finite)))
)(readFileSync(new URL("../checks.json", import.meta.url), "utf8"))

/** The most by which a value may differ, relative to what it must be. */
export const tolerance = 1e-4

/** What is wrong with the check values of a result; undefined where nothing is. */
export const objection = (
  { check, workload }: Pick<Result, "check" | "workload">,
  isChecked: boolean,
  values = expected
): string | undefined => {
  const wanted = values[workload]
  if (wanted === undefined) return isChecked ? `${workload}: there is nothing to check it by` : undefined
  if (wanted.length !== check.length) return `${workload}: expected ${wanted.length} values, received ${check.length}`
  const at = wanted.findIndex((value, i) => !(Math.abs(check[i] - value) <= tolerance * Math.abs(value)))
  return at < 0 ? undefined : `${workload}: expected ${wanted[at]} as value ${at + 1}, received ${check[at]}`
}
