import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"
import * as Activation from "../src/Activation.ts"
import { batchNorm, conv2d, embedding, flatten, linear, lstm, maxout } from "../src/index.ts"
import * as Model from "../src/Model.ts"
import * as PyTorch from "../src/PyTorch.ts"
import { assertNear } from "./values.ts"

const network = Model.sequential(
  ["conv", conv2d(1, 2, { kernel: 2 })],
  ["norm", batchNorm(2)],
  Activation.relu,
  flatten,
  ["head", Model.residual(Model.sequential(["fc", linear(2, 2)]))]
)
const naming = { input: Tensor.zeros([1, 1, 2, 2]), rename: (path: string) => path.replace("head.fc", "fc") }
const initial = network.init(Random.key(3))

/** What `save` gives, as a file holds it. */
const filed = (tensors: ReadonlyMap<string, Tensor.Tensor>): Map<string, HostArray> =>
  new Map([...tensors].map(([name, tensor]) => [name, Reference.evaluate([tensor])[0]]))

describe("weights of PyTorch", () => {
  it("have its names, and its layouts of affine maps", () => {
    const tensors = PyTorch.save(network, initial, naming)
    assert.deepStrictEqual(
      [...tensors.keys()],
      [
        "conv.weight",
        "conv.bias",
        "norm.weight",
        "norm.bias",
        "fc.weight",
        "fc.bias",
        "norm.running_mean",
        "norm.running_var"
      ]
    )
    assert.deepStrictEqual(
      Reference.evaluate([tensors.get("fc.weight")!]),
      Reference.evaluate([Tensor.transpose(initial.params.head.fc.weight)])
    )
    assert.strictEqual(tensors.get("conv.weight"), initial.params.conv.weight)
  })

  it("come back as they were saved", () => {
    const { params, state } = PyTorch.load(network, filed(PyTorch.save(network, initial, naming)), naming)
    assert.deepStrictEqual(Tree.paths(params), Tree.paths(initial.params))
    assert.deepStrictEqual(Reference.evaluate(Tree.leaves({ params, state })), Reference.evaluate(Tree.leaves(initial)))
  })

  it("of tables, recurrent networks and maxout are laid out as those layers want them", () => {
    const model = Model.sequential(
      ["rows", embedding(5, 3)],
      ["lstm", lstm(3, 2, { output: "last" })],
      ["out", maxout(2, 1)]
    )
    const input = Tensor.zeros([1, 4], "i32")
    const { params, state } = model.init(Random.key(0))
    const tensors = PyTorch.save(model, { params, state }, { input })
    assert.deepStrictEqual(
      ["rows.weight", "lstm.weight_ih_l0", "out.weight"].map((name) => tensors.get(name)!.shape),
      [
        [5, 3],
        [8, 3],
        [2, 2]
      ]
    )
    assertNear(tensors.get("out.weight")!, [...Reference.evaluate([Tensor.transpose(params.out.weight)])[0].data])
  })

  it("keep the dtype of the file, and need no counters", () => {
    const file = filed(PyTorch.save(network, initial, naming))
    const doubles = new Map([...file].map(([name, { data, shape }]) => [name, make(shape, "f64", data)]))
    doubles.set("norm.num_batches_tracked", make([], "f64", [7]))
    const { params } = PyTorch.load(network, doubles, naming)
    assert.strictEqual(params.conv.weight.dtype, "f64")
  })

  it("that do not fit are refused by name", () => {
    const file = filed(PyTorch.save(network, initial, naming))
    const without = new Map(file)
    without.delete("fc.bias")
    assert.throws(
      () => PyTorch.load(network, without, naming),
      "PyTorch.load: expected the tensor fc.bias, received none"
    )
    const more = new Map(file).set("extra", make([1], "f32", [0]))
    assert.throws(
      () => PyTorch.load(network, more, naming),
      "PyTorch.load: expected tensors of the model, received extra"
    )
    const wide = new Map(file).set("fc.weight", make([2, 3], "f32", new Array<number>(6).fill(0)))
    assert.throws(
      () => PyTorch.load(network, wide, naming),
      /PyTorch.load of fc.weight: expected \[2, 2\], received \[2, 3\]/
    )
  })
})
