/**
 * The operations that cases name, as functions of named inputs over the friendly surface.
 */
import * as Activation from "@cotangent/nn/Activation"
import * as Loss from "@cotangent/nn/Loss"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attributes } from "./Attributes.ts"
import { convolutions } from "./convolutions.ts"
import { models } from "./models.ts"
import { networks } from "./networks.ts"
import { notes } from "./notes.ts"
import { optimizers } from "./optimizers.ts"

/** An input. What the case says of its dtype the compiler cannot know: it is taken for whatever an operation wants. */
export type Input = Tensor.Tensor<Shape, never>

/** Inputs by name. */
export type Inputs = Readonly<Record<string, Input>>

/** An operation: one output, which cases call `y`, or several by name. */
export type Operation = (
  inputs: Inputs,
  attributes: Attributes
) => Tensor.Tensor | Readonly<Record<string, Tensor.Tensor>>

const unary =
  (f: (x: Input) => Tensor.Tensor): Operation =>
  ({ x }) =>
    f(x)

const binary =
  (f: (a: Input, b: Input) => Tensor.Tensor): Operation =>
  ({ a, b }) =>
    f(a, b)

const reduction =
  (f: (x: Input, axes: ReadonlyArray<number>, options: { readonly keepDims: boolean }) => Tensor.Tensor): Operation =>
  ({ x }, attributes) =>
    f(
      x,
      attributes.numbers(
        "axes",
        x.shape.map((_, axis) => axis)
      ),
      { keepDims: attributes.flag("keepDims", false) }
    )

/** Along one axis, or among all elements where none is named. */
const position =
  (f: (x: Input, axes: ReadonlyArray<number>, options: { readonly keepDims: boolean }) => Tensor.Tensor): Operation =>
  ({ x }, attributes) => {
    const axes = attributes.has("axis") ? [attributes.number("axis")] : x.shape.map((_, axis) => axis)
    return f(x, axes, { keepDims: attributes.flag("keepDims", false) })
  }

const along =
  (f: (x: Input, axis: number) => Tensor.Tensor): Operation =>
  ({ x }, attributes) =>
    f(x, attributes.number("axis", -1))

const unaries: Readonly<Record<string, Operation>> = {
  neg: unary(Tensor.neg),
  abs: unary(Tensor.abs),
  sign: unary(Tensor.sign),
  floor: unary(Tensor.floor),
  ceil: unary(Tensor.ceil),
  round: unary(Tensor.round),
  exp: unary(Tensor.exp),
  exp2: unary(Tensor.exp2),
  expm1: unary(Tensor.expm1),
  log: unary(Tensor.log),
  log2: unary(Tensor.log2),
  log10: unary(Tensor.log10),
  log1p: unary(Tensor.log1p),
  sqrt: unary(Tensor.sqrt),
  rsqrt: unary(Tensor.rsqrt),
  square: unary(Tensor.square),
  reciprocal: unary(Tensor.reciprocal),
  sin: unary(Tensor.sin),
  cos: unary(Tensor.cos),
  tan: unary(Tensor.tan),
  asin: unary(Tensor.asin),
  acos: unary(Tensor.acos),
  atan: unary(Tensor.atan),
  sinh: unary(Tensor.sinh),
  cosh: unary(Tensor.cosh),
  tanh: unary(Tensor.tanh),
  asinh: unary(Tensor.asinh),
  acosh: unary(Tensor.acosh),
  atanh: unary(Tensor.atanh),
  erf: unary(Tensor.erf),
  erfc: unary(Tensor.erfc),
  erfInv: unary(Tensor.erfInv),
  lgamma: unary(Tensor.lgamma),
  digamma: unary(Tensor.digamma),
  sigmoid: unary(Tensor.sigmoid),
  logSigmoid: unary(Tensor.logSigmoid),
  softplus: unary(Tensor.softplus),
  isNaN: unary(Tensor.isNaN),
  isFinite: unary(Tensor.isFinite)
}

const activations: Readonly<Record<string, Operation>> = {
  relu: unary(Activation.relu),
  leakyRelu: ({ x }, attributes) =>
    Activation.leakyRelu(x, { negativeSlope: attributes.number("negativeSlope", 0.01) }),
  elu: ({ x }, attributes) => Activation.elu(x, { alpha: attributes.number("alpha", 1) }),
  selu: unary(Activation.selu),
  celu: ({ x }, attributes) => Activation.celu(x, { alpha: attributes.number("alpha", 1) }),
  // Programs name no form and mean the one by tanh.
  gelu: ({ x }, attributes) =>
    Activation.gelu(x, { approximate: attributes.choice("approximate", ["tanh", "none"], "tanh") }),
  silu: unary(Activation.silu),
  mish: unary(Activation.mish),
  relu6: unary(Activation.relu6),
  hardtanh: ({ x }, attributes) =>
    Activation.hardtanh(x, { min: attributes.number("min", -1), max: attributes.number("max", 1) }),
  hardsigmoid: unary(Activation.hardsigmoid),
  hardswish: unary(Activation.hardswish),
  softsign: unary(Activation.softsign),
  tanhshrink: unary(Activation.tanhshrink),
  prelu: ({ alpha, x }) => Activation.prelu(x, Tensor.flatten(alpha)),
  glu: ({ x }, attributes) => Activation.glu(x, { axis: attributes.number("axis", -1) }),
  maxout: ({ x }, attributes) => Activation.maxout(x, { pieces: attributes.number("pieces") }),
  softmax: along(Activation.softmax),
  logSoftmax: along(Activation.logSoftmax)
}

