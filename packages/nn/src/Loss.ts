/**
 * Losses: how far predictions are from targets, as numbers to minimize.
 *
 * Each takes a reduction: `mean` (the default) and `sum` over all elements, `batchMean` (the sum over the extent of the
 * first axis), or `none`.
 */
import type { Float, Integer } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import { equals } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

/** How the losses of the elements become one. */
export type Reduction = "mean" | "sum" | "batchMean" | "none"

/** The options of every loss. */
export interface Reduced<R extends Reduction> {
  readonly reduction?: R
}

/** A loss of each element where nothing is reduced, else one number. */
export type Loss<R extends Reduction, D extends Float> = Tensor.Tensor<R extends "none" ? Shape : readonly [], D>

type Floats<D extends Float = Float> = Tensor.Tensor<Shape, D>

const reduce = <D extends Float, R extends Reduction = "mean">(
  losses: Floats<D>,
  reduction: Reduction | undefined = "mean"
): Loss<R, D> => {
  const whole = (): Tensor.Tensor<readonly [], D> => {
    if (reduction === "batchMean") return Tensor.mul(Tensor.sum(losses), 1 / (losses.shape[0] ?? 1))
    return reduction === "sum" ? Tensor.sum(losses) : Tensor.mean(losses)
  }
  // The type says the same of `reduction` as this condition.
  return (reduction === "none" ? losses : whole()) as Loss<R, D>
}

const sameShape = (operation: string, prediction: Floats, target: Tensor.Tensor): void => {
  if (equals(prediction.shape, target.shape)) return
  throw new ShapeError({
    operation,
    expected: "a prediction and a target of one shape",
    received: [prediction.shape, target.shape],
    hint: "losses do not broadcast"
  })
}

/** A loss of pairs of elements. **Throws** `ShapeError` unless both have one shape. */
export interface Pairwise {
  <D extends Float, R extends Reduction = "mean">(
    prediction: Floats<D>,
    target: Floats<NoInfer<D>>,
    options?: Reduced<R>
  ): Loss<R, D>
}

const pairwise =
  (operation: string, rule: <D extends Float>(prediction: Floats<D>, target: Floats<D>) => Floats<D>): Pairwise =>
  (prediction, target, { reduction } = {}) => {
    sameShape(operation, prediction, target)
    return reduce(rule(prediction, target), reduction)
  }

/** The squared error `(prediction − target)²`. */
export const mse: Pairwise = pairwise("mse", (prediction, target) => Tensor.square(Tensor.sub(prediction, target)))

/** The absolute error `|prediction − target|`. */
export const mae: Pairwise = pairwise("mae", (prediction, target) => Tensor.abs(Tensor.sub(prediction, target)))

/**
 * Half the squared error up to `delta` (1 unless stated), from there on linear: `delta (|e| − delta/2)`.
 *
 * **Throws** as the other losses. **Source** Huber 1964.
 */
export const huber = <D extends Float, R extends Reduction = "mean">(
  prediction: Floats<D>,
  target: Floats<NoInfer<D>>,
  { delta = 1, ...options }: Reduced<R> & { readonly delta?: number } = {}
): Loss<R, D> => {
  const loss = pairwise("huber", (x, y) => {
    const error = Tensor.abs(Tensor.sub(x, y))
    const inner = Tensor.minimum(error, delta)
    return Tensor.mul(inner, Tensor.sub(error, Tensor.mul(inner, 0.5)))
  })
  return loss(prediction, target, options as Reduced<R>)
}

/**
 * The cross-entropy of a Bernoulli distribution given by its logits, `softplus(x) − target · x`; targets in [0, 1].
 *
 * **Numerics** Finite for all finite logits.
 */
export const binaryCrossEntropyWithLogits: Pairwise = pairwise("binaryCrossEntropyWithLogits", (logits, target) =>
  Tensor.sub(Tensor.softplus(logits), Tensor.mul(logits, target))
)

/**
 * The cross-entropy of a Bernoulli distribution, `−target ln p − (1 − target) ln(1 − p)`; targets in [0, 1].
 *
 * **Numerics** Logarithms end at −100, so that a wrong certainty costs a finite amount; from logits use
 * `binaryCrossEntropyWithLogits`.
 */
export const binaryCrossEntropy: Pairwise = pairwise("binaryCrossEntropy", (probability, target) => {
  const hit = Tensor.mul(target, Tensor.maximum(Tensor.log(probability), -100))
  const miss = Tensor.mul(Tensor.sub(1, target), Tensor.maximum(Tensor.log1p(Tensor.neg(probability)), -100))
  return Tensor.neg(Tensor.add(hit, miss))
})

