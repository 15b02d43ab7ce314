import * as Activation from "../src/Activation.ts"
import * as Initializer from "../src/Initializer.ts"
import * as Model from "../src/Model.ts"
import { avgPool1d, avgPool2d, conv1d, conv2d, conv3d, globalAvgPool2d, maxPool1d, maxPool2d } from "../src/index.ts"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"
import { values } from "./values.ts"

const key = Random.key(0)

describe("convolutions", () => {
  it("have kernels of as many axes as they slide over, and biases", () => {
    const layers = [conv1d(4, 6, { kernel: 3 }), conv2d(4, 6, { kernel: [3, 2] }), conv3d(4, 6, { kernel: 2 })]
    assert.deepStrictEqual(
      layers.map((layer) => layer.init(key).params.weight.shape.length),
      [3, 4, 5]
    )
    assert.deepStrictEqual(Tree.paths(conv2d(4, 6, { kernel: 3 }).init(key).params), ["weight", "bias"])
    assert.deepStrictEqual(Tree.paths(conv2d(4, 6, { kernel: 3, bias: false }).init(key).params), ["weight"])
  })

  it("give each group a part of the channels", () => {
    const { params } = conv2d(4, 6, { kernel: 3, groups: 2 }).init(key)
    assert.deepStrictEqual([...params.weight.shape], [6, 2, 3, 3])
  })

  it("add the bias of each channel to the sums of the windows", () => {
    const layer = conv2d(1, 2, { kernel: 2, initializer: Initializer.ones })
    const params = { ...layer.init(key).params, bias: Tensor.of([0, 10]) }
    const image = Tensor.of([
      [
        [
          [1, 2, 3],
          [4, 5, 6]
        ]
      ]
    ])
    assert.deepStrictEqual(values(layer.predict(params, {}, image)), [12, 16, 22, 26])
  })
})

describe("pooling", () => {
  const image = Tensor.of([
    [
      [
        [1, 2, 5, 6],
        [3, 4, 7, 8]
      ]
    ]
  ])
  const row = Tensor.of([[[1, 3, 2, 8]]])

  it("takes the greatest or the mean of each window", () => {
    assert.deepStrictEqual(values(maxPool2d({ kernel: 2 }).predict({}, {}, image)), [4, 8])
    assert.deepStrictEqual(values(avgPool2d({ kernel: 2 }).predict({}, {}, image)), [2.5, 6.5])
    assert.deepStrictEqual(values(maxPool1d({ kernel: 2 }).predict({}, {}, row)), [3, 8])
    assert.deepStrictEqual(values(avgPool1d({ kernel: 2 }).predict({}, {}, row)), [2, 5])
    assert.deepStrictEqual(values(globalAvgPool2d(image)), [4.5])
  })

  it("composes with convolutions, in training too", () => {
    const model = Model.sequential(
      ["first", conv2d(1, 4, { kernel: 3, padding: "same" })],
      Activation.relu,
      maxPool2d({ kernel: 2 }),
      ["second", conv2d(4, 2, { kernel: 3, stride: 2, padding: 1 })],
      globalAvgPool2d
    )
    const { params, state } = model.init(key)
    const images = Tensor.ones([5, 1, 8, 8])
    assert.deepStrictEqual([...model.predict(params, state, images).shape], [5, 2])
    assert.deepStrictEqual([...model.train(params, state, images, key).output.shape], [5, 2])
  })
})
