/**
 * Examples in two parts at random: by a key, so the parts are the same on every machine.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import type { Columns, Dataset } from "./Dataset.ts"
import * as Datasets from "./Dataset.ts"
import { permutation } from "./internal/order.ts"
import * as Labels from "./Labels.ts"

/** How examples are parted. */
export interface SplitOptions {
  /** Which part of the examples is held out, above 0 and below 1. */
  readonly heldOut: number
  /** What determines which. */
  readonly key: Random.Key
}

/** The examples that remain, and those that are held out; each part in random order. */
export type Parts<C extends Columns> = readonly [Dataset<C>, Dataset<C>]

const check = (operation: string, heldOut: number): void => {
  if (heldOut > 0 && heldOut < 1) return
  throw new ArgumentError({ operation, expected: "heldOut above 0 and below 1", received: String(heldOut) })
}

/**
 * The examples, parted by `isHeldOut`, which is asked in one random order; the parts are in another one, or those last
 * asked would come last.
 */
const part = <C extends Columns>(
  self: Dataset<C>,
  key: Random.Key,
  isHeldOut: (index: number) => boolean
): Parts<C> => {
  const [choice, arrangement] = Random.split(key)
  const held = new Uint8Array(self.size)
  for (const index of permutation(choice, self.size)) held[index] = isHeldOut(index) ? 1 : 0
  const order = permutation(arrangement, self.size)
  return [
    Datasets.gather(
      self,
      order.filter((index) => held[index] === 0)
    ),
    Datasets.gather(
      self,
      order.filter((index) => held[index] === 1)
    )
  ]
}

/**
 * Holds out examples at random.
 *
 * **Throws** `ArgumentError` unless `heldOut` is above 0 and below 1.
 *
 * **Numerics** `heldOut · size` is rounded to the nearest whole number of examples.
 *
 * **Example** (Holding a fifth out)
 *
 * ```ts run
 * const x = { shape: [10], dtype: "u8", data: new Uint8Array(10) } as const
 * const [training, validation] = Split.random(Dataset.make({ x }), { heldOut: 0.2, key: Random.key(0) })
 * training.size // => 8
 * validation.size // => 2
 * ```
 */
export const random = <C extends Columns>(self: Dataset<C>, { heldOut, key }: SplitOptions): Parts<C> => {
  check("Split.random", heldOut)
  let wanted = Math.round(heldOut * self.size)
  return part(self, key, () => wanted-- > 0)
}

/**
 * Holds out the same part of each class, at random.
 *
 * **Throws** `ArgumentError` unless `heldOut` is above 0 and below 1, or for a class that has no example for both parts;
 * `ShapeError`, `DTypeError` unless `by` names a column `[size]` of integers.
 *
 * **Numerics** For each class, `heldOut` times its size is rounded to the nearest whole number, but to no less than one
 * example for either part.
 *
 * **Example** (Keeping the proportions)
 *
 * ```ts run
 * const label = { shape: [4], dtype: "u8", data: new Uint8Array([0, 1, 0, 1]) } as const
 * const [, held] = Split.stratified(Dataset.make({ label }), { by: "label", heldOut: 0.5, key: Random.key(0) })
 * Array.from(held.columns.label.data).toSorted() // => [0, 1]
 * ```
 */
export const stratified = <C extends Columns>(
  self: Dataset<C>,
  { by, heldOut, key }: SplitOptions & { readonly by: keyof C & string }
): Parts<C> => {
  const operation = "Split.stratified"
  check(operation, heldOut)
  const labels = self.columns[by]
  const wanted = new Map<number, number>()
  for (const [label, count] of Labels.counts(labels)) {
    if (count < 2) {
      throw new ArgumentError({
        operation,
        expected: "two examples or more of each class",
        received: `one of class ${label}`
      })
    }
    wanted.set(label, Math.min(Math.max(Math.round(heldOut * count), 1), count - 1))
  }
  return part(self, key, (index) => {
    const label = labels.data[index]
    const left = wanted.get(label) ?? 0
    wanted.set(label, left - 1)
    return left > 0
  })
}
