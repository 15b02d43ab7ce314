/**
 * What of a device shapes the programs that are made for it.
 */

import type { DType } from "@cotangent/tensor/DType"

/** Which rewritings pay off on a device. Each is exact, whatever is chosen. */
export interface Target {
  /** Neighboring steps run for one part of their batch after the other, so that what passes between them stays near. */
  readonly isTiled: boolean
  /** The second operands of products in loops are laid out in panels before the loop. */
  readonly hasPanels: boolean
  /** Loops are split where values choose by bounds, and the shortest written out, so that vectors have no choices. */
  readonly isSplit: boolean
  /** The most bytes that a nest may keep for one round of its outer loops. */
  readonly rowBytes: number
  /**
   * Products that go on into others only, by way of elements and rows, are computed where they are needed, by parts, if they
   * take so many bytes, by the dtype of what is multiplied; never where none is stated.
   */
  readonly leastScores: Partial<Readonly<Record<DType, number>>>
  /** The least bytes that those of one entry of the batch take then. */
  readonly leastMatrix: number
  /** The most bytes of the terms of such a sum, and of a row of what is made of them. */
  readonly widestScores: number
  /** The most columns of all that is made of them in one step. */
  readonly mostColumns: number
  /** Sums of products of `f16` and `bf16` are products of matrices. */
  readonly multipliesHalves: boolean
  /** Products take their operands transposed as well as not. */
  readonly multipliesTransposed: boolean
  /**
   * What it may cost to compute an element again from another one, for each of its readers, rather than to keep it.
   * **Units** additions.
   */
  readonly affordable: number
  /** Truths about places, and others that little is loaded for, are kept for their readers rather than computed again. */
  readonly keepsMasks: boolean
}

/** Processors: caches, and vectors of a few lanes. */
export const processor: Target = {
  isTiled: true,
  hasPanels: true,
  isSplit: true,
  rowBytes: Infinity,
  leastScores: { f32: 0, f64: 0 },
  // What no longer stays in the cache of a core.
  leastMatrix: 2 ** 20,
  widestScores: 1024,
  mostColumns: Infinity,
  multipliesHalves: false,
  multipliesTransposed: false,
  affordable: 6,
  keepsMasks: false
}

/** Graphics processors: a thread for each element, fast memory for a few rows. */
export const graphics: Target = {
  isTiled: false,
  hasPanels: false,
  isSplit: false,
  rowBytes: 32768,
  // Halves are multiplied much faster than they are moved.
  leastScores: { f16: 2 ** 20, bf16: 2 ** 20, f32: 2 ** 26 },
  leastMatrix: 0,
  // As much as there are registers for.
  widestScores: 256,
  mostColumns: 128,
  multipliesHalves: true,
  multipliesTransposed: true,
  affordable: 30,
  keepsMasks: false
}
