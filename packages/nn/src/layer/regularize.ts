import { ShapeError } from "@cotangent/tensor/errors"
import type { Dims } from "@cotangent/tensor/Shape"
import { checkRate, thinned } from "../internal/thin.ts"
import type { Empty, ShapePreserving } from "../Model.ts"

const dropping = (kind: string, rate: number, sharedBy: (shape: Dims) => Dims): ShapePreserving<Empty, Empty> => ({
  init: () => ({ params: {}, state: {} }),
  train: (_, state, input, key) => ({ output: thinned(input, { rate, key }, sharedBy(input.shape)), state }),
  predict: (_, __, input) => input,
  outline: { kind }
})

/**
 * Sets each element to 0 with probability `rate` while training, and scales the others by `1 / (1 − rate)`, so that
 * the expectation stays; inference changes nothing.
 *
 * **Throws** `ArgumentError` unless `0 ≤ rate < 1`. **Source** Srivastava et al. 2014, section 10 (inverted scaling).
 */
export const dropout = (rate: number): ShapePreserving<Empty, Empty> => {
  checkRate("dropout", rate)
  return dropping("dropout", rate, (shape) => shape)
}

/**
 * Dropout of whole channels, `[batch, channels, …]`: neighbors in an image say the same, so one of them is no loss.
 *
 * **Throws** `ArgumentError` unless `0 ≤ rate < 1`, `ShapeError` below two axes. **Source** Tompson et al. 2015,
 * section 3.2.
 */
export const channelDropout = (rate: number): ShapePreserving<Empty, Empty> => {
  checkRate("channelDropout", rate)
  return dropping("channelDropout", rate, (shape) => {
    if (shape.length >= 2) return shape.map((extent, axis) => (axis < 2 ? extent : 1))
    throw new ShapeError({ operation: "channelDropout", expected: "[batch, channels, ...]", received: [shape] })
  })
}
