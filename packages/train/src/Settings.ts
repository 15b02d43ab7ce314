/**
 * Settings of a training to be tried, chosen in log space: a grid of them, or draws.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"

/** What is tried. */
export interface Setting {
  readonly learningRate: number
  /** Of the regularization. */
  readonly strength: number
}

/** Numbers above 0, from the least to the greatest. */
export type Range = readonly [least: number, greatest: number]

/** What settings are chosen from. */
export interface Space {
  readonly learningRate: Range
  readonly strength: Range
}

const checked = (operation: string, [least, greatest]: Range): Range => {
  if (least > 0 && least <= greatest && greatest < Infinity) return [Math.log(least), Math.log(greatest)]
  const expected = "a range of numbers above 0, the least first"
  throw new ArgumentError({ operation, expected, received: `${least} to ${greatest}` })
}

/**
 * Numbers from the least to the greatest of a range, each by the same factor greater than the one before it.
 *
 * **Throws** `ArgumentError` unless the range is of numbers above 0 and `count` whole from 1.
 *
 * **Example** (Powers of ten)
 *
 * ```ts run
 * Settings.between([0.001, 1], 4) // => [0.001, 0.01, 0.1, 1]
 * ```
 */
export const between = (range: Range, count: number): ReadonlyArray<number> => {
  const [low, high] = checked("Settings.between", range)
  if (!Number.isInteger(count) || count < 1) {
    throw new ArgumentError({ operation: "Settings.between", expected: "a count from 1", received: String(count) })
  }
  return Array.from({ length: count }, (_, i) => Math.exp(count === 1 ? low : low + ((high - low) * i) / (count - 1)))
}

/**
 * All pairs of so many learning rates and strengths.
 *
 * **Throws** as `between` does.
 */
export const grid = (
  { learningRate, strength }: Space,
  counts: { readonly learningRate: number; readonly strength: number }
): ReadonlyArray<Setting> =>
  between(learningRate, counts.learningRate).flatMap((rate) =>
    between(strength, counts.strength).map((strength) => ({ learningRate: rate, strength }))
  )

/**
 * So many settings, drawn evenly in log space: they try more values of the setting that matters than a grid does.
 *
 * **Fails** as the device does. **Throws** `ArgumentError` unless the ranges are of numbers above 0.
 *
 * **Source** Bergstra & Bengio 2012.
 */
export const random = Effect.fnUntraced(function* (
  space: Space,
  count: number,
  key: Random.Key
): Effect.fn.Return<ReadonlyArray<Setting>, DeviceError, Device> {
  const device = yield* Device
  const ranges = [space.learningRate, space.strength].map((range) => checked("Settings.random", range))
  const { data } = yield* device.read(Random.uniform(key, [count, 2]))
  const at = (i: number, setting: number): number => {
    const [low, high] = ranges[setting]
    return Math.exp(low + (high - low) * Number(data[2 * i + setting]))
  }
  return Array.from({ length: count }, (_, i) => ({ learningRate: at(i, 0), strength: at(i, 1) }))
})
