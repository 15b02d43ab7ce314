/**
 * Normalizations, attention and recurrent networks as operations. Parameters have the names of PyTorch.
 */
import * as Attention from "@cotangent/nn/Attention"
import * as Normalization from "@cotangent/nn/Normalization"
import * as Recurrent from "@cotangent/nn/Recurrent"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attributes } from "./Attributes.ts"
import type { Input, Inputs, Operation } from "./operations.ts"

const gains = ({ beta, gamma }: Inputs): Normalization.Gains => ({
  ...(gamma === undefined ? {} : { weight: gamma }),
  ...(beta === undefined ? {} : { bias: beta })
})

/** Statistics of channels, which a case gives as an input or as an attribute. */
const statistics = (inputs: Inputs, attributes: Attributes): Normalization.Statistics => {
  const named = (name: string): Tensor.Tensor<readonly [number], Tensor.Float> =>
    Tensor.flatten(inputs[name] ?? Tensor.of(attributes.numbers(name), (inputs.x as Tensor.Tensor).dtype))
  return { mean: named("runningMean"), variance: named("runningVariance") }
}

const normalizations: Readonly<Record<string, Operation>> = {
  layerNorm: (inputs, attributes) =>
    Normalization.layerNorm(inputs.x, {
      ...gains(inputs),
      axes: attributes.numbers("axes", [-1]),
      epsilon: attributes.number("epsilon", 1e-5)
    }),
  rmsNorm: (inputs, attributes) =>
    Normalization.rmsNorm(inputs.x, {
      ...gains(inputs),
      axes: attributes.numbers("axes", [-1]),
      epsilon: attributes.number("epsilon", 1e-6)
    }),
  groupNorm: (inputs, attributes) =>
    Normalization.groupNorm(inputs.x, {
      ...gains(inputs),
      groups: attributes.number("groups"),
      epsilon: attributes.number("epsilon", 1e-5)
    }),
  instanceNorm: (inputs, attributes) =>
    Normalization.instanceNorm(inputs.x, { ...gains(inputs), epsilon: attributes.number("epsilon", 1e-5) }),
  batchNorm: (inputs, attributes) => {
    const [running, mode] = [statistics(inputs, attributes), attributes.text("mode", "eval")]
    const options = { ...gains(inputs), epsilon: attributes.number("epsilon", 1e-5) }
    if (mode === "eval") return Normalization.batchNorm(inputs.x, { ...running, ...options })
    const momentum = attributes.number("momentum", 0.1)
    const next = Normalization.batchNormTraining(inputs.x, running, { ...options, momentum })
    return { y: next.output, runningMean: next.running.mean, runningVariance: next.running.variance }
  },
  l2Normalize: ({ x }, attributes) =>
    Normalization.l2Normalize(x, {
      axis: attributes.number("axis", -1),
      epsilon: attributes.number("epsilon", 1e-12)
    })
}

const attentions: Readonly<Record<string, Operation>> = {
  scaledDotProductAttention: ({ key, mask, query, value }, attributes) =>
    Attention.scaledDotProductAttention(
      { query, key, value },
      {
        causal: attributes.flag("causal", false),
        ...(mask === undefined ? {} : { mask }),
        ...(attributes.has("scale") ? { scale: attributes.number("scale") } : {})
      }
    ),
  multiHeadAttention: (inputs, attributes) => {
    const params = {
      in_proj_weight: inputs.in_proj_weight,
      in_proj_bias: inputs.in_proj_bias,
      out_proj: { weight: inputs["out_proj.weight"], bias: inputs["out_proj.bias"] }
    }
    // Extents of weights are checked when the expression is built.
    return Attention.multiHeadAttention(inputs.x, params as never, {
      heads: attributes.number("heads"),
      causal: attributes.flag("causal", false),
      ...(inputs.mask === undefined ? {} : { mask: inputs.mask })
    })
  }
}

/** A recurrent network. How many layers and directions it has, the names of its weights tell. */
const recurrent =
  (apply: (x: Input, params: Recurrent.RecurrentParams, attributes: Attributes) => Recurrent.Recurrence): Operation =>
  ({ x, ...params }, attributes) => {
    // Names and extents of weights are checked when the expression is built.
    const { hidden, output, ...rest } = apply(x, params as never, attributes)
    return { y: output, h: hidden, ...("cell" in rest ? { c: rest.cell as Tensor.Tensor } : {}) }
  }

/** Operations of the suites `normalization` and `sequence`. */
export const networks: Readonly<Record<string, Operation>> = {
  ...normalizations,
  ...attentions,
  rnn: recurrent((x, params, attributes) =>
    Recurrent.rnn(x, params, { activation: attributes.text("activation", "tanh") === "relu" ? "relu" : "tanh" })
  ),
  lstm: recurrent((x, params) => Recurrent.lstm(x, params)),
  gru: recurrent((x, params) => Recurrent.gru(x, params))
}
