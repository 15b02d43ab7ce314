import { assert, describe, it } from "@effect/vitest"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Settings from "../src/Settings.ts"
import { onReference } from "./line.ts"

const exponent = fc.double({ min: -9, max: 9, noNaN: true })

describe("between", () => {
  it("reaches both ends by equal factors", () =>
    fc.assert(
      fc.property(exponent, exponent, fc.integer({ min: 2, max: 30 }), (a, b, count) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        const found = Settings.between([10 ** low, 10 ** high], count).map(Math.log10)
        assert.strictEqual(found.length, count)
        found.forEach((x, i) => assert.closeTo(x, low + ((high - low) * i) / (count - 1), 1e-9))
      })
    ))

  it("refuses what is not above 0, and no number at all", () => {
    const expected = "Settings.between: expected a range of numbers above 0, the least first, received"
    assert.throws(() => Settings.between([0, 1], 2), `${expected} 0 to 1`)
    assert.throws(() => Settings.between([2, 1], 2), `${expected} 2 to 1`)
    assert.throws(() => Settings.between([1, 2], 0), "Settings.between: expected a count from 1, received 0")
  })
})

it("a grid has all pairs", () => {
  const pairs = Settings.grid({ learningRate: [1, 4], strength: [1, 2] }, { learningRate: 3, strength: 2 })
  const rounded = pairs.map(({ learningRate, strength }) => [Math.round(learningRate), Math.round(strength)])
  assert.deepStrictEqual(rounded, [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [4, 1],
    [4, 2]
  ])
})

it.effect("draws are in the ranges, even in log space, and the same for a key", () =>
  onReference(
    Effect.gen(function* () {
      const space = { learningRate: [1e-6, 1], strength: [1e-2, 1e2] } as const
      const drawn = yield* Settings.random(space, 400, Random.key(1))
      assert.deepStrictEqual(drawn, yield* Settings.random(space, 400, Random.key(1)))
      for (const [name, [least, greatest]] of Object.entries(space) as Array<[keyof Settings.Space, Settings.Range]>) {
        const logs = drawn.map((setting) => Math.log10(setting[name]))
        const [low, high] = [Math.log10(least), Math.log10(greatest)]
        assert.isTrue(logs.every((x) => x >= low - 1e-9 && x <= high))
        // Of 400 even draws the mean is within 5 of its deviations.
        const mean = logs.reduce((sum, x) => sum + x, 0) / logs.length
        assert.closeTo(mean, (low + high) / 2, (5 * (high - low)) / Math.sqrt(12 * 400))
      }
    })
  )
)
