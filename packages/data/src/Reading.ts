/**
 * What readers give: a dataset, and what they left out of it.
 */
import type { FormatError } from "@cotangent/formats/FormatError"
import type { Columns, Dataset } from "./Dataset.ts"

/** Whether a reader goes on after what it cannot read. */
export interface Tolerance {
  /** Leave out examples that cannot be read, and report them, instead of failing; no unless stated. */
  readonly skipInvalid?: boolean | undefined
}

/** A list for what is left out, if anything may be: readers that are given none fail instead. */
export const skips = ({ skipInvalid = false }: Tolerance): Array<FormatError> | undefined =>
  skipInvalid ? [] : undefined

/** A dataset that was read. */
export interface Reading<C extends Columns = Columns> extends Dataset<C> {
  /** Why examples were left out: one failure for each of them, which names file and row. */
  readonly skipped: ReadonlyArray<FormatError>
}

/** `dataset` with what was left out of it. */
export const make = <C extends Columns>(
  { columns, size }: Dataset<C>,
  skipped: ReadonlyArray<FormatError> = []
): Reading<C> => ({ columns, size, skipped })
