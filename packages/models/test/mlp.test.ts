import { mlp, notesMlp } from "../src/mlp.ts"
import { Activation } from "@cotangent/nn"
import type { Affine, Model, Rows } from "@cotangent/nn"
import * as Random from "@cotangent/tensor/Random"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, expectTypeOf, it } from "vitest"

const values = (tensor: Tensor.Tensor): ReadonlyArray<number> => [...Reference.evaluate([tensor])[0].data]

it("an mlp has an affine map between each two widths", () => {
  const model = mlp({ sizes: [5, 4, 3, 2] })
  const { params, state } = model.init(Random.key(0))
  const names = ["layer1", "layer2", "layer3"].flatMap((name) => [`${name}.weight`, `${name}.bias`])
  assert.deepStrictEqual(Tree.paths(params), names)
  assert.deepStrictEqual([...params.layer2.weight.shape], [4, 3])
  assert.deepStrictEqual([...model.predict(params, state, Tensor.ones([7, 5])).shape], [7, 2])
})

it("an mlp keeps its widths in types", () => {
  const model = mlp({ sizes: [5, 4, 2] })
  expectTypeOf<Model.InputOf<typeof model>>().toEqualTypeOf<Rows<5>>()
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Rows<2>>()
  expectTypeOf<Model.ParamsOf<typeof model>>().toEqualTypeOf<{
    readonly layer1: Affine<5, 4>
    readonly layer2: Affine<4, 2>
  }>()
  // @ts-expect-error: a network has at least an input and an output
  void (() => mlp({ sizes: [5] }))
})

it("an mlp activates all layers but the last", () => {
  const model = mlp({ sizes: [1, 1, 1], activation: Activation.relu })
  const affine = (w: number, b: number) => ({ weight: Tensor.of([[w]]), bias: Tensor.of([b]) })
  const params = { layer1: affine(-1, 0), layer2: affine(2, -3) }
  assert.deepStrictEqual(values(model.predict(params, {}, Tensor.of([[5], [-5]]))), [-3, 7])
})

it("the network of the notes draws all parameters from [−1, 1)", () => {
  const { params } = notesMlp.init(Random.key(1))
  assert.deepStrictEqual(
    Tree.leaves(params).map(({ shape }) => [...shape]),
    [[784, 10], [10], [10, 10], [10]]
  )
  const drawn = Tree.leaves(params).flatMap(values)
  assert.isTrue(drawn.every((x) => x >= -1 && x < 1))
  assert.isTrue(values(params.layer2.bias).every((x) => x !== 0))
})
