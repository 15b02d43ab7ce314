/** Derivatives and batches of normalizations, attention and recurrent networks. */
import * as Attention from "../src/Attention.ts"
import * as Normalization from "../src/Normalization.ts"
import * as Recurrent from "../src/Recurrent.ts"
import { values } from "./values.ts"
import { pullback } from "@cotangent/autodiff/Vjp"
import { fractions, array } from "@cotangent/gradcheck/arrays"
import type { Signature } from "@cotangent/testing/Case"
import { batched, directed } from "@cotangent/testing/directions"
import { batchIsLoop, jvpIsDifference, secondOrder, vjpIsAdjoint } from "@cotangent/testing/derivatives"
import type { Measurement } from "@cotangent/gradcheck/Measurement"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"

// What a tensor stands for is known here, and not to the compiler.
type Input = Tensor.Tensor<Tensor.Shape, never>
type Params = Recurrent.RecurrentParams<never>

const epsilon = 0.1

const recurrentShapes = (gates: number, bidirectional: boolean): Readonly<Record<string, Dims>> => {
  const [features, hidden, directions] = [2, 2, bidirectional ? 2 : 1]
  const rows = [0, 1].flatMap((layer) =>
    ["", "_reverse"].slice(0, directions).flatMap((suffix) => [
      [`weight_ih_l${layer}${suffix}`, [gates * hidden, layer === 0 ? features : directions * hidden]],
      [`weight_hh_l${layer}${suffix}`, [gates * hidden, hidden]],
      [`bias_ih_l${layer}${suffix}`, [gates * hidden]],
      [`bias_hh_l${layer}${suffix}`, [gates * hidden]]
    ])
  )
  return Object.fromEntries(rows)
}

const row = (name: string, shapes: ReadonlyArray<Dims>, apply: (...inputs: ReadonlyArray<Input>) => Tensor.Tensor) => ({
  name,
  inputs: shapes.map((shape) => array(shape, "f64", fractions)),
  apply: (inputs: ReadonlyArray<Tensor.Tensor>) => apply(...(inputs as ReadonlyArray<Input>)),
  differentiable: shapes.map((_, i) => i)
})

const recurrentRow = (
  name: string,
  shapes: Readonly<Record<string, Dims>>,
  apply: (x: Input, params: Params) => Tensor.Tensor
): Signature =>
  row(name, [[2, 3, 2], ...Object.values(shapes)], (x, ...weights) =>
    apply(x, Object.fromEntries(Object.keys(shapes).map((key, i) => [key, weights[i]])) as never)
  )

/** All that a network gives, in one tensor. */
const joined = (outcome: Recurrent.Recurrence): Tensor.Tensor =>
  Tensor.concatenate(Tree.leaves(outcome).map((leaf) => Tensor.flatten(leaf)))

const signatures: ReadonlyArray<Signature> = [
  row(
    "layerNorm",
    [
      [2, 3, 2],
      [3, 2],
      [3, 2]
    ],
    (x, weight, bias) => Normalization.layerNorm(x, { axes: [-1, -2], epsilon, weight, bias })
  ),
  row("rmsNorm", [[3, 4], [4]], (x, weight) => Normalization.rmsNorm(x, { epsilon, weight })),
  row("groupNorm", [[2, 4, 3], [4], [4]], (x, weight, bias) =>
    Normalization.groupNorm(x, { groups: 2, epsilon, weight, bias })
  ),
  row("instanceNorm", [[2, 2, 3], [2], [2]], (x, weight, bias) =>
    Normalization.instanceNorm(x, { epsilon, weight, bias })
  ),
  row("batchNorm", [[2, 3, 2], [3], [3], [3]], (x, mean, weight, bias) =>
    Normalization.batchNorm(x, {
      mean: Tensor.flatten(mean),
      variance: Tensor.ones([3], "f64"),
      epsilon,
      weight,
      bias
    })
  ),
  row("batchNormTraining", [[2, 3, 2], [3], [3]], (x, weight, bias) => {
    const running = { mean: Tensor.zeros([3], "f64"), variance: Tensor.ones([3], "f64") }
    return Normalization.batchNormTraining(x, running, { epsilon, weight, bias }).output
  }),
  row("l2Normalize", [[3, 4]], (x) => Normalization.l2Normalize(Tensor.add(x, 2 as never))),
  row(
    "scaledDotProductAttention",
    [
      [2, 3, 2],
      [2, 4, 2],
      [2, 4, 1]
    ],
    (query, key, value) => Attention.scaledDotProductAttention({ query, key, value }, { causal: true })
  ),
  row(
    "masked attention",
    [
      [3, 2],
      [3, 2],
      [3, 1]
    ],
    (query, key, value) => {
      const mask = Tensor.of(
        [
          [1, 0, 1],
          [0, 0, 0],
          [0, 1, 0]
        ],
        "bool"
      )
      return Attention.scaledDotProductAttention({ query, key, value }, { mask })
    }
  ),
  row("multiHeadAttention", [[2, 3, 4], [12, 4], [12], [4, 4], [4]], (x, weight, bias, ...last) =>
    Attention.multiHeadAttention(
      x,
      { in_proj_weight: weight, in_proj_bias: bias, out_proj: { weight: last[0], bias: last[1] } } as never,
      { heads: 2 }
    )
  ),
  recurrentRow("rnn", recurrentShapes(1, true), (x, params) => joined(Recurrent.rnn(x, params))),
  recurrentRow("gru", recurrentShapes(3, false), (x, params) => joined(Recurrent.gru(x, params))),
  recurrentRow("lstm", recurrentShapes(4, false), (x, params) => joined(Recurrent.lstm(x, params)))
]