/**
 * The Kullback-Leibler divergence of a target distribution from a prediction given by its logarithm:
 * `target (ln target − logPrediction)`, 0 where the target is.
 */
export const klDivergence: Pairwise = pairwise("klDivergence", (logPrediction, target) => {
  const isPositive = Tensor.greater(target, 0)
  const logTarget = Tensor.log(Tensor.where(isPositive, target, 1))
  return Tensor.where(isPositive, Tensor.mul(target, Tensor.sub(logTarget, logPrediction)), 0)
})

/** The hinge loss `max(0, 1 − score · sign)`, with signs of −1 and 1. **Source** Cortes & Vapnik 1995. */
export const hinge: Pairwise = pairwise("hinge", (score, sign) => Tensor.relu(Tensor.sub(1, Tensor.mul(score, sign))))

/**
 * The negative logarithm of a Poisson probability with the rate `exp(logRate)`: `exp(logRate) − target · logRate`,
 * without the part that the target alone decides.
 */
export const poissonNegativeLogLikelihood: Pairwise = pairwise("poissonNegativeLogLikelihood", (logRate, target) =>
  Tensor.sub(Tensor.exp(logRate), Tensor.mul(target, logRate))
)

/**
 * The negative logarithm of a normal density: `½ (ln variance + (target − mean)² / variance)`, and `½ ln 2π` if
 * `full`. Variances below `epsilon` (10⁻⁶ unless stated) count as epsilon.
 */
export const gaussianNegativeLogLikelihood = <D extends Float, R extends Reduction = "mean">(
  mean: Floats<D>,
  target: Floats<NoInfer<D>>,
  variance: Floats<NoInfer<D>>,
  options: Reduced<R> & { readonly full?: boolean; readonly epsilon?: number } = {}
): Loss<R, D> => {
  const { epsilon = 1e-6, full = false, reduction } = options
  sameShape("gaussianNegativeLogLikelihood", mean, target)
  sameShape("gaussianNegativeLogLikelihood", mean, variance)
  const spread = Tensor.maximum(variance, epsilon)
  const energy = Tensor.add(Tensor.log(spread), Tensor.div(Tensor.square(Tensor.sub(target, mean)), spread))
  const losses = Tensor.mul(energy, 0.5)
  return reduce(full ? Tensor.add(losses, Math.log(2 * Math.PI) / 2) : losses, reduction)
}

/** The options of `crossEntropy`. */
export interface CrossEntropyOptions<D extends Float> {
  /** The part of each target that is spread evenly over all classes; 0 unless stated. */
  readonly labelSmoothing?: number
  /** Examples with this label count for nothing. */
  readonly ignoreIndex?: number
  /** How much each class counts. **Shapes** `[classes]` */
  readonly weights?: Tensor.Tensor<readonly [number], D>
}

/**
 * The cross-entropy of labels and the softmax of logits, `−ln softmax(logits)[label]`, in nats.
 *
 * **Shapes** logits `[…, classes]`, labels `[…]`. The mean is weighted: with class weights by the weight of each label,
 * and over the examples that are not ignored.
 *
 * **Numerics** By `logSoftmax`: finite for all finite logits. The label's logarithm is selected by comparison and
 * summed, which compilers fuse where they could not fuse a gather. An ignored label need not name a class.
 *
 * **Source** Szegedy et al. 2016, section 7, for label smoothing.
 *
 * **Example** (Two examples)
 *
 * ```ts run
 * const logits = Tensor.of([[800, -800], [0, 0]])
 * await evaluate(Loss.crossEntropy(logits, Tensor.of([0, 1], "i32"), { reduction: "sum" })) // => 0.6931471824645996
 * ```
 */
export const crossEntropy = <D extends Float, R extends Reduction = "mean">(
  logits: Floats<D>,
  labels: Tensor.Tensor<Shape, Integer>,
  options: Reduced<R> & CrossEntropyOptions<NoInfer<D>> = {}
): Loss<R, D> => {
  checkLabels("crossEntropy", { logits, labels }, options.labelSmoothing)
  return scored(Tensor.logSoftmax(logits), labels, options)
}

/**
 * The negative logarithm of the probability of labels, `−logProbabilities[label]`, as `crossEntropy` of logits that have
 * been through `logSoftmax`.
 *
 * **Shapes** logarithms `[…, classes]`, labels `[…]`; the mean is weighted as that of `crossEntropy`.
 *
 * **Throws** `ShapeError` unless there is a row for each label, `ArgumentError` unless the label smoothing is from 0 to 1.
 *
 * **Example** (A label of probability ¼)
 *
 * ```ts run
 * const logProbabilities = Tensor.log(Tensor.of([[0.25, 0.75]]))
 * await evaluate(Loss.negativeLogLikelihood(logProbabilities, Tensor.of([0], "i32"))) // => 1.386294
 * ```
 */
