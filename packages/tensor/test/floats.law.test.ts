/**
 * Operations on floats of all kinds, statistics and windows against their definitions.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Tensor } from "../src/Primitive.ts"
import * as T from "../src/Tensor.ts"
import { values } from "./evaluated.ts"

const expectForAll = <A>(arbitrary: fc.Arbitrary<A>, property: (value: A) => void): void =>
  fc.assert(fc.property(arbitrary, property), { numRuns: 60 })

/** Floats of all kinds, some alike. */
const specials = fc.constantFrom(-Infinity, -1.5, -1, -0, 0, 0.5, 2, Infinity, NaN)
const rows = fc.array(specials, { minLength: 1, maxLength: 6 })

/** Whether `x` stands before `y` in ascending order: NaN is greater than everything. */
const before = (x: number, y: number): boolean => (Number.isNaN(y) ? !Number.isNaN(x) : x < y)

describe("floats of all kinds", () => {
  it("rectify to the greater of themselves and 0", () =>
    expectForAll(rows, (row) => {
      expect(values(T.relu(T.of(row, "f64")))).toEqual(row.map((x) => (x <= 0 ? 0 : x)))
    }))

  it("come in one order, both ways, for sorting and for the greatest", () =>
    expectForAll(rows, (row) => {
      const x = T.of(row, "f64")
      const places = row.map((_, i) => i)
      const up = places.toSorted((i, j) => Number(before(row[j], row[i])) - Number(before(row[i], row[j])))
      const down = places.toSorted((i, j) => Number(before(row[i], row[j])) - Number(before(row[j], row[i])))
      expect(values(T.argSort(x))).toEqual(up)
      expect(values(T.argSort(x, 0, { descending: true }))).toEqual(down)
      const best = T.topK(x, 1)
      expect(values(best.indices)).toEqual([values(T.argMax(x))[0]])
      // Zeros of either sign are alike.
      expect(values(T.add(best.values, 0))).toEqual([values(T.add(T.max(x), 0))[0]])
    }))
})

describe("statistics agree with their definition", () => {
  const floats = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 6 })
  const close = (actual: Tensor, expected: number): void => {
    const [value] = values(actual)
    if (Number.isFinite(expected)) expect(value).toBeCloseTo(expected, 10)
    else expect(value).toBe(expected)
  }

  it("norms of every order", () =>
    expectForAll(fc.tuple(floats, fc.constantFrom(0.5, 1, 1.5, 2, 3, 4)), ([row, ord]) => {
      const total = row.reduce((sum, x) => sum + Math.abs(x) ** ord, 0)
      close(T.norm(T.of(row, "f64"), 0, { ord }), total ** (1 / ord))
      close(T.norm(T.of(row, "f64"), 0, { ord: Infinity }), Math.max(...row.map(Math.abs)))
      close(T.norm(T.of(row, "f64"), 0, { ord: -Infinity }), Math.min(...row.map(Math.abs)))
    }))

  it("variances of every correction, never negative", () =>
    expectForAll(fc.tuple(floats, fc.nat(8)), ([row, correction]) => {
      const mean = row.reduce((sum, x) => sum + x, 0) / row.length
      const squares = row.reduce((sum, x) => sum + (x - mean) ** 2, 0)
      // Whole numbers that are alike have their own mean, so that nothing rounds in 0 / 0.
      fc.pre(squares === 0 || squares > 1e-9)
      close(T.variance(T.of(row, "f64"), 0, { correction }), squares / Math.max(row.length - correction, 0))
    }))
})

describe("windows agree with loops over their definition", () => {
  const some = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })
  const windows = fc
    .record({ kernel: some(3), stride: some(3), dilation: some(3), ceilMode: fc.boolean(), extent: fc.nat(5) })
    .chain((options) => {
      const length = (options.kernel - 1) * options.dilation + 1 + options.extent
      const row = fc.array(fc.integer(), { minLength: length, maxLength: length })
      return fc.tuple(fc.constant(options), fc.nat(Math.floor(options.kernel / 2)), row)
    })

  it("the greatest of each, however far apart its elements are", () =>
    expectForAll(windows, ([{ ceilMode, dilation, kernel, stride }, padding, row]) => {
      const { length } = row
      const span = (kernel - 1) * dilation + 1
      const starts = Array.from({ length: 20 }, (_, i) => i * stride - padding).filter((start) =>
        // A last window may reach beyond the end, but starts before it.
        ceilMode ? start - stride + span < length + padding && start < length : start + span <= length + padding
      )
      const inside = (start: number): ReadonlyArray<number> =>
        Array.from({ length: kernel }, (_, k) => start + k * dilation).filter((place) => place >= 0 && place < length)
      fc.pre(starts.every((start) => inside(start).length > 0))
      const pooled = T.maxPool1d(T.of(row, "f64"), { kernel, stride, padding, dilation, ceilMode })
      expect(values(pooled)).toEqual(starts.map((start) => Math.max(...inside(start).map((place) => row[place]))))
    }))
})