const binaries: Readonly<Record<string, Operation>> = {
  add: binary(Tensor.add),
  sub: binary(Tensor.sub),
  mul: binary(Tensor.mul),
  div: binary(Tensor.div),
  maximum: binary(Tensor.maximum),
  minimum: binary(Tensor.minimum),
  pow: binary(Tensor.pow),
  atan2: binary(Tensor.atan2),
  hypot: binary(Tensor.hypot),
  remainder: ({ a, b }, attributes) => {
    attributes.choice("sign", ["divisor"], "divisor")
    return Tensor.remainder(a, b)
  },
  equal: binary(Tensor.equal),
  notEqual: binary(Tensor.notEqual),
  less: binary(Tensor.less),
  lessEqual: binary(Tensor.lessEqual),
  greater: binary(Tensor.greater),
  greaterEqual: binary(Tensor.greaterEqual),
  where: ({ a, b, condition }) => Tensor.where(condition, a, b),
  clamp: ({ x }, attributes) => Tensor.clamp(x, attributes.number("min", -Infinity), attributes.number("max", Infinity))
}

const reductions: Readonly<Record<string, Operation>> = {
  sum: reduction(Tensor.sum),
  mean: reduction(Tensor.mean),
  max: reduction(Tensor.max),
  min: reduction(Tensor.min),
  prod: reduction(Tensor.prod),
  all: reduction(Tensor.all),
  any: reduction(Tensor.any),
  logSumExp: reduction(Tensor.logSumExp),
  variance: (inputs, attributes) =>
    reduction((x, axes, options) =>
      Tensor.variance(x, axes, { ...options, correction: attributes.number("correction", 0) })
    )(inputs, attributes),
  standardDeviation: (inputs, attributes) =>
    reduction((x, axes, options) =>
      Tensor.standardDeviation(x, axes, { ...options, correction: attributes.number("correction", 0) })
    )(inputs, attributes),
  norm: (inputs, attributes) =>
    reduction((x, axes, options) => Tensor.norm(x, axes, { ...options, ord: attributes.number("ord", 2) }))(
      inputs,
      attributes
    ),
  argMax: position(Tensor.argMax),
  argMin: position(Tensor.argMin),
  cumulativeSum: along(Tensor.cumulativeSum),
  cumulativeProd: along(Tensor.cumulativeProd)
}

const movement: Readonly<Record<string, Operation>> = {
  reshape: ({ x }, attributes) => Tensor.reshape(x, attributes.numbers("shape")),
  transpose: ({ x }, attributes) => Tensor.transpose(x, attributes.numbers("permutation")),
  broadcastTo: ({ x }, attributes) => Tensor.broadcastTo(x, attributes.numbers("shape")),
  slice: ({ x }, attributes) =>
    Tensor.slice(x, {
      start: attributes.numbers("start"),
      stop: attributes.numbers("stop"),
      step: attributes.numbers("step", [])
    }),
  reverse: ({ x }, attributes) => Tensor.reverse(x, attributes.numbers("axes")),
  roll: ({ x }, attributes) => Tensor.roll(x, attributes.numbers("shifts"), attributes.numbers("axes")),
  tile: ({ x }, attributes) => Tensor.tile(x, attributes.numbers("repeats")),
  concatenate: (inputs, attributes) => Tensor.concatenate(Object.values(inputs), attributes.number("axis", 0)),
  stack: (inputs, attributes) => Tensor.stack(Object.values(inputs), attributes.number("axis", 0)),
  pad: ({ x }, attributes) => {
    const mode = attributes.choice("mode", ["constant", "reflect", "edge"], "constant")
    const [before, after] = [attributes.numbers("before"), attributes.numbers("after")]
    return mode === "constant"
      ? Tensor.pad(x, { before, after, value: attributes.number("value", 0) })
      : Tensor.pad(x, { before, after, mode })
  },
  take: ({ indices, x }, attributes) =>
    Tensor.take(x, indices ?? Tensor.of(attributes.numbers("indices"), "i32"), attributes.number("axis", 0)),
  gather: ({ indices, x }, attributes) => Tensor.gather(x, indices, attributes.number("axis", 0)),
  scatterAdd: ({ indices, updates, x }, attributes) =>
    Tensor.scatterAdd(x, indices, updates, attributes.number("axis", 0)),
  embedding: ({ indices, table }) => Tensor.embedding(table as Tensor.Tensor, indices),
  oneHot: ({ indices }, attributes) => Tensor.oneHot(indices, attributes.number("classes")),
  sort: ({ x }, attributes) =>
    Tensor.sort(x, attributes.number("axis", -1), { descending: attributes.flag("descending", false) }),
  argSort: ({ x }, attributes) =>
    Tensor.argSort(x, attributes.number("axis", -1), { descending: attributes.flag("descending", false) }),
  topK: ({ x }, attributes) => ({ ...Tensor.topK(x, attributes.number("k"), attributes.number("axis", -1)) }),
  triangularLower: ({ x }, attributes) => Tensor.triangularLower(x, attributes.number("diagonal", 0)),
  triangularUpper: ({ x }, attributes) => Tensor.triangularUpper(x, attributes.number("diagonal", 0)),
  diagonal: ({ x }, attributes) => Tensor.diagonal(x, attributes.number("diagonal", 0))
}

