/**
 * Curves of losses as numbers.
 */

/** The mean; NaN of nothing. */
export const meanOf = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length

/** The value in the middle, or the mean of both; NaN of nothing. */
export const medianOf = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return meanOf(sorted.slice(Math.ceil(half) - 1, Math.floor(half) + 1))
}

/** Each value with as many neighbours on both sides, at most `radius`, in the mean. */
export const smoothed = (values: ReadonlyArray<number>, radius: number): ReadonlyArray<number> =>
  values.map((_, i) => {
    const reach = Math.min(radius, i, values.length - 1 - i)
    return meanOf(values.slice(i - reach, i + reach + 1))
  })

/** The means of `count` parts in a row, of about the same length; of as many parts as there are values, if those are fewer. */
export const parts = (values: ReadonlyArray<number>, count: number): ReadonlyArray<number> => {
  const actual = Math.min(count, values.length)
  const at = (part: number): number => Math.round((part * values.length) / actual)
  return Array.from({ length: actual }, (_, part) => meanOf(values.slice(at(part), at(part + 1))))
}

/** Whether a loss is no number any more, or more than three times what it was at first. */
export const isExploded = (loss: number, first: number): boolean => !(loss - first <= 2 * Math.abs(first))

/** The position of the first explosion; the number of losses where there is none. */
export const explosion = (losses: ReadonlyArray<number>): number => {
  const found = losses.findIndex((loss) => isExploded(loss, losses[0]))
  return found === -1 ? losses.length : found
}

/** The position of the least number; the first of equals, -1 where there is no number. */
export const leastAt = (values: ReadonlyArray<number>): number =>
  values.reduce((best, value, i) => (Number.isNaN(value) || (best >= 0 && !(value < values[best])) ? best : i), -1)
