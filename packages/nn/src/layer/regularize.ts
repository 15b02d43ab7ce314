import { ShapeError } from "@cotangent/tensor/errors"
import type { Dims } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import { checkRate, thinned } from "../internal/thin.ts"
import type { Empty, ShapePreserving } from "../Model.ts"

/** Where the factor stands that keeps the expectation: `1 / (1 − rate)` in training, or `1 − rate` at inference. */
export interface DropoutOptions {
  /** `training` unless stated, which leaves inference as it is. */
  readonly scaled?: "training" | "inference"
}

interface Dropping extends DropoutOptions {
  readonly kind: string
  readonly rate: number
  /** Elements that share a place of this shape share their fate. */
  readonly sharedBy: (shape: Dims) => Dims
}

const dropping = ({ kind, rate, scaled = "training", sharedBy }: Dropping): ShapePreserving<Empty, Empty> => {
  checkRate(kind, rate)
  const isInverted = scaled === "training"
  return {
    init: () => ({ params: {}, state: {} }),
    train: (_, state, input, key) => ({
      output: thinned(input, { rate, key, ...(isInverted ? {} : { scale: 1 }) }, sharedBy(input.shape)),
      state
    }),
    predict: (_, __, input) => (isInverted ? input : Tensor.mul(input, 1 - rate)),
    outline: { kind }
  }
}

/**
 * Sets each element to 0 with probability `rate` while training, and scales the others by `1 / (1 − rate)`, so that
 * the expectation stays; inference changes nothing. Or it scales at inference, as dropout did at first.
 *
 * **Throws** `ArgumentError` unless `0 ≤ rate < 1`. **Source** Srivastava et al. 2014, section 4; section 10 (inverted
 * scaling).
 *
 * **Example** (Scaling at inference)
 *
 * ```ts run
 * await evaluate(dropout(0.25).predict({}, {}, Tensor.of([4, 8]))) // => [4, 8]
 * await evaluate(dropout(0.25, { scaled: "inference" }).predict({}, {}, Tensor.of([4, 8]))) // => [3, 6]
 * ```
 */
export const dropout = (rate: number, options: DropoutOptions = {}): ShapePreserving<Empty, Empty> =>
  dropping({ kind: "dropout", rate, ...options, sharedBy: (shape) => shape })

/**
 * Dropout of whole channels, `[batch, channels, …]`: neighbors in an image say the same, so one of them is no loss.
 *
 * **Throws** `ArgumentError` unless `0 ≤ rate < 1`, `ShapeError` below two axes. **Source** Tompson et al. 2015,
 * section 3.2.
 */
export const channelDropout = (rate: number, options: DropoutOptions = {}): ShapePreserving<Empty, Empty> =>
  dropping({
    kind: "channelDropout",
    rate,
    ...options,
    sharedBy: (shape) => {
      if (shape.length >= 2) return shape.map((extent, axis) => (axis < 2 ? extent : 1))
      throw new ShapeError({ operation: "channelDropout", expected: "[batch, channels, ...]", received: [shape] })
    }
  })
