/**
 * Options of operations that slide over spatial axes, which are the last: one number for all axes or one for each.
 */
import { ArgumentError, ShapeError } from "../errors.ts"
import type { Dims } from "../Shape.ts"

/** Zeros before and after one axis: as many on both sides, or a pair. */
export type Margin = number | readonly [before: number, after: number]

/** Zeros around the spatial axes `P`; `"same"` gives as many windows as the stride steps, `"valid"` no zeros. */
export type Padding<P extends Dims = Dims> =
  | "same"
  | "valid"
  | number
  | { readonly [I in keyof P]: number | readonly [before: number, after: number] }

/** Where windows lie along the spatial axes. */
export interface Slide {
  readonly kernel: Dims
  readonly stride: Dims
  readonly dilation: Dims
  readonly before: Dims
  readonly after: Dims
}

/** How many elements windows span along each axis. */
export const spans = ({ dilation, kernel }: Pick<Slide, "dilation" | "kernel">): Dims =>
  kernel.map((extent, i) => (extent - 1) * dilation[i] + 1)

/** A number for each of `rank` axes. **Throws** `ArgumentError` unless there are as many, whole, from `least`. */
export const perAxis = (
  operation: string,
  option: string,
  value: number | Dims,
  { least, rank }: { readonly rank: number; readonly least: number }
): Dims => {
  const values = typeof value === "number" ? new Array<number>(rank).fill(value) : value
  if (values.length === rank && values.every((v) => Number.isSafeInteger(v) && v >= least)) return values
  throw new ArgumentError({
    operation,
    expected: `${option}: a whole number from ${least}, or ${rank} of them`,
    received: JSON.stringify(value)
  })
}

/** Zeros before and after each axis of `spatial`. **Throws** `ArgumentError` for other paddings. */
export const margins = (
  operation: string,
  padding: Padding,
  spatial: Dims,
  windows: Pick<Slide, "dilation" | "kernel" | "stride">
): Pick<Slide, "before" | "after"> => {
  const rank = spatial.length
  if (padding === "same") {
    const totals = spans(windows).map((span, i) => {
      const last = (Math.ceil(spatial[i] / windows.stride[i]) - 1) * windows.stride[i]
      return Math.max(0, last + span - spatial[i])
    })
    const before = totals.map((total) => Math.floor(total / 2))
    return { before, after: totals.map((total, i) => total - before[i]) }
  }
  // The types of other axes are known to callers only.
  const given = (padding === "valid" ? 0 : padding) as number | ReadonlyArray<Margin>
  const pairs = (typeof given === "number" ? new Array<Margin>(rank).fill(given) : given).map((margin): Dims =>
    typeof margin === "number" ? [margin, margin] : margin
  )
  const isMargin = (pair: Dims): boolean => pair.length === 2 && pair.every((m) => Number.isSafeInteger(m) && m >= 0)
  if (pairs.length === rank && pairs.every(isMargin)) {
    return { before: pairs.map((pair) => pair[0]), after: pairs.map((pair) => pair[1]) }
  }
  throw new ArgumentError({
    operation,
    expected: `padding: "same", "valid", a whole number from 0, or ${rank} of them or of pairs [before, after]`,
    received: JSON.stringify(padding)
  })
}

/** **Throws** `ShapeError` where a window is larger than a padded axis. */
export const demandWindows = (operation: string, spatial: Dims, slide: Slide): void => {
  const padded = spatial.map((extent, i) => extent + slide.before[i] + slide.after[i])
  const needed = spans(slide)
  if (needed.every((span, i) => span <= padded[i])) return
  throw new ShapeError({
    operation,
    expected: `at least [${needed.join(", ")}] elements for a window, with padding`,
    received: [padded],
    hint: "use a smaller kernel or more padding"
  })
}
