/** Pairs of neighboring tokens. */

/** More tokens than any vocabulary has. */
const most = 2 ** 24

/** A pair as one number. */
export const keyOf = (left: number, right: number): number => left * most + right

/** The pair of a number. */
export const joined = (key: number): readonly [left: number, right: number] => [Math.floor(key / most), key % most]

/** `tokens` with each occurrence of the pair `key`, from the first on, replaced by `result`. */
export const join = (tokens: ReadonlyArray<number>, key: number, result: number): ReadonlyArray<number> => {
  const replaced: Array<number> = []
  for (let i = 0; i < tokens.length; i++) {
    if (i + 1 < tokens.length && keyOf(tokens[i], tokens[i + 1]) === key) {
      replaced.push(result)
      i++
    } else replaced.push(tokens[i])
  }
  return replaced
}
