import * as Activation from "../src/Activation.ts"
import { pullback } from "@cotangent/autodiff/Vjp"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import { pipe } from "effect/Function"
import { assert, describe, it } from "vitest"
import { assertNear, values } from "./values.ts"

const points = [-800, -3, -0.5, 0, 0.5, 3, 800]
const x = Tensor.make([points.length], points, "f64")
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))

const cases: Readonly<Record<string, readonly [Activation.Pointwise, (z: number) => number]>> = {
  relu: [Activation.relu, (z) => Math.max(z, 0)],
  leakyRelu: [Activation.leakyRelu, (z) => (z > 0 ? z : 0.01 * z)],
  elu: [Activation.elu({ alpha: 0.5 }), (z) => (z > 0 ? z : 0.5 * Math.expm1(z))],
  celu: [Activation.celu({ alpha: 2 }), (z) => (z > 0 ? z : 2 * Math.expm1(z / 2))],
  selu: [Activation.selu, (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z))],
  silu: [Activation.silu, (z) => z * sigmoid(z)],
  mish: [Activation.mish, (z) => z * Math.tanh(z > 30 ? z : Math.log1p(Math.exp(z)))],
  relu6: [Activation.relu6, (z) => Math.min(Math.max(z, 0), 6)],
  hardtanh: [Activation.hardtanh, (z) => Math.min(Math.max(z, -1), 1)],
  hardsigmoid: [Activation.hardsigmoid, (z) => Math.min(Math.max(z / 6 + 0.5, 0), 1)],
  hardswish: [Activation.hardswish, (z) => z * Math.min(Math.max(z / 6 + 0.5, 0), 1)],
  softsign: [Activation.softsign, (z) => z / (1 + Math.abs(z))],
  tanhshrink: [Activation.tanhshrink, (z) => z - Math.tanh(z)]
}

describe.each(Object.entries(cases))("%s", (_, [activation, expected]) => {
  it("has the values of its formula", () => assertNear(activation(x), points.map(expected), 1e-12))

  it("has a finite derivative everywhere", () => {
    const [slope] = pullback([activation(x)], [x], [Tensor.onesLike(x)])
    assert.isTrue(values(slope!).every(Number.isFinite))
  })
})

it("gelu weighs its input by the normal distribution, exactly or nearly", () => {
  // Φ(1) and Φ(−2) of the standard tables.
  assertNear(Activation.gelu(Tensor.of([1, -2], "f64")), [0.8413447460685429, -2 * 0.022750131948179195], 1e-12)
  assertNear(pipe(Tensor.of([1], "f64"), Activation.gelu({ approximate: "tanh" })), [0.8411919906082768], 1e-12)
})

it("an activation with options has two forms", () => {
  const z = Tensor.of([-1, 1])
  assert.deepStrictEqual(
    values(Activation.leakyRelu(z, { negativeSlope: 0.5 })),
    values(pipe(z, Activation.leakyRelu({ negativeSlope: 0.5 })))
  )
})

it("prelu learns one slope or one for each channel", () => {
  const z = Tensor.of([
    [[-1], [2]],
    [[-3], [-4]]
  ])
  assertNear(Activation.prelu(z, Tensor.of([0.5])), [-0.5, 2, -1.5, -2])
  assertNear(Activation.prelu(z, Tensor.of([0.5, 10])), [-0.5, 2, -1.5, -40])
})

it("glu gates one half by the other", () => {
  assertNear(
    Activation.glu(
      Tensor.of([
        [2, 0],
        [4, 0]
      ])
    ),
    [1, 2]
  )
  assertNear(
    Activation.glu(
      Tensor.of([
        [2, 4],
        [0, 0]
      ]),
      { axis: 0 }
    ),
    [1, 2]
  )
  assert.throws(() => Activation.glu(Tensor.ones([3])), /an axis that divides by 2, received \[3\]/)
})

it("maxout takes the greatest of each group", () => {
  assert.deepStrictEqual(values(Activation.maxout(Tensor.of([[1, 5, 7, 3]]), { pieces: 2 })), [5, 7])
  assert.throws(
    () => Activation.maxout(Tensor.ones([2, 3]), { pieces: 2 }),
    "maxout: expected a last axis that divides by 2"
  )
})

describe("gumbelSoftmax", () => {
  const logits = Tensor.log(Tensor.broadcastTo(Tensor.of([0.2, 0.5, 0.3]), [4000, 3]))
  const options = { key: Random.key(3) }

  it("draws categories with their probabilities", () => {
    const drawn = values(Tensor.mean(Activation.gumbelSoftmax(logits, { ...options, hard: true }), 0))
    drawn.forEach((share, i) => assert.closeTo(share, [0.2, 0.5, 0.3][i], 0.03))
  })

  it("gives rows that sum to 1, one-hot where asked", () => {
    const [soft, hard] = [false, true].map((each) => Activation.gumbelSoftmax(logits, { ...options, hard: each }))
    for (const sum of values(Tensor.sum(soft, -1))) assert.closeTo(sum, 1, 1e-5)
    assert.isTrue(values(hard).every((x) => x === 0 || x === 1))
    assert.isTrue(values(Tensor.sum(hard, -1)).every((sum) => sum === 1))
  })

  it("has the gradient of the soft one where it is one-hot", () => {
    const x = Tensor.of([[0.1, 0.4, -0.3]])
    const gradientOf = (hard: boolean) => {
      const y = Activation.gumbelSoftmax(x, { ...options, hard })
      return values(pullback([y], [x], [Tensor.of([[1, 2, 3]])])[0]!)
    }
    assert.deepStrictEqual(gradientOf(true), gradientOf(false))
  })

  it("refuses a temperature of 0", () =>
    assert.throws(
      () => Activation.gumbelSoftmax(logits, { ...options, temperature: 0 }),
      "gumbelSoftmax: expected a temperature above 0, received 0"
    ))
})
