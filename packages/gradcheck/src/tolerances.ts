/**
 * The tolerances of all laws, in one table.
 */
import type { Float } from "@cotangent/tensor/DType"

/** What laws allow: errors relative to the largest magnitude of what is compared, which counts as 1 at least. */
export interface Tolerances {
  /** Between derivatives and central differences of values. */
  readonly difference: number
  /** Between second derivatives and central differences of gradients. */
  readonly secondDifference: number
  /** Between numbers that are equal but for the order of roundings. */
  readonly equality: number
  /** Between a device and the reference, for each operation. */
  readonly rounding: number
}

/** Half the distance from 1 to the next number. */
const roundoff: Readonly<Record<Float, number>> = { f64: 2 ** -53, f32: 2 ** -24, f16: 2 ** -11, bf16: 2 ** -8 }

const of = (unit: number): Tolerances => ({
  difference: 2e3 * unit ** (2 / 3),
  secondDifference: 2e4 * unit ** (2 / 3),
  equality: 1e4 * unit,
  rounding: unit
})

/**
 * What laws allow in each dtype. Derivatives are checked in `f64`, so that its row decides of them; the others say how
 * far devices may be from the reference. A central difference with a step of the cube root of the unit roundoff is right
 * to that root squared.
 */
export const tolerances: Readonly<Record<Float, Tolerances>> = {
  f64: of(roundoff.f64),
  f32: of(roundoff.f32),
  f16: of(roundoff.f16),
  bf16: of(roundoff.bf16)
}
