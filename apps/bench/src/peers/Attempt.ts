/**
 * How another library is asked for a workload.
 */
import type { Patience } from "../measure.ts"
import type { Times } from "../Result.ts"

/** A workload, ready to be called again and again; each call ends when its result is there. */
export type Attempt =
  | {
      readonly kind: "calculation"
      readonly run: () => Promise<void>
      readonly check: () => Promise<ReadonlyArray<number>>
    }
  | {
      readonly kind: "training"
      /** One step; gives its loss. */
      readonly step: () => Promise<number>
    }
  | {
      readonly kind: "apart"
      /** Times itself, in a process of its own. */
      readonly measure: (
        patience: Patience
      ) => Promise<{ readonly times: Times; readonly check: ReadonlyArray<number> }>
    }

/** A library that is ready. What it cannot do it says by throwing, or in `missing`. */
export interface Peer {
  /** How many threads it uses, at most as many as it was asked for. */
  readonly threads: number
  readonly attempts: Readonly<Record<string, () => Attempt>>
  /** Why there is no attempt at a workload. */
  readonly missing: Readonly<Record<string, string>>
}

/** Elements of one result, in host memory. */
export type Elements = ArrayLike<number>

/** Check values of results, computed here, so that a library's sums in f32 are not held against it. */
export type Check = (...results: ReadonlyArray<Elements>) => ReadonlyArray<number>

const sum = (values: Elements, part: (value: number, i: number) => number): number => {
  let total = 0
  for (let i = 0; i < values.length; i++) total += part(values[i], i)
  return total
}

/** The mean of the absolute values of each result. */
export const meanAbs: Check = (...results) => results.map((values) => sum(values, Math.abs) / values.length)

/** The sum of the first column of a result with so many columns. */
export const firstColumn =
  (columns: number): Check =>
  (values) => [sum(values, (value, i) => (i % columns === 0 ? value : 0))]

/** The only element of the only result. */
export const itself: Check = (values) => [values[0]]
