import * as Optim from "@cotangent/optim/GradientTransformation"
import { scaleByAdam } from "@cotangent/optim/adaptive"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Trees from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { concatAll } from "fp-ts/lib/Monoid.js"
import { assert, describe, it } from "vitest"
import { gradientTransformation } from "../src/index.ts"
import type { SomeTransformation } from "../src/GradientTransformation.ts"
import { decimal, sameNumbers, tensorOf, valueOf } from "./generators.ts"
import * as Laws from "./laws.ts"

const { Monoid, hide } = gradientTransformation

const transformation: fc.Arbitrary<SomeTransformation> = fc.constantFrom(
  hide(Optim.scale(-0.5)),
  hide(Optim.scaleBy((step) => Tensor.div(1, Tensor.add(step, 1)))),
  hide(Optim.addWeightDecay(0.1)),
  hide(Optim.clipByValue(0.7)),
  hide(Optim.clipByGlobalNorm(1)),
  hide(Optim.trace(0.9, { nesterov: true })),
  hide(scaleByAdam())
)

/** Updates of three steps. */
const updates = (self: SomeTransformation, params: Optim.Leaves, gradients: ReadonlyArray<Optim.Leaves>) => {
  let state = self.init(params, Tree.paths(params))
  return gradients.flatMap((gradient) => {
    const [next, after] = self.update(gradient, state, params, Tree.paths(params))
    state = after
    return next.map((leaf) => [...valueOf(leaf).data])
  })
}

const leaves: fc.Arbitrary<Optim.Leaves> = fc.tuple(tensorOf([2], "f64", decimal), tensorOf([], "f64", decimal))
const inputs = fc.sample(fc.tuple(leaves, fc.array(leaves, { minLength: 3, maxLength: 3 })), { seed: 1, numRuns: 2 })

/** The same updates for the same gradients, step after step. */
const same: Laws.Same<SomeTransformation> = (x, y) =>
  inputs.every(([params, gradients]) =>
    sameNumbers(updates(x, params, gradients).flat(), updates(y, params, gradients).flat())
  )

describe("the monoid of gradient transformations", () => {
  Laws.testLaws("Monoid", Laws.monoid(Monoid, same), { values: transformation, numRuns: 25 })

  it("runs transformations from first to last", () => {
    const [clip, double] = [hide(Optim.clipByValue(1)), hide(Optim.scale(2))]
    const params = [Tensor.of(0)]
    assert.deepStrictEqual(updates(Monoid.concat(clip, double), params, [[Tensor.of(5)]]), [[2]])
    assert.deepStrictEqual(updates(Monoid.concat(double, clip), params, [[Tensor.of(5)]]), [[1]])
  })

  it("makes optimizers whose state is a tree of tensors", () => {
    const optimizer = Optimizer.make(concatAll(Monoid)([hide(scaleByAdam()), hide(Optim.descend(0.1))]))
    const params = { weight: Tensor.of([1, 2]) }
    const { params: next, state } = optimizer.update({ weight: Tensor.of([3, 4]) }, optimizer.init(params), params)
    assert.isTrue(Trees.leaves(state).every(Tensor.isTensor))
    assert.deepStrictEqual([...next.weight.shape], [2])
  })
})
