import * as Loss from "../src/Loss.ts"
import { pullback } from "@cotangent/autodiff/Vjp"
import * as Tensor from "@cotangent/tensor/Tensor"
import { assert, describe, it } from "vitest"
import { assertNear, values } from "./values.ts"

const labels = (...of: ReadonlyArray<number>) => Tensor.make([of.length], of, "i32")
const f64 = (values: ReadonlyArray<ReadonlyArray<number>>) => Tensor.of(values, "f64")

describe("crossEntropy", () => {
  const logits = f64([
    [1, 2, 3],
    [0, 0, 0],
    [3, 1, -2]
  ])
  const rows = [
    [1, 2, 3],
    [0, 0, 0],
    [3, 1, -2]
  ]
  const logSoftmax = rows.map((row) => row.map((x) => x - Math.log(row.reduce((sum, y) => sum + Math.exp(y), 0))))
  const losses = [-logSoftmax[0][2], -logSoftmax[1][0], -logSoftmax[2][1]]
  const sum = (xs: ReadonlyArray<number>) => xs.reduce((a, b) => a + b, 0)

  it("is the negative logarithm of the label's probability", () => {
    assertNear(Loss.crossEntropy(logits, labels(2, 0, 1), { reduction: "none" }), losses, 1e-12)
    assertNear(Loss.crossEntropy(logits, labels(2, 0, 1)), [sum(losses) / 3], 1e-12)
    assertNear(Loss.crossEntropy(logits, labels(2, 0, 1), { reduction: "sum" }), [sum(losses)], 1e-12)
  })

  it("stays finite for logits of ±800, and so does its gradient", () => {
    for (const dtype of ["f32", "f64"] as const) {
      const extreme = Tensor.of(
        [
          [800, -800],
          [-800, 800]
        ],
        dtype
      )
      const loss = Loss.crossEntropy(extreme, labels(1, 1))
      assertNear(loss, [800])
      const [gradient] = pullback([loss], [extreme], [Tensor.onesLike(loss)])
      assertNear(gradient!, [0.5, -0.5, 0, 0])
    }
  })

  it("has the gradient softmax − one-hot", () => {
    const loss = Loss.crossEntropy(logits, labels(2, 0, 1), { reduction: "sum" })
    const [gradient] = pullback([loss], [logits], [Tensor.onesLike(loss)])
    assertNear(
      gradient!,
      rows.flatMap((_, i) => logSoftmax[i].map((l, j) => Math.exp(l) - ([2, 0, 1][i] === j ? 1 : 0))),
      1e-12
    )
  })

  it("counts ignored labels for nothing", () => {
    assertNear(
      Loss.crossEntropy(logits, labels(2, -100, 1), { ignoreIndex: -100 }),
      [(losses[0] + losses[2]) / 2],
      1e-12
    )
    assertNear(
      Loss.crossEntropy(logits, labels(2, 0, 1), { ignoreIndex: 0, reduction: "none" }),
      [losses[0], 0, losses[2]],
      1e-12
    )
  })

  it("weighs classes", () => {
    const weights = Tensor.of([1, 2, 5], "f64")
    const weighted = (5 * losses[0] + losses[1] + 2 * losses[2]) / 8
    assertNear(Loss.crossEntropy(logits, labels(2, 0, 1), { weights }), [weighted], 1e-12)
  })

  it("smooths labels", () => {
    const even = logSoftmax.map((row) => -sum(row) / 3)
    const smoothed = losses.map((loss, i) => 0.7 * loss + 0.3 * even[i])
    assertNear(Loss.crossEntropy(logits, labels(2, 0, 1), { labelSmoothing: 0.3, reduction: "none" }), smoothed, 1e-12)
  })

  it("takes labels of any rank", () => {
    const deep = Tensor.reshape(logits, [1, 3, 3])
    assertNear(Loss.crossEntropy(deep, Tensor.reshape(labels(2, 0, 1), [1, 3])), [sum(losses) / 3], 1e-12)
  })

  it("refuses labels that do not fit", () => {
    assert.throws(
      () => Loss.crossEntropy(logits, labels(1, 2)),
      "crossEntropy: expected logits [..., classes] and labels [...], received [3, 3] and [2]"
    )
    assert.throws(
      () => Loss.crossEntropy(logits, labels(0, 0, 0), { labelSmoothing: 2 }),
      /a label smoothing from 0 to 1/
    )
  })
})

describe("losses of pairs", () => {
  const prediction = f64([
    [1, 2],
    [3, 4]
  ])
  const target = f64([
    [1, 0],
    [6, 4.5]
  ])

  it("reduce as they are asked to", () => {
    assertNear(Loss.mse(prediction, target, { reduction: "none" }), [0, 4, 9, 0.25])
    assertNear(Loss.mse(prediction, target, { reduction: "sum" }), [13.25])
    assertNear(Loss.mse(prediction, target, { reduction: "batchMean" }), [13.25 / 2])
    assertNear(Loss.mse(prediction, target), [13.25 / 4])
  })

  it("have the values of their formulas", () => {
    assertNear(Loss.mae(prediction, target), [5.5 / 4])
    assertNear(Loss.huber(prediction, target, { reduction: "none" }), [0, 1.5, 2.5, 0.125])
    assertNear(Loss.huber(prediction, target, { delta: 2, reduction: "none" }), [0, 2, 4, 0.125])
    assertNear(Loss.hinge(Tensor.of([0.5, -2, 3]), Tensor.of([1, 1, -1]), { reduction: "none" }), [0.5, 3, 4])
    assertNear(Loss.poissonNegativeLogLikelihood(Tensor.of([0, 1]), Tensor.of([2, 3]), { reduction: "none" }), [
      1,
      Math.E - 3
    ])
  })

  it("refuse to broadcast", () =>
    assert.throws(
      () => Loss.mse(prediction, Tensor.ones([2], "f64")),
      "mse: expected a prediction and a target of one shape, received [2, 2] and [2]"
    ))
})

