import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, it } from "vitest"
import * as Averaging from "../src/Averaging.ts"
import type { AverageState } from "../src/Averaging.ts"
import type { GradientTransformation, Leaves } from "../src/GradientTransformation.ts"
import { assertNear, settled, values } from "./values.ts"

const number = fc.double({ min: -2, max: 2, noNaN: true })
const walk = fc.array(number, { minLength: 1, maxLength: 8 })

/** The average after steps to each of `points`, from 0. */
const follow = (self: GradientTransformation<AverageState>, points: ReadonlyArray<number>): number => {
  let params: Leaves = [Tensor.of([0], "f64")]
  let state = self.init(params, ["x"])
  for (const point of points) {
    const update = Tensor.sub(Tensor.of([point], "f64"), params[0])
    const [updates, next] = self.update([update], state, params, ["x"])
    assert.strictEqual(updates[0], update)
    state = settled(next)
    params = settled([Tensor.add(params[0], updates[0])])
  }
  return values(Averaging.params(state, { x: params[0] }).x)[0]
}

it("an exponential average weighs each step by how long ago it was, and weights sum to 1", () =>
  fc.assert(
    fc.property(walk, fc.double({ min: 0, max: 0.99, noNaN: true }), (points, decay) => {
      const weights = points.map((_, i) => decay ** (points.length - 1 - i))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const expected = points.reduce((sum, point, i) => sum + (point * weights[i]) / total, 0)
      assertNear([follow(Averaging.exponential(decay), points)], [expected], 1e-9)
    }),
    { numRuns: 40 }
  ))

it("a stochastic average is the plain mean of every so many steps from its start on", () =>
  fc.assert(
    fc.property(walk, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), (points, start, every) => {
      const chosen = points.filter((_, i) => i + 1 >= start && (i + 1 - start) % every === 0)
      const expected =
        chosen.length === 0 ? points.at(-1)! : chosen.reduce((sum, point) => sum + point, 0) / chosen.length
      assertNear([follow(Averaging.stochastic({ start, every }), points)], [expected], 1e-9)
    }),
    { numRuns: 40 }
  ))

it("averages refuse what is no decay and no number of steps", () => {
  assert.throws(() => Averaging.exponential(1), "expected a decay from 0 below 1, received 1")
  assert.throws(() => Averaging.stochastic({ start: 0, every: 0.5 }), "expected a number of steps from 1, received 0.5")
})
