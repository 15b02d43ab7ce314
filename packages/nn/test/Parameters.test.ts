import { grad } from "@cotangent/autodiff/Gradient"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { assert, it } from "vitest"
import * as Activation from "../src/Activation.ts"
import { linear } from "../src/index.ts"
import * as Model from "../src/Model.ts"
import * as Parameters from "../src/Parameters.ts"
import { values } from "./values.ts"

const tensor = fc.constantFrom(Tensor.of([1, 2]), Tensor.of(3), Tensor.of([[4]], "f64"))

/** Trees of tensors. */
const { tree } = fc.letrec<{ readonly tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    tensor,
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("tree"), { maxKeys: 3, noNullPrototype: true }),
    fc.array(tie("tree"), { maxLength: 3 })
  )
}))

it("merging the parts of a tree gives the tree, in either order", () =>
  fc.assert(
    fc.property(tree, fc.func(fc.boolean()), (whole, selected) => {
      const [some, others] = Parameters.partition(whole, selected)
      assert.sameMembers([...Tree.leaves(some), ...Tree.leaves(others)], [...Tree.leaves(whole)])
      for (const merged of [Parameters.merge(some, others), Parameters.merge(others, some)]) {
        assert.deepStrictEqual(Tree.paths(merged), Tree.paths(whole))
        assert.deepStrictEqual([...Tree.leaves(merged)], [...Tree.leaves(whole)])
      }
    }),
    { numRuns: 100 }
  ))

it("trees that are no parts of one are refused, with the path", () => {
  const x = Tensor.of(1)
  assert.throws(
    () => Parameters.merge({ a: { b: x } }, { a: { b: x } }),
    "Parameters.merge: expected two parts of one tree at a.b, received a tensor in both"
  )
  assert.throws(() => Parameters.merge<unknown>({ a: x }, { b: x }), /at the root, received trees that differ/)
  assert.throws(() => Parameters.merge<unknown>({ a: [x] }, { a: { 0: x } }), /at a, received trees that differ/)
})

it("what is frozen has no gradient, and takes part", () => {
  const model = Model.sequential(["body", linear(3, 4)], Activation.tanh, ["head", linear(4, 2)])
  const { params, state } = model.init(Random.key(0))
  const input = Random.normal(Random.key(1), [5, 3])
  const [head, body] = Parameters.partition(params, (path) => path.startsWith("head."))
  const loss = (part: typeof head) =>
    Tensor.sum(Tensor.square(model.predict(Parameters.merge(part, body), state, input)))
  const gradients = grad(loss)(head)
  assert.deepStrictEqual(Tree.paths(gradients), ["head.weight", "head.bias"])
  const all = grad((whole: typeof params) => Tensor.sum(Tensor.square(model.predict(whole, state, input))))(params)
  assert.deepStrictEqual(values(gradients.head.weight!), values(all.head.weight))
})

it("parameters are named and counted", () => {
  const { params } = Model.sequential(["a", linear(2, 3)], ["b", linear(3, 1, { bias: false })]).init(Random.key(0))
  assert.deepStrictEqual(
    Parameters.named(params).map(({ path }) => path),
    ["a.weight", "a.bias", "b.weight"]
  )
  assert.strictEqual(Parameters.count(params), 12)
})
