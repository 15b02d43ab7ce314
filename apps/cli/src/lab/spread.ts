/**
 * How numbers are spread.
 */
import type { Bin } from "../figure.ts"

/** The standard deviation of `values`. */
export const deviationOf = (values: ArrayLike<number>): number => {
  const all = Array.from(values)
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length
  return Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length)
}

/** The shares of `values` in `count` equal parts of a range; what is outside of it counts for its ends. */
export const binsOf = (
  values: ArrayLike<number>,
  [from, to]: readonly [number, number],
  count: number
): ReadonlyArray<Bin> => {
  const width = (to - from) / count
  const counts = new Array<number>(count).fill(0)
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor((values[i] - from) / width)
    // Not a number is nowhere.
    if (!Number.isNaN(bin)) counts[Math.min(count - 1, Math.max(0, bin))]++
  }
  return counts.map((number, i) => ({
    from: from + width * i,
    to: from + width * (i + 1),
    share: number / values.length
  }))
}
