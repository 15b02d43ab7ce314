/**
 * What laws answer with: how far what was computed is from what it should be, where that is worst. A law knows no test
 * framework and draws nothing.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { describe } from "@cotangent/tensor/Primitive"
import type { Dims } from "@cotangent/tensor/Shape"
import { equals, strides } from "@cotangent/tensor/Shape"

/** An element of a tensor among inputs or outputs. */
export interface Place {
  /** Which of the inputs or outputs, in the order of leaves. */
  readonly leaf: number
  readonly index: Dims
}

/** The worst of the differences that a law looked at. */
export interface Measurement {
  /** In units of what the law allows: it holds up to 1. */
  readonly error: number
  readonly expected: string
  readonly received: string
  /** What was compared: `jvp`, `reverse over reverse`. */
  readonly what: string
  readonly input?: Place
  readonly output?: Place
}

/** Two numbers that should be equal. */
export interface Pair extends Pick<Measurement, "input" | "output"> {
  readonly expected: number
  readonly received: number
}

/** Nothing to compare. */
export const nothing: Measurement = { error: 0, expected: "", received: "", what: "" }

/** Whether the law holds. */
export const holds = ({ error }: Measurement): boolean => error <= 1

/** The measurement with the largest error. */
export const worst = (measurements: Iterable<Measurement>): Measurement => {
  let found = nothing
  for (const each of measurements) if (each.error > found.error) found = each
  return found
}

/** The difference in units of what is allowed. NaN equals NaN, an infinity itself; neither equals anything else. */
const errorOf = ({ expected, received }: Pair, allowed: number): number => {
  if (Object.is(expected, received) || expected === received) return 0
  const error = Math.abs(received - expected) / allowed
  return Number.isNaN(error) ? Infinity : error
}

/** Both numbers to ten digits, or to all where these are the same. */
const texts = (expected: number, received: number): Pick<Measurement, "expected" | "received"> => {
  const short = (x: number): string => String(Number(x.toPrecision(10)))
  return short(expected) === short(received)
    ? { expected: String(expected), received: String(received) }
    : { expected: short(expected), received: short(received) }
}

/** The worst of `pairs`, where the difference of each may be `allowed`. */
export const compare = (what: string, pairs: Iterable<Pair>, allowed: number): Measurement => {
  let found = nothing
  for (const pair of pairs) {
    const error = errorOf(pair, allowed)
    if (error <= found.error) continue
    const { expected, received, ...places } = pair
    found = { ...places, what, error, ...texts(expected, received) }
  }
  return found
}

/** The index of the element that stands at `at` in row-major order. */
export const indexAt = (shape: Dims, at: number): Dims =>
  strides(shape).map((stride, axis) => Math.floor(at / stride) % shape[axis])

/** The worst difference between two lists of arrays, which have to be of the same types. */
export const compareArrays = (
  what: string,
  expected: ReadonlyArray<HostArray>,
  received: ReadonlyArray<HostArray>,
  allowed: (array: HostArray, leaf: number) => number
): Measurement =>
  worst(
    expected.map((array, leaf) => {
      const other = received[leaf]
      if (array.dtype !== other.dtype || !equals(array.shape, other.shape)) {
        const types = { expected: describe(array), received: describe(other) }
        return { ...types, what, error: Infinity, output: { leaf, index: [] } }
      }
      const pairs = Array.from(array.data, (value, at) => ({ expected: value, received: other.data[at], at }))
      const { output, ...found } = compare(
        what,
        pairs.map(({ at, ...pair }) => ({ ...pair, output: { leaf, index: [at] } })),
        allowed(array, leaf)
      )
      return output === undefined ? found : { ...found, output: { leaf, index: indexAt(array.shape, output.index[0]) } }
    })
  )
