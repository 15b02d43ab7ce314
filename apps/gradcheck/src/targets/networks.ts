/**
 * Activations, losses and layers. The records of activations and losses are total.
 */
import { tensor } from "@cotangent/gradcheck/generators"
import * as Activation from "@cotangent/nn/Activation"
import * as Attention from "@cotangent/nn/Attention"
import * as Initializer from "@cotangent/nn/Initializer"
import { selfAttention } from "@cotangent/nn/layer/attend"
import { conv1d, conv2d, conv3d } from "@cotangent/nn/layer/convolution"
import { embedding, linear } from "@cotangent/nn/layer/linear"
import { batchNorm, groupNorm, instanceNorm, layerNorm, rmsNorm } from "@cotangent/nn/layer/normalize"
import { channelDropout } from "@cotangent/nn/layer/regularize"
import { gru, lstm, rnn } from "@cotangent/nn/layer/recur"
import * as Loss from "@cotangent/nn/Loss"
import type { Model } from "@cotangent/nn/Model"
import * as Normalization from "@cotangent/nn/Normalization"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Check, Target } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats, Whole } from "./inputs.ts"
import { binary, domains, indices, of, shapes, unary } from "./inputs.ts"

const { nonzero, positive, shares } = domains

const activations = {
  relu: unary((x) => Activation.relu(x), nonzero),
  sigmoid: unary((x) => Activation.sigmoid(x)),
  tanh: unary((x) => Activation.tanh(x)),
  softplus: unary((x) => Activation.softplus(x)),
  logSigmoid: unary((x) => Activation.logSigmoid(x)),
  softmax: unary((x) => Activation.softmax(x)),
  logSoftmax: unary((x) => Activation.logSoftmax(x)),
  leakyRelu: unary((x) => Activation.leakyRelu(x), nonzero),
  elu: unary((x) => Activation.elu(x, { alpha: 0.5 }), nonzero),
  selu: unary(Activation.selu, nonzero),
  celu: unary((x) => Activation.celu(x, { alpha: 0.5 }), nonzero),
  gelu: unary((x) => Activation.gelu(x)),
  silu: unary(Activation.silu),
  mish: unary(Activation.mish),
  hardtanh: unary((x) => Activation.hardtanh(x), { away: [-1, 1] }),
  relu6: unary(Activation.relu6, { max: 7, away: [0, 6] }),
  hardsigmoid: unary(Activation.hardsigmoid, { min: -4, max: 4, away: [-3, 3] }),
  hardswish: unary(Activation.hardswish, { min: -4, max: 4, away: [-3, 3] }),
  softsign: unary(Activation.softsign, nonzero),
  tanhshrink: unary(Activation.tanhshrink),
  prelu: check(
    (x: Floats, slope: Tensor.Tensor<readonly [number], "f64">) => Activation.prelu(x, slope),
    fc.tuple(tensor([2, 3], nonzero), tensor([3]))
  ),
  glu: of((x) => Activation.glu(x), [2, 4]),
  gumbelSoftmax: unary((x) => Activation.gumbelSoftmax(x, { key: Random.key(1), temperature: 0.7 })),
  maxout: unary((x) => Activation.maxout(x, { pieces: 2 }), { isDistinct: true }, [4])
} satisfies Readonly<Record<keyof typeof Activation, Check>>

/** Labels of three classes for two rows. */
const classified = fc.tuple(tensor([2, 3]), indices([2], 3))

