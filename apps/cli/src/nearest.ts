/**
 * Names that may have been meant.
 */

/**
 * How many insertions, deletions, replacements and swaps of neighbors turn `from` into `to`.
 *
 * **Source** Damerau 1964, in the form that edits no part twice.
 */
export const distance = (from: string, to: string): number => {
  const rows: Array<ReadonlyArray<number>> = [Array.from({ length: to.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1]
      const edited = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (isSame ? 0 : 1))
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row.push(isSwap ? Math.min(edited, rows[i - 2][j - 2] + 1) : edited)
    }
    rows.push(row)
  }
  return rows[from.length][to.length]
}

/** The name that is nearest to `given`, the first of several; undefined where there are no names. */
export const nearest = (given: string, names: ReadonlyArray<string>): string | undefined => {
  const distances = names.map((name) => distance(given.toLowerCase(), name.toLowerCase()))
  return names[distances.indexOf(Math.min(...distances))]
}

/**
 * What to say of a name that there is not: `unknown recipe 'mnist-mpl': did you mean 'mnist-mlp'?` Where less than half of
 * the name is like any, all are told.
 */
export const unknown = (kind: string, given: string, names: ReadonlyArray<string>): string => {
  const start = `unknown ${kind} '${given}'`
  const meant = nearest(given, names)
  if (meant === undefined) return start
  const isLike = distance(given.toLowerCase(), meant.toLowerCase()) <= Math.max(given.length, meant.length) / 2
  return isLike ? `${start}: did you mean '${meant}'?` : `${start}: there are ${names.join(", ")}`
}
