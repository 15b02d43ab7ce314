/** Text cut into pieces that tokens do not cross. */

/**
 * Words with the space before them, runs of digits, runs of other signs, the endings of English contractions, white space;
 * together they are the text.
 *
 * **Source** Radford, Wu, Child, Luan, Amodei, Sutskever 2019, "Language Models are Unsupervised Multitask Learners",
 * section 2.2, and the tokenizer published with it.
 */
const piece = /'(?:[stmd]|re|ve|ll)| ?(?:\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+)|\s+(?!\S)|\s+/gu

/** The pieces of `text`. */
export const piecesOf = (text: string): ReadonlyArray<string> => text.match(piece) ?? []

/** How often each of the units that `cut` makes of the texts occurs, in the order in which they come up. */
export const countUnits = (
  texts: Iterable<string>,
  cut: (text: string) => Iterable<string>
): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const unit of cut(text)) counts.set(unit, (counts.get(unit) ?? 0) + 1)
  }
  return counts
}
