import { assert, describe, it } from "@effect/vitest"
import { make } from "@cotangent/tensor/HostArray"
import * as fc from "fast-check"
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

describe("moments of channels", () => {
  it("standardize each channel to mean 0 and deviation 1", () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 24, maxLength: 24 }), (values) => {
        const column = make([2, 3, 2, 2], "f64", values)
        const moments = Moments.perChannel(column)
        assert.deepStrictEqual(moments.std.shape, [3, 1, 1])
        const after = Moments.perChannel(Moments.standardize(column, moments))
        for (let channel = 0; channel < 3; channel++) {
          assert.approximately(after.mean.data[channel], 0, 1e-5)
          if (moments.std.data[channel] > 1e-3) assert.approximately(after.std.data[channel], 1, 1e-5)
        }
      })
    ))

  it("throw for what has no channels, and for moments of others", () => {
    assert.throws(() => Moments.perChannel(make([2], "f32", [1, 2])), /Moments.perChannel: expected \[n, channels, …\]/)
    assert.throws(() => Moments.perChannel(make([0, 2], "f32", [])), /with elements/)
    const image = make([1, 2, 1, 2], "f32", [1, 2, 3, 4])
    const three = Moments.perChannel(make([1, 3, 1, 1], "f32", [1, 2, 3]))
    assert.throws(() => Moments.standardize(image, three), /moments of its features or channels/)
  })
})
