/**
 * The functions that networks are made of: activations, losses, normalizations, attention, recurrences.
 */
import { tensor } from "@cotangent/gradcheck/generators"
import * as Activation from "@cotangent/nn/Activation"
import * as Attention from "@cotangent/nn/Attention"
import * as Loss from "@cotangent/nn/Loss"
import * as Normalization from "@cotangent/nn/Normalization"
import * as Recurrent from "@cotangent/nn/Recurrent"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Check, Group } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats, Whole } from "./inputs.ts"
import { binary, domains, indices, of, shapes, unary } from "./inputs.ts"

const { nonzero, positive, shares } = domains

const activations = group<typeof Activation>()(
  "activation",
  {},
  {
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
    gelu: {
      exact: unary((x) => Activation.gelu(x)),
      tanh: unary((x) => Activation.gelu(x, { approximate: "tanh" }))
    },
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
  }
)

/** Logits and labels of three classes for two rows. */
const classified = fc.tuple(tensor([2, 3]), indices([2], 3))

/** Predictions that are above their targets by `gap` or more. */
const above = (f: (prediction: Floats, target: Floats) => unknown, gap: number): Check =>
  check(
    f,
    shapes.chain((shape) => fc.tuple(tensor(shape, { min: gap }), tensor(shape, { max: 0 })))
  )

const losses = group<typeof Loss>()(
  "loss",
  {},
  {
    mse: binary((x, y) => Loss.mse(x, y)),
    mae: above((x, y) => Loss.mae(x, y), 0.1),
    huber: {
      linear: above((x, y) => Loss.huber(x, y), 1.2),
      quadratic: above((x, y) => Loss.huber(x, y, { delta: 7 }), 0)
    },
    binaryCrossEntropyWithLogits: binary((x, y) => Loss.binaryCrossEntropyWithLogits(x, y), {}, shares),
    binaryCrossEntropy: binary((x, y) => Loss.binaryCrossEntropy(x, y), shares, shares),
    klDivergence: binary((x, y) => Loss.klDivergence(x, y), {}, shares),
    hinge: {
      "on the wrong side": binary((x, y) => Loss.hinge(x, y), { max: 0 }, { min: 0.25 }),
      "far on the right side": binary((x, y) => Loss.hinge(x, y), { min: 2 }, { min: 1 })
    },
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
  }
)

/** A mean and a variance for each of two channels. */
const statistics = [tensor([2]), tensor([2], positive)] as const

type Channels = Tensor.Tensor<readonly [number], "f64">

const normalizations = group<typeof Normalization>()(
  "normalization",
  {},
  {
    layerNorm: of((x) => Normalization.layerNorm(x), [2, 3]),
    rmsNorm: of((x) => Normalization.rmsNorm(x), [2, 3]),
    groupNorm: of((x) => Normalization.groupNorm(x, { groups: 2 }), [1, 4, 2]),
    instanceNorm: of((x) => Normalization.instanceNorm(x), [1, 2, 3]),
    batchNorm: check(
      (x: Floats, mean: Channels, variance: Channels) => Normalization.batchNorm(x, { mean, variance }),
      fc.tuple(tensor([3, 2]), ...statistics)
    ),
    batchNormTraining: check(
      // The running statistics have no derivative, on purpose.
      (x: Floats, mean: Channels, variance: Channels) => Normalization.batchNormTraining(x, { mean, variance }).output,
      fc.tuple(tensor([3, 2]), ...statistics)
    ),
    l2Normalize: unary((x) => Normalization.l2Normalize(x), nonzero)
  }
)

const attention = group<typeof Attention>()(
  "attention",
  {},
  {
    attentionWeights: of((query, key) => Attention.attentionWeights({ query, key }), [2, 3], [3, 3]),
    scaledDotProductAttention: {
      "all keys": of(
        (query, key, value) => Attention.scaledDotProductAttention({ query, key, value }),
        [2, 3],
        [3, 3],
        [3, 2]
      ),
      causal: of(
        (query, key, value) => Attention.scaledDotProductAttention({ query, key, value }, { causal: true }),
        [2, 3],
        [2, 3],
        [2, 2]
      )
    },
    multiHeadAttention: of(
      (x, stacked, last) =>
        Attention.multiHeadAttention(
          x,
          // Of the shapes that are drawn.
          { in_proj_weight: stacked as never, out_proj: { weight: last as never } },
          { heads: 2 }
        ),
      [2, 2],
      [6, 2],
      [2, 2]
    )
  }
)

/** The weights of one layer and direction, of one input and one state. */
const weights = (gates: number, place: string) => ({
  [`weight_ih_${place}`]: tensor([gates, 1]),
  [`weight_hh_${place}`]: tensor([gates, 1]),
  [`bias_ih_${place}`]: tensor([gates]),
  [`bias_hh_${place}`]: tensor([gates])
})

type Weights = Recurrent.RecurrentParams<"f64">

/** Two steps of one feature. */
const recurrent = (f: (x: Floats, params: Weights, hidden: Floats) => unknown, gates: number, places = ["l0"]): Check =>
  check(
    f,
    fc.tuple(
      tensor([1, 2, 1]),
      fc.record(Object.assign({}, ...places.map((place) => weights(gates, place)))),
      tensor([places.length, 1, 1])
    )
  )

const recurrences = group<typeof Recurrent>()(
  "recurrent",
  {},
  {
    rnn: recurrent((x, params, hidden) => Recurrent.rnn(x, params, { hidden }), 1),
    gru: recurrent((x, params, hidden) => Recurrent.gru(x, params, { hidden }), 3),
    lstm: {
      "one direction": recurrent((x, params, hidden) => Recurrent.lstm(x, params, { hidden, cell: hidden }), 4),
      "both directions": recurrent((x, params, hidden) => Recurrent.lstm(x, params, { hidden, cell: hidden }), 4, [
        "l0",
        "l0_reverse"
      ])
    }
  }
)

/** Activations, losses, normalizations, attention and recurrences. */
export const functions: ReadonlyArray<Group> = [activations, losses, normalizations, attention, recurrences]
