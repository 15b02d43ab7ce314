import * as Transformation from "../src/GradientTransformation.ts"
import { scaleByAdam } from "../src/adaptive.ts"
import * as Schedule from "../src/Schedule.ts"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"
import { assertNear, values } from "./values.ts"

const params = [Tensor.of([1, -2], "f64")]
const gradients = [Tensor.of([3, 4], "f64")]
const paths = ["x"]

/** The updates of the first steps, all with the same gradients. */
const firstSteps = <S>(
  self: Transformation.GradientTransformation<S>,
  count: number
): ReadonlyArray<ReadonlyArray<number>> => {
  let state = self.init(params, paths)
  return Array.from({ length: count }, () => {
    const [[update], next] = self.update(gradients, state, params, paths)
    state = next
    return values(update)
  })
}

it("clipping bounds values or the common norm", () => {
  assert.deepStrictEqual(firstSteps(Transformation.clipByValue(3.5), 1), [[3, 3.5]])
  assertNear(firstSteps(Transformation.clipByGlobalNorm(1), 1)[0], [0.6, 0.8])
  assertNear(firstSteps(Transformation.clipByGlobalNorm(10), 1)[0], [3, 4])
  assert.throws(() => Transformation.clipByGlobalNorm(0), "clipByGlobalNorm: expected a limit above 0, received 0")
})

it("accumulate refuses a number of steps that is none", () =>
  assert.throws(
    () => Transformation.accumulate(0, Transformation.identity),
    "accumulate: expected a number of steps from 1, received 0"
  ))

it("grouped refuses a group that there is not, and names the leaf", () =>
  assert.throws(
    () => Transformation.grouped(() => "none" as "some", { some: Transformation.identity }).init(params, paths),
    "grouped: expected one of the groups some for x, received none"
  ))

it("clipping gradients of 0 gives 0", () => {
  const [[update]] = Transformation.clipByGlobalNorm(1).update([Tensor.zeros([2])], [], [Tensor.zeros([2])], paths)
  assert.deepStrictEqual(values(update), [0, 0])
})

it("weight decay adds a part of the parameter", () =>
  assert.deepStrictEqual(firstSteps(Transformation.addWeightDecay(0.5), 1), [[3.5, 3]]))

it("trace accumulates, and looks ahead with nesterov", () => {
  assert.deepStrictEqual(firstSteps(Transformation.trace(0.5), 3), [
    [3, 4],
    [4.5, 6],
    [5.25, 7]
  ])
  assert.deepStrictEqual(firstSteps(Transformation.trace(0.5, { nesterov: true }), 2), [
    [4.5, 6],
    [5.25, 7]
  ])
})

describe("a rate", () => {
  it("is a number, a scalar tensor or a schedule", () => {
    const expected = [
      [1.5, 2],
      [1.5, 2]
    ]
    assert.deepStrictEqual(firstSteps(Transformation.scaleBy(0.5), 2), expected)
    assert.deepStrictEqual(firstSteps(Transformation.scaleBy(Tensor.scalar(0.5)), 2), expected)
    assert.deepStrictEqual(firstSteps(Transformation.scaleBy(Schedule.constant(0.5)), 2), expected)
  })

  it("that is a schedule counts steps from 0", () => {
    const schedule = Schedule.step({ learningRate: 1, stepSize: 1, gamma: 0.5 })
    assert.deepStrictEqual(firstSteps(Transformation.descend(schedule), 3), [
      [-3, -4],
      [-1.5, -2],
      [-0.75, -1]
    ])
  })

  it("below 0 is refused", () =>
    assert.throws(() => Transformation.descend(-1), "descend: expected a learning rate from 0, received -1"))
})

it("states are trees of tensors, and steps are counted in i32", () => {
  const adam = Transformation.chain(scaleByAdam(), Transformation.descend(0.1))
  const state = adam.init(params, paths)
  assert.deepStrictEqual(Tree.paths(state), ["0.step", "0.mean.0", "0.variance.0", "1"])
  assert.deepStrictEqual([state[0].step.dtype, state[1].dtype], ["i32", "i32"])
  const [, next] = adam.update(gradients, state, params, paths)
  assert.deepStrictEqual([values(next[0].step), values(next[1])], [[1], [1]])
})

it("updates keep the dtype of each leaf", () => {
  const mixed = [Tensor.ones([2], "f32"), Tensor.ones([2], "f64"), Tensor.ones([2], "bf16")]
  const adam = Transformation.chain(
    Transformation.clipByGlobalNorm(1),
    scaleByAdam(),
    Transformation.descend(Schedule.constant(0.1))
  )
  const [updates] = adam.update(mixed, adam.init(mixed, Tree.paths(mixed)), mixed, Tree.paths(mixed))
  assert.deepStrictEqual(
    updates.map(({ dtype }) => dtype),
    ["f32", "f64", "bf16"]
  )
})

it("the first step of Adam in f32 is as long as the learning rate", () => {
  const one = [Tensor.of([1e-3, -50])]
  const adam = scaleByAdam()
  const [[update]] = adam.update(one, adam.init(one, paths), one, paths)
  assertNear(values(update), [1, -1], 2e-5)
})
