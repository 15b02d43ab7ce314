import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"
import { leastAt, medianOf, parts, smoothed } from "../src/internal/curve.ts"

const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 80 })

it("the median has as many values below as above", () =>
  fc.assert(
    fc.property(values, (values) => {
      const median = medianOf(values)
      const below = values.filter((value) => value < median).length
      const above = values.filter((value) => value > median).length
      assert.isAtMost(Math.max(below, above), values.length / 2)
      assert.strictEqual(medianOf(values.toReversed()), median)
    })
  ))

it("parts hold every value once, and keep the mean where they are equally long", () =>
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 9 }), (values, length) => {
      const repeated = values.flatMap((value) => Array<number>(length).fill(value))
      assert.deepStrictEqual(parts(repeated, values.length), values)
      assert.strictEqual(parts(values, 20).length, Math.min(20, values.length))
    })
  ))

it("smoothing keeps lines, and never leaves the range", () =>
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 9 }), (values, radius) => {
      const found = smoothed(values, radius)
      const line = values.map((_, i) => 3 * i - 1)
      smoothed(line, radius).forEach((value, i) => assert.closeTo(value, line[i], 1e-9))
      found.forEach((value) => {
        assert.isAtLeast(value, Math.min(...values) - 1e-9)
        assert.isAtMost(value, Math.max(...values) + 1e-9)
      })
    })
  ))

it("the least is found among what is a number", () => {
  assert.strictEqual(leastAt([Number.NaN, 3, 1, 1, Number.NaN]), 2)
  assert.strictEqual(leastAt([Number.NaN]), -1)
})