describe("binary cross-entropy", () => {
  it("agrees between logits and probabilities", () => {
    const logits = Tensor.of([-2, 0, 3], "f64")
    const target = Tensor.of([0, 1, 0.3], "f64")
    assertNear(
      Loss.binaryCrossEntropyWithLogits(logits, target, { reduction: "none" }),
      values(Loss.binaryCrossEntropy(Tensor.sigmoid(logits), target, { reduction: "none" })),
      1e-12
    )
  })

  it("stays finite for logits of ±800 and for wrong certainty", () => {
    const [logits, target] = [Tensor.of([800, -800]), Tensor.of([0, 1])]
    assertNear(Loss.binaryCrossEntropyWithLogits(logits, target), [800])
    assertNear(Loss.binaryCrossEntropy(Tensor.of([1, 0]), target), [100])
  })

  it("has the gradient sigmoid − target, at 0 too", () => {
    const logits = Tensor.of([0, 2], "f64")
    const loss = Loss.binaryCrossEntropyWithLogits(logits, Tensor.of([1, 0], "f64"), { reduction: "sum" })
    const [gradient] = pullback([loss], [logits], [Tensor.onesLike(loss)])
    assertNear(gradient!, [-0.5, 1 / (1 + Math.exp(-2))], 1e-12)
  })
})

it("klDivergence of a distribution from itself is 0, where it is 0 too", () => {
  const p = Tensor.of([[0.5, 0.5, 0]], "f64")
  assertNear(
    Loss.klDivergence(Tensor.of([[Math.log(0.5), Math.log(0.5), -50]], "f64"), p, { reduction: "batchMean" }),
    [0]
  )
  assertNear(
    Loss.klDivergence(Tensor.of([[Math.log(0.25), Math.log(0.75), -Infinity]], "f64"), p, { reduction: "sum" }),
    [0.5 * Math.log(2) + 0.5 * Math.log(2 / 3)]
  )
})

it("gaussianNegativeLogLikelihood is the negative logarithm of the density", () => {
  const [mean, target, variance] = [[1], [3], [4]].map((x) => Tensor.make([1], x, "f64"))
  assertNear(Loss.gaussianNegativeLogLikelihood(mean, target, variance), [(Math.log(4) + 1) / 2])
  const density = Math.exp(-0.5) / Math.sqrt(2 * Math.PI * 4)
  assertNear(Loss.gaussianNegativeLogLikelihood(mean, target, variance, { full: true }), [-Math.log(density)])
})

describe("negativeLogLikelihood", () => {
  it("of logSoftmax is the cross-entropy, with all its options", () => {
    const [logits, labels] = [
      Tensor.of([
        [1, 2, 0],
        [0, -1, 3],
        [1, 1, 1]
      ]),
      Tensor.of([1, 0, 2], "i32")
    ]
    for (const options of [
      {},
      { reduction: "none" },
      { ignoreIndex: 2 },
      { labelSmoothing: 0.1, weights: Tensor.of([1, 2, 3]) }
    ] as const) {
      assertNear(
        Loss.negativeLogLikelihood(Tensor.logSoftmax(logits), labels, options),
        values(Loss.crossEntropy(logits, labels, options))
      )
    }
  })

  it("refuses labels without a row", () =>
    assert.throws(
      () => Loss.negativeLogLikelihood(Tensor.zeros([2, 3]), Tensor.of([1], "i32")),
      "negativeLogLikelihood: expected logits [..., classes] and labels [...], received [2, 3] and [1]"
    ))
})

describe("tripletMargin", () => {
  const anchor = Tensor.of([
    [0, 0],
    [0, 0]
  ])
  const positive = Tensor.of([
    [3, 4],
    [1, 0]
  ])
  const negative = Tensor.of([
    [6, 8],
    [1, 1]
  ])

  it("is 0 where the margin is kept", () =>
    assertNear(Loss.tripletMargin({ anchor, positive, negative }, { reduction: "none" }), [0, 2 - Math.SQRT2]))

  it("has a finite gradient where rows are equal", () => {
    const loss = Loss.tripletMargin({ anchor, positive: anchor, negative: anchor })
    assertNear(loss, [1])
    assert.deepStrictEqual(values(pullback([loss], [anchor], [Tensor.of(1)])[0]!), [0, 0, 0, 0])
  })

  it("refuses rows that differ in shape", () =>
    assert.throws(
      () => Loss.tripletMargin({ anchor, positive, negative: Tensor.zeros([2, 3]) as never }),
      "tripletMargin: expected a prediction and a target of one shape, received [2, 2] and [2, 3]"
    ))
})
