import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, it } from "vitest"
import * as Perceptron from "../src/Perceptron.ts"
import { assertNear, settled, values } from "./values.ts"

it("a perceptron says on which side of a plane a point lies", () => {
  const model = Perceptron.perceptron(2)
  const params = { weight: Tensor.of([[1], [-1]]), bias: Tensor.of([-0.5]) } as Perceptron.PerceptronParams
  const points = Tensor.of([
    [1, 0],
    [0, 1],
    [0.5, 0]
  ])
  assertNear(model.predict(params, {}, points as never), [1, 0, 1], 0)
})

it("a mistake moves the plane by the example, a hit does not", () => {
  const examples = {
    input: Tensor.of([
      [1, 2],
      [3, 1]
    ]),
    side: Tensor.of([0, 0])
  }
  const { params } = Perceptron.perceptron(2).init(Random.key(0))
  const once = settled(Perceptron.epoch(params, examples))
  // From 0 the first is taken for 1; after it the second is a hit.
  assertNear(once.params.weight, [-1, -2], 0)
  assertNear(once.params.bias, [-1], 0)
  assertNear(once.mistakes, [1], 0)
})

it("points that a plane parts are parted after no more mistakes than Novikoff allows", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc
        .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }))
        .filter((w) => Math.hypot(...w) > 0.2),
      fc.double({ min: -0.5, max: 0.5, noNaN: true }),
      (seed, weight, bias) => {
        const drawn = values(Random.uniform(Random.key(seed), [40, 2], { min: -1, max: 1 }))
        const norm = Math.hypot(...weight, bias)
        const all = Array.from({ length: 40 }, (_, i) => [drawn[2 * i], drawn[2 * i + 1]])
        const distance = ([x, y]: ReadonlyArray<number>) => (weight[0] * x + weight[1] * y + bias) / norm
        const points = all.filter((point) => Math.abs(distance(point)) > 0.15)
        if (points.length < 2) return
        const examples = {
          input: Tensor.make([points.length, 2], points.flat(), "f64"),
          side: Tensor.make(
            [points.length],
            points.map((point) => (distance(point) > 0 ? 1 : 0)),
            "f64"
          )
        }
        const margin = Math.min(...points.map((point) => Math.abs(distance(point))))
        const radius = Math.max(...points.map(([x, y]) => Math.hypot(x, y, 1)))
        let params: Perceptron.PerceptronParams = {
          weight: Tensor.zeros([2, 1], "f64"),
          bias: Tensor.zeros([1], "f64")
        }
        let mistakes = 0
        for (let pass = 0; pass < 400; pass++) {
          const next = settled(Perceptron.epoch(params, examples))
          params = next.params
          const [wrong] = values(next.mistakes)
          mistakes += wrong
          if (wrong === 0) break
        }
        assert.isAtMost(mistakes, (radius / margin) ** 2)
        assertNear(Perceptron.perceptron(2).predict(params, {}, examples.input), values(examples.side), 0)
      }
    ),
    { numRuns: 12 }
  ))
