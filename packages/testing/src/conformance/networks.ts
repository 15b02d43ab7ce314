/**
 * Normalizations, attention and recurrent networks as operations. Parameters have the names of PyTorch.
 */
import * as Attention from "@cotangent/nn/Attention"
import * as Normalization from "@cotangent/nn/Normalization"
import * as Recurrent from "@cotangent/nn/Recurrent"
import { ArgumentError } from "@cotangent/tensor/errors"
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
    const [running, mode] = [statistics(inputs, attributes), attributes.choice("mode", ["train", "eval"], "eval")]
    // At inference there is nothing to move.
    const momentum = attributes.number("momentum", 0.1)
    const options = { ...gains(inputs), epsilon: attributes.number("epsilon", 1e-5) }
    if (mode === "eval") return Normalization.batchNorm(inputs.x, { ...running, ...options })
    const next = Normalization.batchNormTraining(inputs.x, running, { ...options, momentum })
    return { y: next.output, runningMean: next.running.mean, runningVariance: next.running.variance }
  },
  l2Normalize: ({ x }, attributes) =>
    Normalization.l2Normalize(x, {
      axis: attributes.number("axis", -1),
      epsilon: attributes.number("epsilon", 1e-12)
    })
}

const stacked = "PyTorch names: in_proj is query, key, value stacked"

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
    attributes.choice("weights", [stacked], stacked)
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

/** Which axis of sequences comes first. */
const layouts = ["batch,time,features", "time,batch,features"] as const

const weightName = /^(weight|bias)_(ih|hh)_l\d+(_reverse)?$/

/** **Throws** `ArgumentError` where the case says another thing of its network than the names of its weights do. */
const checkNetwork = (params: Readonly<Record<string, Input>>, attributes: Attributes): void => {
  attributes.choice("weights", ["PyTorch names and gate order"], "PyTorch names and gate order")
  const names = Object.keys(params)
  const said = {
    layers: names.filter((name) => /^weight_ih_l\d+$/.test(name)).length,
    hidden: params.weight_hh_l0?.shape[1],
    bidirectional: names.includes("weight_ih_l0_reverse")
  }
  const strange = names.filter((name) => !weightName.test(name))
  const isTold =
    attributes.number("layers", said.layers) === said.layers &&
    attributes.number("hidden", said.hidden) === said.hidden &&
    attributes.flag("bidirectional", said.bidirectional) === said.bidirectional
  if (isTold && strange.length === 0) return
  throw new ArgumentError({
    operation: "recurrent",
    expected: "weights as the attributes tell",
    received: strange.length === 0 ? JSON.stringify(said) : strange.join(", ")
  })
}

/** Runs a network over `x`, `[batch, time, features]`. */
type Run = (
  x: Input,
  params: Recurrent.RecurrentParams,
  initial: { readonly hidden?: Input; readonly cell?: Input },
  attributes: Attributes
) => Recurrent.Recurrence

/** A recurrent network. How many layers and directions it has, the names of its weights tell. */
const recurrent =
  (apply: Run, hasCell = false): Operation =>
  ({ h0, x, ...rest }, attributes) => {
    const { c0, ...weights } = rest
    const params = hasCell ? weights : rest
    checkNetwork(params, attributes)
    const isTimeFirst = attributes.choice("layout", layouts, layouts[0]) === layouts[1]
    const turned = (sequence: Tensor.Tensor): Tensor.Tensor =>
      isTimeFirst ? Tensor.swapAxes(sequence, 0, 1) : sequence
    const initial = { ...(h0 === undefined ? {} : { hidden: h0 }), ...(c0 === undefined ? {} : { cell: c0 }) }
    // Names and extents of weights are checked when the expression is built.
    const { hidden, output, ...more } = apply(turned(x) as Input, params as never, initial, attributes)
    return { y: turned(output), h: hidden, ...("cell" in more ? { c: more.cell as Tensor.Tensor } : {}) }
  }

/** Operations of the suites `normalization` and `sequence`. */
export const networks: Readonly<Record<string, Operation>> = {
  ...normalizations,
  ...attentions,
  rnn: recurrent((x, params, { hidden }, attributes) =>
    Recurrent.rnn(x, params, {
      activation: attributes.choice("activation", ["tanh", "relu"], "tanh"),
      ...(hidden === undefined ? {} : { hidden })
    })
  ),
  lstm: recurrent((x, params, initial) => Recurrent.lstm(x, params, initial), true),
  gru: recurrent((x, params, { hidden }) => Recurrent.gru(x, params, hidden === undefined ? {} : { hidden }))
}