const losses = {
  mse: binary((x, y) => Loss.mse(x, y)),
  mae: check(
    (x: Floats, y: Floats) => Loss.mae(x, y),
    shapes.chain((shape) => fc.tuple(tensor(shape, { min: 0.1 }), tensor(shape, { max: 0 })))
  ),
  huber: check(
    (x: Floats, y: Floats) => Loss.huber(x, y),
    shapes.chain((shape) => fc.tuple(tensor(shape, { min: 1.2 }), tensor(shape, { max: 0 })))
  ),
  binaryCrossEntropyWithLogits: binary((x, y) => Loss.binaryCrossEntropyWithLogits(x, y), {}, shares),
  binaryCrossEntropy: binary((x, y) => Loss.binaryCrossEntropy(x, y), shares, shares),
  klDivergence: binary((x, y) => Loss.klDivergence(x, y), {}, shares),
  hinge: binary((x, y) => Loss.hinge(x, y), { max: 0 }, { min: 0.25, max: 0.25 }),
  poissonNegativeLogLikelihood: binary((x, y) => Loss.poissonNegativeLogLikelihood(x, y), {}, positive),
  gaussianNegativeLogLikelihood: check(
    (x: Floats, y: Floats, v: Floats) => Loss.gaussianNegativeLogLikelihood(x, y, v),
    shapes.chain((shape) => fc.tuple(tensor(shape), tensor(shape), tensor(shape, positive)))
  ),
  negativeLogLikelihood: check(
    (x: Floats, labels: Whole) => Loss.negativeLogLikelihood(Tensor.logSoftmax(x), labels),
    classified
  ),
  tripletMargin: of(
    (anchor, x, y) =>
      Loss.tripletMargin({ anchor, positive: Tensor.add(x, 20), negative: Tensor.sub(y, 8) }, { margin: 0.5 }),
    [2, 3],
    [2, 3],
    [2, 3]
  ),
  crossEntropy: check((x: Floats, labels: Whole) => Loss.crossEntropy(x, labels), classified)
} satisfies Readonly<Record<keyof typeof Loss, Check>>

const normalizations = {
  layerNorm: of((x) => Normalization.layerNorm(x), [2, 3]),
  rmsNorm: of((x) => Normalization.rmsNorm(x), [2, 3]),
  groupNorm: of((x) => Normalization.groupNorm(x, { groups: 2 }), [1, 4, 2]),
  instanceNorm: of((x) => Normalization.instanceNorm(x), [1, 2, 3]),
  l2Normalize: unary((x) => Normalization.l2Normalize(x), nonzero),
  attention: of(
    (query, key, value) => Attention.scaledDotProductAttention({ query, key, value }, { causal: true }),
    [2, 3],
    [2, 3],
    [2, 2]
  )
}

const key = Random.key(0)

/** Any model on one tensor. */
// The layers below state which tensors they take; each is given one of that shape.
// oxlint-disable-next-line typescript/no-explicit-any
type Layer<P, S> = Model<P, S, any, unknown>

/** A layer as a function of its parameters, state and input, in inference and in training. */
const layer = <P, S>({ init, predict, train }: Layer<P, S>, shape: Dims): Check => {
  const { params, state } = init(key)
  return check(
    (params: P, state: S, input: Tensor.Tensor) => [
      predict(params, state, input),
      train(params, state, input, key).output
    ],
    [params, state, Random.normal(Random.foldIn(key, 1), shape)]
  )
}

const layers = {
  linear: layer(linear(3, 2, { biasInitializer: Initializer.normal(1) }), [2, 3]),
  conv1d: layer(conv1d(2, 2, { kernel: 3, padding: "same" }), [1, 2, 4]),
  conv2d: layer(conv2d(2, 2, { kernel: 2, stride: 2, padding: 1 }), [1, 2, 3, 3]),
  conv3d: layer(conv3d(1, 1, { kernel: 2 }), [1, 1, 2, 3, 2]),
  layerNorm: layer(layerNorm(3), [2, 3]),
  rmsNorm: layer(rmsNorm(3), [2, 3]),
  groupNorm: layer(groupNorm(4, { groups: 2 }), [1, 4, 2]),
  instanceNorm: layer(instanceNorm(2), [1, 2, 3]),
  batchNorm: layer(batchNorm(2), [3, 2]),
  rnn: layer(rnn(2, 2), [1, 3, 2]),
  lstm: layer(lstm(2, 2), [1, 2, 2]),
  bidirectionalLstm: layer(lstm(1, 1, { bidirectional: true }), [1, 2, 1]),
  gru: layer(gru(2, 2), [1, 2, 2]),
  selfAttention: layer(selfAttention(2, { heads: 2, causal: true }), [2, 2]),
  selfAttentionWithDropout: layer(selfAttention(2, { heads: 2, dropout: 0.3 }), [3, 2]),
  channelDropout: layer(channelDropout(0.3), [2, 3, 2]),
  embedding: check(
    (weight: Tensor.Tensor<readonly [3, 2], "f64">, rows: Whole) => embedding(3, 2).predict({ weight }, {}, rows),
    fc.tuple(tensor([3, 2]), indices([4], 3))
  )
}

/** Activations, losses and layers. */
export const networks: ReadonlyArray<Target> = [
  ...group("activation", activations),
  ...group("loss", losses),
  ...group("function", normalizations),
  ...group("layer", layers)
]
