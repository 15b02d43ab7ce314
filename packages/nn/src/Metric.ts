/**
 * Metrics: how good predictions are, as numbers to report. None has a derivative.
 */
import type { Float, Integer } from "@cotangent/tensor/DType"
import { ShapeError } from "@cotangent/tensor/errors"
import { equals } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

type Scores = Tensor.Tensor<Shape, Float>
type Labels = Tensor.Tensor<Shape, Integer>

const checkLabels = (operation: string, scores: Scores, labels: Labels): void => {
  if (scores.shape.length > 0 && equals(scores.shape.slice(0, -1), labels.shape)) return
  throw new ShapeError({
    operation,
    expected: "scores [..., classes] and labels [...]",
    received: [scores.shape, labels.shape]
  })
}

const share = (hits: Tensor.Tensor<Shape, "bool">): Tensor.Tensor<readonly [], "f32"> =>
  Tensor.mean(Tensor.cast(hits, "f32"))

/**
 * The share of examples whose greatest score, the first of several, is that of the label.
 *
 * **Shapes** scores `[…, classes]`, labels `[…]` → `[]`
 *
 * **Example** (One hit of two)
 *
 * ```ts run
 * const scores = Tensor.of([[0.1, 0.9], [0.8, 0.2]])
 * await evaluate(Metric.accuracy(scores, Tensor.of([1, 1], "i32"))) // => 0.5
 * ```
 */
export const accuracy = (scores: Scores, labels: Labels): Tensor.Tensor<readonly [], "f32"> => {
  checkLabels("accuracy", scores, labels)
  return share(Tensor.equal(Tensor.argMax(scores, -1), Tensor.cast(labels, "i32")))
}

/**
 * The share of examples where fewer than `k` classes score higher than the label.
 *
 * **Shapes** scores `[…, classes]`, labels `[…]` → `[]`
 */
export const topKAccuracy = (
  scores: Scores,
  labels: Labels,
  { k }: { readonly k: number }
): Tensor.Tensor<readonly [], "f32"> => {
  checkLabels("topKAccuracy", scores, labels)
  const isLabel = Tensor.oneHot(labels, scores.shape.at(-1) ?? 0, "bool")
  const ofLabel = Tensor.sum(Tensor.where(isLabel, scores, 0), -1, { keepDims: true })
  const higher = Tensor.sum(Tensor.cast(Tensor.greater(scores, ofLabel), "i32"), -1)
  return share(Tensor.less(higher, k))
}

/**
 * How often each class was predicted for each: row by label, column by the greatest score.
 *
 * **Shapes** scores `[…, classes]`, labels `[…]` → `[classes, classes]`
 *
 * **Example** (Three examples of two classes)
 *
 * ```ts run
 * const scores = Tensor.of([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
 * await evaluate(Metric.confusionMatrix(scores, Tensor.of([1, 1, 0], "i32"))) // => [[0, 1], [1, 1]]
 * ```
 */
export const confusionMatrix = (scores: Scores, labels: Labels): Tensor.Tensor<readonly [number, number], "i32"> => {
  checkLabels("confusionMatrix", scores, labels)
  const classes = scores.shape.at(-1) ?? 0
  const rows = (indices: Tensor.Tensor<Shape, Integer>): Tensor.Tensor<readonly [number, number], "i32"> =>
    Tensor.oneHot(Tensor.flatten(indices), classes, "i32")
  return Tensor.matmul(Tensor.transpose(rows(labels)), rows(Tensor.argMax(scores, -1)))
}
