import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import * as fc from "fast-check"
import * as Labels from "../src/Labels.ts"

const labels = fc.array(fc.nat(5), { maxLength: 20 }).map((values) => make([values.length], "u8", values))

describe("Labels", () => {
  it("oneHot has its 1 where the class is", () =>
    fc.assert(
      fc.property(labels, (column) => {
        const { data, shape } = Labels.oneHot(column, 6)
        assert.deepStrictEqual(shape, [column.data.length, 6])
        column.data.forEach((label, i) => {
          assert.deepStrictEqual(
            [...data.subarray(6 * i, 6 * i + 6)],
            [0, 1, 2, 3, 4, 5].map((k) => (k === label ? 1 : 0))
          )
        })
      })
    ))

  it("counts sum up to the examples", () =>
    fc.assert(
      fc.property(labels, (column) => {
        const counts = Labels.counts(column)
        assert.strictEqual(
          [...counts.values()].reduce((total, count) => total + count, 0),
          column.data.length
        )
        for (const [label, count] of counts) assert.strictEqual(column.data.filter((l) => l === label).length, count)
      })
    ))

  it("throw for what is no class", () => {
    assert.throws(
      () => Labels.oneHot(make([2], "i32", [0, 3]), 3),
      /Labels.oneHot: expected classes from 0 to 2, received 3 for example 1/
    )
    assert.throws(() => Labels.oneHot(make([1], "i32", [-1]), 3), /received -1 for example 0/)
    assert.throws(() => Labels.counts(make([1], "f32", [0])), /expected integers/)
    assert.throws(() => Labels.counts(make([1, 1], "u8", [0])), /one for each example/)
  })
})
