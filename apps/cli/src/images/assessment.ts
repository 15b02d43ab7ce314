/**
 * How well pictures were recognized: from the probabilities that a model gives their classes.
 */

/** A picture that was taken for one of another class. */
export interface Mistake {
  /** Its place in the set. */
  readonly index: number
  readonly label: number
  readonly predicted: number
  /** The probability of what was predicted. */
  readonly confidence: number
  /** From 0 to 255. */
  readonly pixels: Uint8Array
}

/** What came out on a set of pictures. */
export interface Assessment {
  readonly correct: number
  readonly total: number
  /** How often each class (the row) was taken for each (the column). */
  readonly confusion: ReadonlyArray<ReadonlyArray<number>>
  /** From the most confident mistake on. */
  readonly mistakes: ReadonlyArray<Mistake>
}

/** Predictions and what they are to be compared with. */
export interface Predictions {
  /** **Shapes** `[n, classes]` */
  readonly probabilities: Float32Array
  readonly labels: Uint8Array
  /** **Shapes** `[n, …]` */
  readonly images: Uint8Array
  readonly classes: number
}

/** The place of the greatest value, the first of several. */
export const argMax = (values: ArrayLike<number>): number => {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}

/** Compares predictions with labels. */
export const assess = ({ classes, images, labels, probabilities }: Predictions): Assessment => {
  const confusion = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0))
  const mistakes: Array<Mistake> = []
  const size = images.length / Math.max(1, labels.length)
  labels.forEach((label, index) => {
    const row = probabilities.subarray(classes * index, classes * (index + 1))
    const predicted = argMax(row)
    confusion[label][predicted]++
    if (predicted === label) return
    const pixels = images.subarray(size * index, size * (index + 1))
    mistakes.push({ index, label, predicted, confidence: row[predicted], pixels })
  })
  return {
    correct: labels.length - mistakes.length,
    total: labels.length,
    confusion,
    mistakes: mistakes.toSorted((a, b) => b.confidence - a.confidence)
  }
}

/** The share of examples that were recognized. */
export const accuracyOf = ({ correct, total }: Assessment): number => correct / total

/** A class that was taken for another, and how often. */
export interface Confusion {
  readonly label: number
  readonly predicted: number
  readonly count: number
}

/** The `length` most frequent confusions, those that happened at all. */
export const worstConfusions = ({ confusion }: Assessment, length: number): ReadonlyArray<Confusion> =>
  confusion
    .flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count })))
    .filter(({ count, label, predicted }) => label !== predicted && count > 0)
    .toSorted((a, b) => b.count - a.count)
    .slice(0, length)