const assertLaw = <A>(law: (value: A) => Measurement, arbitrary: fc.Arbitrary<A>, numRuns = 4): void =>
  fc.assert(
    fc.property(arbitrary, (value) => assert.isAtMost(law(value).error, 1)),
    { numRuns, seed: 1 }
  )

describe.each(signatures)("$name", (signature) => {
  it("has a jvp that agrees with central differences", () => assertLaw(jvpIsDifference, directed(signature)))
  it("has a vjp that is the adjoint of its jvp", () => assertLaw(vjpIsAdjoint, directed(signature)))
  it("has a second derivative that agrees with central differences", () =>
    assertLaw(secondOrder, directed(signature), 2))
  it("has the same value for a batch as for each example", () => assertLaw(batchIsLoop, batched(signature), 2))
})

/** The `lstm` of one layer, step by step. */
const unrolled = (x: Input, params: Params): Tensor.Tensor => {
  const [batch, steps] = (x as Tensor.Tensor).shape
  const hidden = (params.weight_hh_l0 as Tensor.Tensor).shape[1]
  let h: Tensor.Tensor = Tensor.zeros([batch, hidden], "f64")
  let c = h
  const outputs = Array.from({ length: steps }, (_, step) => {
    const given = Tensor.squeeze(Tensor.slice(x as Tensor.Tensor, { start: [0, step], stop: [batch, step + 1] }), 1)
    const [inner, outer] = [Tensor.transpose(params.weight_ih_l0), Tensor.transpose(params.weight_hh_l0)]
    const gates = Tensor.add(
      Tensor.add(Tensor.matmul(given, inner as Tensor.Tensor), params.bias_ih_l0 as Tensor.Tensor),
      Tensor.add(Tensor.matmul(h, outer as Tensor.Tensor), params.bias_hh_l0 as Tensor.Tensor)
    )
    const [i, f, g, o]: ReadonlyArray<Tensor.Tensor> = Tensor.split(gates, 4, 1)
    c = Tensor.add(Tensor.mul(Tensor.sigmoid(f), c), Tensor.mul(Tensor.sigmoid(i), Tensor.tanh(g)))
    h = Tensor.mul(Tensor.sigmoid(o), Tensor.tanh(c))
    return h
  })
  return Tensor.concatenate([Tensor.stack(outputs, 1), h, c].map((part) => Tensor.flatten(part)))
}

it("lstm is its unrolled loop, and so are its gradients", () => {
  const shapes = {
    weight_ih_l0: [12, 2],
    weight_hh_l0: [12, 3],
    bias_ih_l0: [12],
    bias_hh_l0: [12]
  } satisfies Readonly<Record<string, Dims>>
  const noise = (shape: Dims, seed: number): Tensor.Tensor =>
    constant(
      make(
        shape,
        "f64",
        Array.from({ length: size(shape) }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed))
      )
    )
  const run = fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(1000), (steps, seed) => {
    const x = noise([2, steps, 2], seed)
    const params = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, noise(shape, seed + i)]))
    const [scanned, looped] = [
      joined(Recurrent.lstm(x as Input, params as never)),
      unrolled(x as Input, params as never)
    ]
    const cotangent = noise(scanned.shape, seed + 9)
    const leaves = [x, ...Object.values(params)]
    const all = [scanned, looped].map((y) => [y, ...pullback([y], leaves, [cotangent])].flatMap((t) => values(t!)))
    all[0].forEach((value, i) => assert.closeTo(value, all[1][i], 1e-10))
  })
  fc.assert(run, { numRuns: 5, seed: 1 })
})
