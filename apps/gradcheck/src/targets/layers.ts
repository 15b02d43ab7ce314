/**
 * Layers, and the ways to compose them.
 */
import { tensor } from "@cotangent/gradcheck/generators"
import * as Nn from "@cotangent/nn"
import { Activation, Initializer, Model, Probe } from "@cotangent/nn"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Group } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats, Whole } from "./inputs.ts"
import { domains, indices, of, unary } from "./inputs.ts"
import { model, normal } from "./model.ts"

/** Layers that have weights, biases that are not zero included. */
const dense = <const I extends number, const O extends number>(inputs: I, outputs: O) =>
  Nn.linear(inputs, outputs, { biasInitializer: Initializer.normal(1) })

const single = group<typeof Nn>()(
  "layer",
  {
    "is a module, checked export by export": [
      "Activation",
      "Attention",
      "Loss",
      "Model",
      "Normalization",
      "Probe",
      "Recurrent"
    ],
    "makes tensors of random keys": ["Initializer"],
    "counts, which has no derivative": ["Metric"],
    "takes trees of parameters apart": ["Parameters"],
    "reads and writes parameters": ["PyTorch"],
    "describes models": ["Summary"]
  },
  {
    linear: {
      "with a bias": model(dense(3, 2), normal(2, 3)),
      without: model(Nn.linear(3, 2, { bias: false }), normal(2, 3))
    },
    embedding: check(
      (weight: Tensor.Tensor<readonly [3, 2], "f64">, rows: Whole) => Nn.embedding(3, 2).predict({ weight }, {}, rows),
      fc.tuple(tensor([3, 2]), indices([4], 3))
    ),
    conv1d: model(Nn.conv1d(2, 2, { kernel: 3, padding: "same" }), normal(1, 2, 4)),
    conv2d: model(Nn.conv2d(2, 2, { kernel: 2, stride: 2, padding: 1 }), normal(1, 2, 3, 3)),
    conv3d: model(Nn.conv3d(1, 1, { kernel: 2 }), normal(1, 1, 2, 3, 2)),
    maxPool1d: model(Nn.maxPool1d({ kernel: 2 }), normal(1, 2, 5)),
    maxPool2d: model(Nn.maxPool2d({ kernel: 2, stride: 1 }), normal(1, 1, 3, 3)),
    avgPool1d: model(Nn.avgPool1d({ kernel: 2 }), normal(1, 2, 4)),
    avgPool2d: model(Nn.avgPool2d({ kernel: 2 }), normal(1, 1, 4, 2)),
    globalAvgPool2d: of((x) => Nn.globalAvgPool2d(Tensor.reshape(x, [1, 2, 2, 2])), [8]),
    flatten: of((x) => Nn.flatten(Tensor.reshape(x, [2, 3, 1])), [6]),
    layerNorm: model(Nn.layerNorm(3), normal(2, 3)),
    rmsNorm: model(Nn.rmsNorm(3), normal(2, 3)),
    groupNorm: model(Nn.groupNorm(4, { groups: 2 }), normal(1, 4, 2)),
    instanceNorm: model(Nn.instanceNorm(2), normal(1, 2, 3)),
    batchNorm: model(Nn.batchNorm(2), normal(3, 2)),
    rnn: model(Nn.rnn(2, 2, { layers: 2 }), normal(1, 2, 2)),
    lstm: {
      "one direction": model(Nn.lstm(2, 2), normal(1, 2, 2)),
      "both directions, the last output": model(Nn.lstm(1, 1, { bidirectional: true, output: "last" }), normal(1, 2, 1))
    },
    gru: model(Nn.gru(2, 2), normal(1, 2, 2)),
    selfAttention: {
      causal: model(Nn.selfAttention(2, { heads: 2, causal: true }), normal(2, 2)),
      "with dropout": model(Nn.selfAttention(2, { heads: 2, dropout: 0.3 }), normal(3, 2))
    },
    multiHeadAttention: model(Nn.multiHeadAttention(2, { heads: 2 }), {
      query: normal(1, 2),
      key: normal(2, 2),
      value: normal(2, 2)
    }),
    prelu: {
      "one slope": model(Nn.prelu(), normal(2, 3)),
      "by channel": model(Nn.prelu({ channels: 3 }), normal(2, 3, 2))
    },
    maxout: model(Nn.maxout(3, 2, { pieces: 3, biasInitializer: Initializer.normal(1) }), normal(2, 3)),
    dropout: {
      "scaled in training": model(Nn.dropout(0.5), normal(3, 3)),
      "scaled at inference": model(Nn.dropout(0.5, { scaled: "inference" }), normal(3, 3))
    },
    channelDropout: model(Nn.channelDropout(0.3), normal(2, 3, 2))
  }
)

const squash = Model.map(dense(2, 3), Tensor.tanh)

const compositions = group<typeof Model>()(
  "composition",
  {},
  {
    stateless: model(
      Model.stateless({ init: () => ({ w: normal(3) }), apply: ({ w }, x: Floats) => Tensor.mul(Tensor.sin(x), w) }),
      normal(3)
    ),
    lift: model(Model.lift(Tensor.tanh), normal(3)),
    map: model(squash, normal(2, 2)),
    contramap: model(Model.contramap(dense(2, 3), Tensor.sin), normal(2, 2)),
    andThen: model(Model.andThen(squash, dense(3, 2)), normal(2, 2)),
    dense: model(Model.dense(Model.map(dense(2, 3), Tensor.tanh)), normal(2, 2)),
    highway: model(Model.highway({ transform: Model.map(dense(2, 2), Tensor.tanh), gate: dense(2, 2) }), normal(2, 2)),
    shortcut: model(Model.shortcut({ inner: Model.map(dense(2, 3), Tensor.tanh), around: dense(2, 3) }), normal(2, 2)),
    residual: model(Model.residual(Model.map(dense(2, 2), Tensor.tanh)), normal(2, 2)),
    sequential: model(
      Model.sequential(["hidden", dense(2, 3)], Activation.tanh, ["norm", Nn.batchNorm(3)], ["output", dense(3, 1)]),
      normal(3, 2)
    ),
    parallel: model(
      Model.parallel({ mean: dense(2, 1), variance: Model.map(dense(2, 1), Tensor.softplus) }),
      normal(2, 2)
    )
  }
)

const probed = Model.sequential(["hidden", dense(2, 3)], Activation.tanh, ["output", dense(3, 1)])

const { state } = probed.init(Random.key(0))

/** A function of the parameters and the input of `probed`. */
const looking = (f: (params: ReturnType<typeof probed.init>["params"], input: Nn.Rows<2>) => unknown) =>
  check(f, [probed.init(Random.key(0)).params, normal(2, 2) as Nn.Rows<2>])

const loss = (output: Nn.Rows<1>) => Tensor.sum(Tensor.square(output))

const probes = group<typeof Probe>()(
  "probe",
  { "a share of what is counted": ["dead", "saturated"] },
  {
    trace: looking((params, input) => Probe.trace(probed, { params, state, input }).layers[1].output),
    gradients: looking((params, input) => Probe.gradients(probed, loss, { params, state, input }).layers[0].gradient),
    statistics: unary((x) => Probe.statistics({ x }), { isDistinct: true, ...domains.nonzero }, [4]),
    probe: looking((params, input) =>
      Probe.probe(probed, loss, { params, state, input }).map(({ activation, gradient }) => [
        activation.mean,
        activation.deviation,
        gradient.norm
      ])
    )
  }
)

/** Layers, the ways to compose them, and those to look inside. */
export const layers: ReadonlyArray<Group> = [single, compositions, probes]
