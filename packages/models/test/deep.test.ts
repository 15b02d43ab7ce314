import { Activation, Initializer, Probe } from "@cotangent/nn"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"
import { deepNet, denselyConnectedNet, highwayNet, plainNet, residualNet } from "../src/deep.ts"
import { mlp } from "../src/mlp.ts"
import { assertNear, settled, values } from "./values.ts"

const sizes = { inputs: 3, outputs: 2, width: 8 } as const
const input = Random.normal(Random.key(1), [16, 3])

/** How large the gradient of the first layer is beside that of the last. */
const flow = (model: ReturnType<typeof plainNet> | ReturnType<typeof highwayNet>): number => {
  // They differ in their parameters only.
  const net = model as ReturnType<typeof plainNet>
  const { params, state } = net.init(Random.key(2))
  const readings = settled(Probe.probe(net, (y) => Tensor.sum(Tensor.square(y)), { params, state, input }))
  return values(readings[0].gradient.norm)[0] / values(readings.at(-2)!.gradient.norm)[0]
}

describe("a deep net", () => {
  it("has layers between two affine maps", () => {
    const { params } = plainNet({ ...sizes, depth: 2 }).init(Random.key(0))
    assert.deepStrictEqual(
      Tree.paths(params),
      ["input", "layer1", "layer2", "output"].flatMap((name) => [`${name}.weight`, `${name}.bias`])
    )
  })

  it("has layers of whatever it is told", () => {
    const model = deepNet({ ...sizes, depth: 1 }, () => mlp({ sizes: [8, 4, 8] }) as never)
    const { params, state } = model.init(Random.key(0))
    assert.include(Tree.paths(params), "layer1.layer2.weight")
    assert.deepStrictEqual([...model.predict(params, state, input).shape], [16, 2])
    assert.throws(() => plainNet({ ...sizes, depth: -1 }), "deepNet: expected a depth from 0, received -1")
  })

  it("passes gradients through thirty layers if they go around them, and through tanh they fade otherwise", () => {
    const options = { ...sizes, depth: 30, activation: Activation.tanh, initializer: undefined }
    const { initializer: _, ...given } = options
    assert.isBelow(flow(plainNet({ ...given, initializer: small })), 1e-4)
    for (const model of [residualNet(given), highwayNet(given), denselyConnectedNet({ ...given, growth: 2 })]) {
      assert.isAbove(flow(model), 1e-2)
      assert.isBelow(flow(model), 10)
    }
  })

  it("is its first and its last map while nothing is added to what passes by", () => {
    const model = residualNet({ ...sizes, depth: 5, initializer: Initializer.zeros })
    const { params, state } = model.init(Random.key(0))
    // All weights but those of the last map are 0.
    const expected = Tensor.broadcastTo(params.output.bias, [16, 2])
    assertNear(model.predict(params, state, input), values(expected), 1e-6)
  })

  it("gives its last map all that the layers added", () => {
    const model = denselyConnectedNet({ ...sizes, depth: 3, growth: 5 })
    const { params, state } = model.init(Random.key(0))
    const shapeOf = (path: string) => Tree.leaves(params)[Tree.paths(params).indexOf(path)].shape
    assert.deepStrictEqual(["layer1.weight", "layer2.weight", "layer3.weight", "output.weight"].map(shapeOf), [
      [8, 5],
      [13, 5],
      [18, 5],
      [23, 2]
    ])
    assert.deepStrictEqual([...model.predict(params, state, input).shape], [16, 2])
    assert.throws(
      () => denselyConnectedNet({ ...sizes, depth: 1.5, growth: 5 }),
      "expected a depth from 0, received 1.5"
    )
  })

  it("is its first and its last map while gates are closed", () => {
    const model = highwayNet({ ...sizes, depth: 5, gateBias: -100 })
    const { params, state } = model.init(Random.key(0))
    const { input: first, output: last } = params
    const hidden = Tensor.relu(Tensor.add(Tensor.matmul(input, first.weight), first.bias))
    const expected = Tensor.add(Tensor.matmul(hidden, last.weight), last.bias)
    assertNear(model.predict(params, state, input), values(expected), 1e-6)
  })
})

const small = <const S extends ReadonlyArray<number>>(key: Random.Key, shape: S) =>
  Random.normal(key, shape, { std: 0.2 })
