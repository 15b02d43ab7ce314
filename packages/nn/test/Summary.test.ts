import * as Tensor from "@cotangent/tensor/Tensor"
import { assert, it } from "vitest"
import * as Activation from "../src/Activation.ts"
import { batchNorm, conv2d, flatten, globalAvgPool2d, linear, lstm } from "../src/index.ts"
import * as Model from "../src/Model.ts"
import * as Summary from "../src/Summary.ts"

const block = Model.residual(
  Model.sequential(
    ["conv", conv2d(4, 4, { kernel: 3, padding: 1, bias: false })],
    ["norm", batchNorm(4)],
    Activation.relu
  )
)

const network = Model.sequential(["stem", conv2d(1, 4, { kernel: 3 })], ["block", block], globalAvgPool2d, [
  "head",
  linear(4, 2)
])

it("a summary names layers by path and kind, and counts what they have", () => {
  const { layers, parameters, state } = Summary.summary(network, Tensor.zeros([2, 1, 8, 8]))
  assert.deepStrictEqual(
    layers.map(({ count, kind, path, shapes }) => [path, kind, shapes, count]),
    [
      ["stem", "conv2d", [[2, 4, 6, 6]], 40],
      ["block.conv", "conv2d", [[2, 4, 6, 6]], 144],
      ["block.norm", "batchNorm", [[2, 4, 6, 6]], 8],
      ["block.2", "relu", [[2, 4, 6, 6]], 0],
      ["block.residual", "residual", [[2, 4, 6, 6]], 0],
      ["2", "globalAvgPool2d", [[2, 4]], 0],
      ["head", "linear", [[2, 2]], 10]
    ]
  )
  assert.deepStrictEqual([parameters, state], [202, 8])
  assert.deepStrictEqual(layers[0].parameters, [
    { path: "weight", shape: [4, 1, 3, 3], dtype: "f32" },
    { path: "bias", shape: [4], dtype: "f32" }
  ])
})

it("a rendered summary is a table", () =>
  assert.strictEqual(
    Summary.render(Summary.summary(network, Tensor.zeros([2, 1, 8, 8]))),
    [
      "layer           kind             output        parameters",
      "─────────────────────────────────────────────────────────",
      "stem            conv2d           [2, 4, 6, 6]          40",
      "block.conv      conv2d           [2, 4, 6, 6]         144",
      "block.norm      batchNorm        [2, 4, 6, 6]           8",
      "block.2         relu             [2, 4, 6, 6]",
      "block.residual  residual         [2, 4, 6, 6]",
      "2               globalAvgPool2d  [2, 4]",
      "head            linear           [2, 2]                10",
      "─────────────────────────────────────────────────────────",
      "202 parameters, 8 numbers of state"
    ].join("\n")
  ))

it("sequences, lifted functions without a name and single layers have summaries, too", () => {
  const head = Model.map(linear(5, 1), (x) => Tensor.mul(x, 2))
  const model = Model.sequential(["lstm", lstm(3, 5, { output: "last" })], ["head", head])
  assert.deepStrictEqual(
    Summary.summary(model, Tensor.zeros([2, 7, 3])).layers.map(({ kind, path }) => [path, kind]),
    [
      ["lstm", "lstm"],
      ["head", "linear"],
      ["head.map", "function"]
    ]
  )
  const [layer] = Summary.summary(linear(2, 3), Tensor.zeros([1, 2])).layers
  assert.deepStrictEqual([layer.path, layer.kind, layer.count], ["", "linear", 9])
  assert.match(Summary.render(Summary.summary(linear(2, 3), Tensor.zeros([1, 2]))), /^model +linear/m)
})

it("a summary of what does not fit is refused as the model refuses it", () =>
  assert.throws(
    () => Summary.summary(Model.sequential(flatten, ["output", linear(4, 2)]), Tensor.zeros([1, 5])),
    /matmul/
  ))
