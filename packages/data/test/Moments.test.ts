import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import * as Moments from "../src/Moments.ts"

const column = make([3, 2], "f32", [1, 5, 2, 5, 3, 5])

describe("Moments", () => {
  it("are the mean and the deviation of each feature", () => {
    const { mean, std } = Moments.of(column)
    assert.deepStrictEqual(mean, make([2], "f64", [2, 5]))
    assert.deepStrictEqual(std, make([2], "f64", [Math.sqrt(2 / 3), 0]))
  })

  it("standardize gives mean 0 and deviation 1, and 0 for a constant feature", () => {
    const standardized = Moments.standardize(column, Moments.of(column))
    const root = Math.fround(Math.sqrt(1.5))
    assert.deepStrictEqual(standardized, make([3, 2], "f32", [-root, 0, 0, 0, root, 0]))
  })

  it("of one number for each example are scalars", () => {
    assert.deepStrictEqual(Moments.of(make([2], "u8", [0, 255])).mean, make([], "f64", [127.5]))
  })

  it("need an example, and their own features", () => {
    assert.throws(() => Moments.of(make([0, 2], "f32", [])), /Moments.of: expected \[n, …\] with an example or more/)
    assert.throws(() => Moments.of(make([], "f32", [1])), /Moments.of/)
    assert.throws(() => Moments.standardize(make([2], "f32", [1, 2]), Moments.of(column)), /received \[2\] and \[2\]/)
  })
})
