import * as Metric from "../src/Metric.ts"
import * as Tensor from "@cotangent/tensor/Tensor"
import { assert, it } from "vitest"
import { assertNear, values } from "./values.ts"

const scores = Tensor.of([
  [1, 5, 2],
  [9, 1, 0],
  [1, 2, 3],
  [4, 4, 0]
])
const labels = Tensor.of([1, 1, 2, 0], "i32")

it("accuracy counts hits, the first of several greatest", () => assertNear(Metric.accuracy(scores, labels), [3 / 4]))

it("topKAccuracy counts labels with fewer than k greater scores", () => {
  assertNear(Metric.topKAccuracy(scores, labels, { k: 1 }), [3 / 4])
  assertNear(Metric.topKAccuracy(scores, Tensor.of([2, 1, 0, 2], "i32"), { k: 2 }), [2 / 4])
  assertNear(Metric.topKAccuracy(scores, labels, { k: 3 }), [1])
})

it("confusionMatrix has rows for labels and columns for predictions", () =>
  assert.deepStrictEqual(values(Metric.confusionMatrix(scores, labels)), [1, 0, 0, 1, 1, 0, 0, 0, 1]))

it("labels of another length are refused", () =>
  assert.throws(
    () => Metric.accuracy(scores, Tensor.of([1], "i32")),
    "accuracy: expected scores [..., classes] and labels [...], received [4, 3] and [1]"
  ))
