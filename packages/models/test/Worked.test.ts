import { grad, valueAndGrad } from "@cotangent/autodiff"
import { Loss } from "@cotangent/nn"
import { Optimizer } from "@cotangent/optim"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Filter from "../src/Filter.ts"
import * as Worked from "../src/Worked.ts"
import { assertNear, values } from "./values.ts"

const names = ["b1", "b2", "w11", "w12", "w21", "w31", "w32", "v1", "v2"] as const
const number = fc.double({ min: -2, max: 2, noNaN: true })

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z))

describe("example 1.3", () => {
  /** The parameters of the network, and one point. */
  const given = fc.tuple(
    fc.record(Object.fromEntries(names.map((name) => [name, number])) as Record<(typeof names)[number], typeof number>),
    fc.tuple(number, number, number),
    number
  )
  const params = (w: Record<(typeof names)[number], number>): Worked.TwoUnits =>
    Object.fromEntries(names.map((name) => [name, Tensor.of(w[name], "f64")])) as unknown as Worked.TwoUnits

  it("has the output and the gradient that its solution writes down", () =>
    fc.assert(
      fc.property(given, ([w, [x1, x2, x3], target]) => {
        const a1 = sigmoid(w.w11 * x1 + w.w21 * x2 + w.w31 * x3 + w.b1)
        const a2 = Math.tanh(w.w12 * x1 + w.w32 * x3 + w.b2)
        const y = w.v1 * a1 + w.v2 * a2
        const input = Tensor.of([[x1, x2, x3]], "f64")
        assertNear(Worked.twoUnits.predict(params(w), {}, input), [y])
        // Half the squared error; by the chain rule each derivative is (y − target) times one of these.
        const [first, second] = [w.v1 * a1 * (1 - a1), w.v2 * (1 - a2 ** 2)]
        const expected = [first, second, first * x1, second * x1, first * x2, first * x3, second * x3, a1, a2]
        const loss = (p: Worked.TwoUnits) =>
          Tensor.mul(Loss.mse(Worked.twoUnits.predict(p, {}, input), Tensor.of([target], "f64") as never), 0.5)
        const gradient = grad(loss)(params(w))
        names.forEach((name, i) => assertNear(gradient[name], [(y - target) * expected[i]], 1e-9))
      }),
      { numRuns: 50 }
    ))

  it("draws parameters with names", () => {
    const drawn = Worked.twoUnits.init(Random.key(0)).params
    assert.deepStrictEqual(Object.keys(drawn), [...names])
    assert.strictEqual(new Set(names.map((name) => values(drawn[name])[0])).size, 9)
  })
})

describe("example 1.4", () => {
  const { input, params, target } = Worked.twoLayersNumbers
  const loss = (p: typeof params) => Loss.mse(Worked.twoLayers.predict(p, {}, input), target as never)

  it("has the outputs 0 and 2, and a mean squared error of 4", () => {
    assertNear(Worked.twoLayers.predict(params, {}, input), [0, 2], 0)
    assertNear(loss(params), [4], 0)
  })

  it("moves w31 not at all, w42 to 0.54 and w22 to 1.02 in a step of rate 0.01", () => {
    const [, gradients] = valueAndGrad(loss)(params)
    const optimizer = Optimizer.sgd({ learningRate: 0.01 })
    const next = optimizer.update(gradients, optimizer.init(params), params).params
    assertNear(gradients.layer1.weight, [0, -1, 0, -2], 0)
    assertNear(gradients.layer2.weight, [0, 0, 0, -4], 0)
    // w31, w32, w41, w42
    assertNear(next.layer2.weight, [0.5, -2, -1, 0.54], 1e-15)
    // w11, w12, w21, w22
    assertNear(next.layer1.weight, [1, 0.51, -0.5, 1.02], 1e-15)
  })
})

describe("example 4.4", () => {
  const { bias, image, weight } = Worked.filtering

  it("has the sums of each channel that its solution gives", () => {
    const channel = (x: Tensor.Tensor<readonly [1, 3, number, number], "f64">, i: number) =>
      Tensor.reshape(Tensor.slice(x, { start: [0, i], stop: [1, i + 1] }), [x.shape[2], x.shape[3]])
    const sums = [0, 1, 2].map((i) => Filter.filter2d(channel(image, i), channel(weight, i), { border: "zero" }))
    assertNear(sums[0], [-4, -4, -1, 0, -2, 2, -4, -2, -1, -4, -1, 0, -4, -2, 2, -2], 0)
    assertNear(sums[1], [-2, 6, 3, -1, 4, 6, -1, 4, 1, -3, 5, 7, -1, 0, 5, 2], 0)
    // The solution has 11 for the 1 in the second row; its own result, 5, is the sum with 1.
    assertNear(sums[2], [4, 1, 4, -2, 2, 0, 4, 1, 2, -2, -4, 2, 2, 1, 2, 1], 0)
    const total = sums.reduce((sum, part) => Tensor.add(sum, part))
    assertNear(Tensor.relu(Tensor.add(total, bias)), [0, 5, 8, 0, 6, 10, 1, 5, 4, 0, 2, 11, 0, 1, 11, 3], 0)
  })

  it("is a convolution, rectified, then pooled in both ways", () => {
    const y = Tensor.relu(Tensor.add(Tensor.conv2d(image, weight, { padding: 1 }), bias))
    assertNear(y, [0, 5, 8, 0, 6, 10, 1, 5, 4, 0, 2, 11, 0, 1, 11, 3], 0)
    assertNear(Tensor.maxPool2d(y, { kernel: 2 }), [10, 8, 4, 11], 0)
    assertNear(Tensor.avgPool2d(y, { kernel: 2 }), [21 / 4, 7 / 2, 5 / 4, 27 / 4], 0)
  })
})
