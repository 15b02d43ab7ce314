/**
 * What it costs to multiply operands that are walked through, in one way or another. Costs are rows times vectors of
 * the longest kind, for each step of depth: about cycles. The constants were measured on convolutions.
 */
import type { GemmSpec, Walk } from "./gemmPlan.ts"
import { lanesOf } from "./gemmVector.ts"

/** How many columns lie side by side. */
export const runOf = ({ free }: Walk): number => {
  const last = free.at(-1)
  return last?.stride === 1 ? last.extent : 1
}

/** Panels of columns, in halves. */
const panels = (columns: number, { dtype, isWide }: GemmSpec): number => {
  const lanes = lanesOf(dtype) * (isWide ? 2 : 1)
  return Math.ceil(columns / lanes) / 2
}

/** Steps that are looked up, vectors that cross lines of the cache. */
const inPlace = 1.2

/** Packing a panel that takes whole vectors, or single elements. */
const packing = { vectors: 8, elements: 20 }

/** Panels end where runs do, which wastes lanes, but nothing is packed. */
const costInPlace = (spec: GemmSpec, run: number): number =>
  run === 1 ? Infinity : inPlace * (spec.n / run) * panels(run, spec) * spec.m

const costPacked = (spec: GemmSpec, run: number): number => {
  const isWhole = run % (4 * lanesOf(spec.dtype)) === 0
  return panels(spec.n, spec) * (spec.m + (isWhole ? packing.vectors : packing.elements))
}

/** Whether B is read where it is although it is walked through. */
export const isReadInPlace = (spec: GemmSpec): boolean => {
  const run = spec.b.walk === undefined ? 1 : runOf(spec.b.walk)
  return costInPlace(spec, run) < costPacked(spec, run)
}

/** Sums that are stored across their lanes. */
const storing = 3

/** Half a panel keeps the adders half busy. */
const narrow = 1.6

/**
 * Whether a product is better off as `Cᵀ = Bᵀ · Aᵀ`, with its rows in the lanes: one with a single column, or one
 * whose B is walked through, where reading single elements of that is cheaper than packing vectors.
 */
export const isBetterTransposed = (spec: GemmSpec): boolean => {
  const { m, n, k, a, b } = spec
  if (n === 1) return m > 1
  if (b.walk === undefined) return false
  const run = runOf(b.walk)
  const width = panels(m, spec)
  const packed = a.isFixed === true ? 0 : a.walk === undefined ? packing.vectors : packing.elements
  const rows = inPlace * n * (width < 1 ? narrow : 1)
  const across = width * (rows + packed) + (storing * m * n) / Math.max(1, k)
  return across < Math.min(costInPlace(spec, run), costPacked(spec, run))
}