export const negativeLogLikelihood = <D extends Float, R extends Reduction = "mean">(
  logProbabilities: Floats<D>,
  labels: Tensor.Tensor<Shape, Integer>,
  options: Reduced<R> & CrossEntropyOptions<NoInfer<D>> = {}
): Loss<R, D> => {
  checkLabels("negativeLogLikelihood", { logits: logProbabilities, labels }, options.labelSmoothing)
  return scored(logProbabilities, labels, options)
}

/** The loss of labels by the logarithms of their probabilities. */
const scored = <D extends Float, R extends Reduction>(
  logProbabilities: Floats<D>,
  labels: Tensor.Tensor<Shape, Integer>,
  options: Reduced<R> & CrossEntropyOptions<NoInfer<D>>
): Loss<R, D> => {
  const { ignoreIndex, labelSmoothing = 0, reduction, weights } = options
  const { shape } = logProbabilities
  const classes = shape[shape.length - 1]
  const isLabel = Tensor.oneHot(labels, classes, "bool")
  const selected = (x: Floats<D>): Floats<D> => Tensor.sum(Tensor.where(isLabel, x, 0), -1)
  const weighted = weights === undefined ? logProbabilities : Tensor.mul(logProbabilities, weights)
  const hit = selected(weighted)
  const smooth = Tensor.mul(Tensor.sum(weighted, -1), labelSmoothing / classes)
  const score = labelSmoothing === 0 ? hit : Tensor.add(Tensor.mul(hit, 1 - labelSmoothing), smooth)
  const isCounted = ignoreIndex === undefined ? undefined : Tensor.notEqual(labels, ignoreIndex)
  const counted = (x: Floats<D>): Floats<D> => (isCounted === undefined ? x : Tensor.where(isCounted, x, 0))
  const losses = counted(Tensor.neg(score))
  if ((reduction ?? "mean") !== "mean" || (weights === undefined && isCounted === undefined)) {
    return reduce(losses, reduction)
  }
  const shares = weights === undefined ? Tensor.onesLike(losses) : selected(Tensor.broadcastTo(weights, shape))
  // The mean is one number, as the type says of this reduction.
  return Tensor.div(Tensor.sum(losses), Tensor.sum(counted(shares))) as Tensor.Tensor as Loss<R, D>
}

/** **Throws** unless there is a row of logits for each label, and the smoothing is from 0 to 1. */
const checkLabels = (
  operation: string,
  { labels, logits }: { readonly logits: Floats; readonly labels: Tensor.Tensor },
  labelSmoothing = 0
): void => {
  if (logits.shape.length === 0 || !equals(logits.shape.slice(0, -1), labels.shape)) {
    throw new ShapeError({
      operation,
      expected: "logits [..., classes] and labels [...]",
      received: [logits.shape, labels.shape]
    })
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError({
      operation,
      expected: "a label smoothing from 0 to 1",
      received: String(labelSmoothing)
    })
  }
}

/** What `tripletMargin` compares, rows of one width. */
export interface Triplet<D extends Float> {
  readonly anchor: Floats<D>
  /** Rows that belong to those of the anchor. */
  readonly positive: Floats<NoInfer<D>>
  /** Rows that do not. */
  readonly negative: Floats<NoInfer<D>>
}

/**
 * How far what belongs together is from being closer than what does not, by a margin of 1 unless stated:
 * `max(0, ‖a − p‖ − ‖a − n‖ + margin)`, with the derivative 0 where rows are equal.
 *
 * **Shapes** `[…, width]` each, one loss for each row. **Throws** `ShapeError` unless all have one shape.
 *
 * **Source** Schroff et al. 2015, equation 3, with distances in the place of their squares, as Balntas et al. 2016.
 *
 * **Example** (A margin of 1, of which half is there)
 *
 * ```ts run
 * const [anchor, positive, negative] = [Tensor.of([[0, 0]]), Tensor.of([[0, 1]]), Tensor.of([[1.5, 0]])]
 * await evaluate(Loss.tripletMargin({ anchor, positive, negative })) // => 0.5
 * ```
 */
export const tripletMargin = <D extends Float, R extends Reduction = "mean">(
  { anchor, negative, positive }: Triplet<D>,
  { margin = 1, reduction }: Reduced<R> & { readonly margin?: number } = {}
): Loss<R, D> => {
  sameShape("tripletMargin", anchor, positive)
  sameShape("tripletMargin", anchor, negative)
  const distance = (x: Floats<D>): Floats<D> => Tensor.norm(Tensor.sub(anchor, x), -1)
  return reduce(Tensor.relu(Tensor.add(Tensor.sub(distance(positive), distance(negative)), margin)), reduction)
}