const contractions: Readonly<Record<string, Operation>> = {
  matmul: binary(Tensor.matmul),
  einsum: (inputs, attributes) => {
    const [first, ...rest] = Object.values(inputs)
    return Tensor.einsum(attributes.text("equation"), first, ...rest)
  }
}

const reductionOf = (attributes: Attributes): Loss.Reduction =>
  attributes.choice("reduction", ["mean", "sum", "batchMean", "none"], "mean")

const pairLoss =
  (loss: Loss.Pairwise, prediction: string, target: string): Operation =>
  (inputs, attributes) =>
    loss(inputs[prediction], inputs[target], { reduction: reductionOf(attributes) })

const losses: Readonly<Record<string, Operation>> = {
  // Classes are the second axis of cases, after the batch, and the last of ours.
  crossEntropy: ({ labels, logits, weights }, attributes) => {
    const rows = logits.shape.length > 2 ? Tensor.moveAxis(logits as Tensor.Tensor, 1, -1) : logits
    return Loss.crossEntropy(rows as Input, labels, {
      reduction: reductionOf(attributes),
      labelSmoothing: attributes.number("labelSmoothing", 0),
      ignoreIndex: attributes.number("ignoreIndex", -100),
      ...(weights === undefined ? {} : { weights: Tensor.flatten(weights) })
    })
  },
  mse: pairLoss(Loss.mse, "prediction", "target"),
  mae: pairLoss(Loss.mae, "prediction", "target"),
  huber: ({ prediction, target }, attributes) =>
    Loss.huber(prediction, target, { reduction: reductionOf(attributes), delta: attributes.number("delta", 1) }),
  binaryCrossEntropyWithLogits: pairLoss(Loss.binaryCrossEntropyWithLogits, "logits", "target"),
  binaryCrossEntropy: pairLoss(Loss.binaryCrossEntropy, "probability", "target"),
  klDivergence: pairLoss(Loss.klDivergence, "logPrediction", "target"),
  hinge: pairLoss(Loss.hinge, "score", "sign"),
  gaussianNegativeLogLikelihood: ({ mean, target, variance }, attributes) =>
    Loss.gaussianNegativeLogLikelihood(mean, target, variance, {
      reduction: reductionOf(attributes),
      full: attributes.flag("full", false),
      epsilon: attributes.number("epsilon", 1e-6)
    }),
  poissonNegativeLogLikelihood: pairLoss(Loss.poissonNegativeLogLikelihood, "logRate", "target")
}

const linearAlgebra: Readonly<Record<string, Operation>> = {
  // The factor is that of the symmetric part, whether or not a case asks for it.
  cholesky: ({ x }, attributes) => {
    attributes.flag("symmetrize", true)
    return Tensor.cholesky(x)
  },
  solve: binary(Tensor.solve),
  inverse: unary(Tensor.inverse),
  determinant: unary(Tensor.determinant),
  triangularSolve: ({ a, b }, attributes) =>
    Tensor.triangularSolve(a, b, {
      lower: attributes.flag("lower", true),
      transpose: attributes.flag("transpose", false),
      unitDiagonal: attributes.flag("unitDiagonal", false)
    })
}

/** Every operation by the name that cases use. */
export const operations: Readonly<Record<string, Operation>> = {
  ...unaries,
  ...activations,
  ...binaries,
  ...reductions,
  ...movement,
  ...contractions,
  ...convolutions,
  ...linearAlgebra,
  ...losses,
  ...models,
  ...networks,
  ...notes,
  ...optimizers
}
