import { valueAndGrad } from "@cotangent/autodiff"
import { Loss, Parameters, Probe, Summary } from "@cotangent/nn"
import { Optimizer } from "@cotangent/optim"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"
import { convnet } from "../src/convnet.ts"
import { densenet, lenet, resnet, torchvisionName } from "../src/images.ts"
import { settled, values } from "./values.ts"

describe("lenet", () => {
  it("is the network of the notes for color images of 32 by 32", () => {
    const model = lenet({ size: 32, classes: 10 })
    const { params } = model.init(Random.key(0))
    const { layers, parameters } = Summary.summary(model, Tensor.zeros([1, 3, 32, 32]))
    assert.deepStrictEqual(
      layers.map(({ kind, shapes: [shape] }) => [kind, shape.slice(1)]),
      [
        ["conv2d", [6, 28, 28]],
        ["relu", [6, 28, 28]],
        ["maxPool2d", [6, 14, 14]],
        ["conv2d", [16, 10, 10]],
        ["relu", [16, 10, 10]],
        ["maxPool2d", [16, 5, 5]],
        ["flatten", [400]],
        ["linear", [120]],
        ["relu", [120]],
        ["linear", [84]],
        ["relu", [84]],
        ["linear", [10]]
      ]
    )
    assert.strictEqual(parameters, 62_006)
    assert.deepStrictEqual(Tree.paths(params).slice(0, 4), ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"])
  })

  it("refuses images of which nothing would be left", () => {
    assert.throws(() => lenet({ size: 15, classes: 2 }), "lenet: expected a size from 16, received 15")
    assert.deepStrictEqual(
      [
        ...lenet({ size: 16, classes: 2, channels: 1 }).predict(
          lenet({ size: 16, classes: 2, channels: 1 }).init(Random.key(0)).params,
          lenet({ size: 16, classes: 2, channels: 1 }).init(Random.key(0)).state,
          Tensor.zeros([1, 1, 16, 16])
        ).shape
      ],
      [1, 2]
    )
  })
})

describe("resnet", () => {
  it("has as many parameters as ResNet-18, under torchvision's names", () => {
    const model = resnet({ classes: 1000, stem: "photograph" })
    const { params, state } = model.init(Random.key(0))
    assert.strictEqual(Parameters.count(params), 11_689_512)
    // Running means and variances of 20 normalizations.
    assert.strictEqual(Parameters.count(state), 9_600)
    const names = Tree.paths(params).map(torchvisionName)
    for (const name of [
      "conv1.weight",
      "layer1.1.bn2.bias",
      "layer2.0.downsample.0.weight",
      "layer4.1.conv2.weight",
      "fc.bias"
    ]) {
      assert.include(names, name)
    }
    assert.strictEqual(names.length, 62)
  })

  it("halves images from stage to stage, and keeps them in the first", () => {
    const model = resnet({ channels: 1, classes: 3, blocks: [1, 1], widths: [2, 4] })
    const { params, state } = model.init(Random.key(0))
    const { layers } = Probe.trace(model, { params, state, input: Tensor.zeros([1, 1, 8, 8]) })
    const shapes = Object.fromEntries(
      layers.map(({ output, path }) => [path, (output as Tensor.Tensor).shape.slice(1)])
    )
    assert.deepStrictEqual(shapes["layer1.0.bn2"], [2, 8, 8])
    assert.deepStrictEqual(shapes["layer2.0.inner.bn2"], [4, 4, 4])
    assert.deepStrictEqual(shapes["layer2.0.around.1"], [4, 4, 4])
  })

  it("refuses stages without a width", () =>
    assert.throws(
      () => resnet({ classes: 2, blocks: [1, 1], widths: [4] }),
      "resnet: expected as many widths as stages of blocks, from 1, received 2 and 1"
    ))
})

describe("densenet", () => {
  it("grows by as many channels in each layer, and halves between blocks", () => {
    const model = densenet({ channels: 1, classes: 2, blocks: [2, 3], growth: 4 })
    const { params, state } = model.init(Random.key(0))
    const { layers } = Probe.trace(model, { params, state, input: Tensor.zeros([1, 1, 8, 8]) })
    const dense = layers.flatMap(({ kind, output }) => (kind === "dense" ? [(output as Tensor.Tensor).shape] : []))
    assert.deepStrictEqual(dense, [
      [1, 12, 8, 8],
      [1, 16, 8, 8],
      [1, 12, 4, 4],
      [1, 16, 4, 4],
      [1, 20, 4, 4]
    ])
  })

  it("refuses a compression that leaves nothing", () =>
    assert.throws(() => densenet({ classes: 2, compression: 0 }), "expected a compression above 0 and at most 1"))
})

describe("convnet", () => {
  it("has two convolutions, a dense layer, and dropout before the last one while it trains", () => {
    const model = convnet({ channels: 1, size: 8, classes: 3, hidden: 64, dropout: 0.5 })
    const { params, state } = model.init(Random.key(0))
    const images = Tensor.ones([1, 1, 8, 8])
    assert.deepStrictEqual(
      Summary.summary(model, images).layers.map(({ kind }) => kind),
      ["conv2d", "relu", "maxPool2d", "conv2d", "relu", "maxPool2d", "flatten", "linear", "relu", "dropout", "linear"]
    )
    const outputs = [1, 2].map((seed) => values(model.train(params, state, images, Random.key(seed)).output))
    assert.notDeepEqual(outputs[0], outputs[1])
    assert.deepStrictEqual(values(model.predict(params, state, images)), values(model.predict(params, state, images)))
  })

  it("refuses images of which nothing would be left", () =>
    assert.throws(() => convnet({ size: 3, classes: 2 }), "expected a size from 4, received 3"))
})

const models = {
  convnet: { model: convnet({ channels: 1, size: 6, classes: 2, hidden: 8 }), size: 6 },
  lenet: { model: lenet({ channels: 1, size: 16, classes: 2 }), size: 16 },
  resnet: { model: resnet({ channels: 1, classes: 2, blocks: [1, 1], widths: [2, 3] }), size: 6 },
  densenet: { model: densenet({ channels: 1, classes: 2, blocks: [1, 1], growth: 2 }), size: 6 }
}

type Entry = readonly [string, { readonly model: ReturnType<typeof resnet>; readonly size: number }]

// They differ in their parameters only.
it.each(Object.entries(models) as unknown as ReadonlyArray<Entry>)(
  "%s begins to learn which half of an image is bright",
  (_, { model, size }) => {
    const labels = Tensor.of([0, 1, 0, 1], "i32")
    const noise = Random.normal(Random.key(5), [4, 1, size, size], { std: 0.3 })
    const half = Tensor.cast(Tensor.less(Tensor.arange(size), size / 2), "f32")
    const rows = Tensor.stack([0, 1, 0, 1].map((side) => (side === 0 ? half : Tensor.sub(1, half))))
    const images = settled(Tensor.add(noise, Tensor.reshape(rows, [4, 1, 1, size])))
    const optimizer = Optimizer.sgd({ learningRate: 0.1 })
    let { params, state } = settled(model.init(Random.key(1)))
    let moments = settled(optimizer.init(params))
    const losses: Array<number> = []
    for (let step = 0; step < 5; step++) {
      const [loss, gradients, after] = valueAndGrad(
        (p: typeof params) => {
          const { output, state: next } = model.train(p, state, images, Random.key(step))
          return [Loss.crossEntropy(output, labels), next] as const
        },
        { hasAux: true }
      )(params)
      const next = settled({ loss, after, ...optimizer.update(gradients, moments, params) })
      losses.push(values(next.loss)[0])
      params = next.params
      moments = next.state
      state = next.after
    }
    assert.isBelow(losses.at(-1)!, 0.8 * losses[0])
  }
)
