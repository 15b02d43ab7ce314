import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import * as fc from "fast-check"
import * as Dataset from "../src/Dataset.ts"
import * as Split from "../src/Split.ts"

const labels = (values: ReadonlyArray<number>) =>
  Dataset.make({
    id: make([values.length], "i32", [...values.keys()]),
    label: make([values.length], "u8", values)
  })

const idsOf = ({ columns }: ReturnType<typeof labels>): ReadonlyArray<number> => [...columns.id.data]

/** Two to nine examples of each of up to four classes. */
const classes = fc
  .array(fc.integer({ min: 2, max: 9 }), { minLength: 1, maxLength: 4 })
  .map((counts) => counts.flatMap((count, label) => Array<number>(count).fill(label)))

const options = fc.record({
  heldOut: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  seed: fc.nat()
})

describe("Split", () => {
  it("random holds out as many examples as asked for, and loses none", () =>
    fc.assert(
      fc.property(classes, options, (values, { heldOut, seed }) => {
        const [rest, held] = Split.random(labels(values), { heldOut, key: Random.key(seed) })
        assert.strictEqual(held.size, Math.round(heldOut * values.length))
        assert.sameMembers([...idsOf(rest), ...idsOf(held)], [...values.keys()])
      }),
      { numRuns: 30 }
    ))

  it("stratified does so in each class", () =>
    fc.assert(
      fc.property(classes, options, (values, { heldOut, seed }) => {
        const [rest, held] = Split.stratified(labels(values), { by: "label", heldOut, key: Random.key(seed) })
        assert.sameMembers([...idsOf(rest), ...idsOf(held)], [...values.keys()])
        for (const label of new Set(values)) {
          const count = values.filter((value) => value === label).length
          const out = held.columns.label.data.filter((value) => value === label).length
          assert.strictEqual(out, Math.min(Math.max(Math.round(heldOut * count), 1), count - 1))
        }
      }),
      { numRuns: 30 }
    ))

  it("gives equal parts for equal keys, and others for others", () => {
    const data = labels(Array.from({ length: 40 }, (_, i) => i % 2))
    const part = (seed: number) => Split.stratified(data, { by: "label", heldOut: 0.5, key: Random.key(seed) })
    assert.deepStrictEqual(part(1), part(1))
    assert.notDeepEqual(idsOf(part(1)[1]), idsOf(part(2)[1]))
  })

  it("mixes the classes in both parts", () => {
    const data = labels(Array.from({ length: 400 }, (_, i) => Math.floor(i / 40)))
    for (const part of Split.stratified(data, { by: "label", heldOut: 0.5, key: Random.key(0) })) {
      assert.isAtLeast(new Set(part.columns.label.data.subarray(0, 20)).size, 5)
      assert.isAtLeast(new Set(part.columns.label.data.subarray(-20)).size, 5)
    }
  })

  it("refuses parts that are none, columns that are no classes, and classes of one", () => {
    const key = Random.key(0)
    for (const heldOut of [0, 1, Number.NaN]) {
      assert.throws(() => Split.random(labels([0, 1]), { heldOut, key }), /Split.random: expected heldOut above 0/)
    }
    assert.throws(
      () => Split.stratified(labels([0, 0, 1]), { by: "label", heldOut: 0.5, key }),
      /expected two examples or more of each class, received one of class 1/
    )
    const x = Dataset.make({ x: make([2], "f32", [0, 0]) })
    assert.throws(() => Split.stratified(x, { by: "x", heldOut: 0.5, key }), /Labels: expected integers, received f32/)
  })
})
