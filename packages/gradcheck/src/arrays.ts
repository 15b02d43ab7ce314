/**
 * Arbitrary shapes and arrays. Numbers are short decimals, so that counterexamples can be read, and not sums of a few
 * powers of two, so that rounding shows.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"

/** Extents from 0 to 4. */
export const extent: fc.Arbitrary<number> = fc.integer({ min: 0, max: 4 })

/** Extents from 1 to 4. */
export const someExtent: fc.Arbitrary<number> = fc.integer({ min: 1, max: 4 })

/** Shapes of ranks 0 to 3. */
export const shape: fc.Arbitrary<Dims> = fc.array(extent, { maxLength: 3 })

/** Shapes of ranks 0 to 3 with at least one element. */
export const someShape: fc.Arbitrary<Dims> = fc.array(someExtent, { maxLength: 3 })

/** The axes of `rank`, some of them, ascending. */
export const axesOf = (rank: number): fc.Arbitrary<Dims> => fc.subarray(range(rank))

/** The axes of `rank` in any order. */
export const permutationOf = (rank: number): fc.Arbitrary<Dims> =>
  fc.shuffledSubarray(range(rank), { minLength: rank, maxLength: rank })

/** `0 … count − 1`. */
export const range = (count: number): Array<number> => Array.from({ length: count }, (_, i) => i)

/** Hundredths between two bounds that are given in hundredths. */
const hundredths = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min, max }).map((value) => value / 100)

/** Numbers from −3 to 3. */
export const reals: fc.Arbitrary<number> = hundredths(-300, 300)

/** Numbers from ¼ to 3. */
export const positives: fc.Arbitrary<number> = hundredths(25, 300)

/** Numbers from ¼ to 3 and their negatives. */
export const nonzeros: fc.Arbitrary<number> = fc
  .tuple(positives, fc.boolean())
  .map(([value, isNegative]) => (isNegative ? -value : value))

/** Numbers from −0.9 to 0.9. */
export const fractions: fc.Arbitrary<number> = hundredths(-90, 90)

/** Numbers of every interval between halves, none near its ends. */
export const betweenHalves: fc.Arbitrary<number> = fc
  .tuple(fc.integer({ min: -6, max: 5 }), hundredths(10, 40))
  .map(([halves, rest]) => halves / 2 + rest)

/** Multiples of one half: where rounding jumps. */
export const halves: fc.Arbitrary<number> = fc.integer({ min: -6, max: 6 }).map((value) => value / 2)

/** Where floats end: NaN, infinities, zeros of both signs, and ordinary numbers. */
export const specials: fc.Arbitrary<number> = fc.oneof(reals, fc.constantFrom(0, -0, Infinity, -Infinity, Number.NaN))

const integers = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: Math.max(min, -9), max: 9 }), fc.integer({ min, max }), fc.constantFrom(min, max))

/** Every value of the dtypes that count, small ones more often. */
export const counts: Readonly<Record<"i32" | "u32" | "u8" | "bool", fc.Arbitrary<number>>> = {
  i32: integers(-2147483648, 2147483647),
  u32: integers(0, 4294967295),
  u8: integers(0, 255),
  bool: fc.integer({ min: 0, max: 1 })
}

/** Arrays of one type with elements of `entry`. */
export const array = (shape: Dims, dtype: DType, entry: fc.Arbitrary<number>): fc.Arbitrary<HostArray> =>
  fc.array(entry, { minLength: size(shape), maxLength: size(shape) }).map((values) => make(shape, dtype, values))

/** Arrays of one type whose elements all differ. */
export const distinct = (shape: Dims, dtype: DType, entry: fc.Arbitrary<number>): fc.Arbitrary<HostArray> =>
  fc.uniqueArray(entry, { minLength: size(shape), maxLength: size(shape) }).map((values) => make(shape, dtype, values))
