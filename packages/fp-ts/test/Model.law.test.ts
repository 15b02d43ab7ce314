import type { Empty, Model } from "@cotangent/nn/Model"
import * as Models from "@cotangent/nn/Model"
import { linear } from "@cotangent/nn"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Trees from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { fanOut, split } from "fp-ts/lib/Strong.js"
import { assert, describe, it } from "vitest"
import { model, tensor } from "../src/index.ts"
import type { SomeModel } from "../src/Model.ts"
import { near, sameNumbers, valueOf } from "./generators.ts"
import * as Laws from "./laws.ts"

type Row = Tensor.Tensor<readonly [1, 2], "f32">
type Any = SomeModel<Row, Row>

const input: Row = Tensor.of([[0.3, -1.7]])
const key = Random.key(7)
const shift = Models.map(
  Models.stateless({
    init: (key) => ({ shift: Random.normal(key, [1, 2]) }),
    apply: (params: { readonly shift: Row }, x: Row) => Tensor.add(x, params.shift)
  }),
  Tensor.tanh
)

/** Counts its training steps and adds their number. */
const counting: Model<Empty, Tensor.Tensor<readonly [], "f32">, Row, Row> = {
  init: () => ({ params: {}, state: Tensor.of(0) }),
  train: (_, count, x) => ({ output: Tensor.add(x, count), state: Tensor.add(count, 1) }),
  predict: (_, count, x) => Tensor.add(x, count)
}

const affine: Any = model.hide(linear(2, 2)) as never
const models: fc.Arbitrary<Any> = fc.constantFrom(
  affine,
  model.hide(shift),
  model.hide(counting),
  model.Category.id<Row>()
)

/** `self` after a few steps, run on `params` and `state`: what it trains to and what it then predicts. */
const outputs = (
  self: Any,
  params: Trees.Tree<Tensor.Tensor>,
  state: Trees.Tree<Tensor.Tensor>
): ReadonlyArray<number> => {
  const first = self.train(params, state, input, key)
  const second = self.train(params, first.state, first.output, key)
  return [first.output, second.output, self.predict(params, second.state, input)].flatMap((x) => [...valueOf(x).data])
}

/** The leaves of any tree of the same leaves, in the structure of `like`: an isomorphism of nestings keeps their order. */
const renested = (like: unknown, leaves: ReadonlyArray<Tensor.Tensor>): never =>
  Trees.unflatten(Trees.structure(like), leaves) as never

/** Equal outputs for parameters and states that differ in nesting only. */
const same: Laws.Same<Any> = (x, y) => {
  const [mine, others] = [x.init(key), y.init(key)]
  const params = Trees.leaves(mine.params)
  if (params.length !== Trees.leaves(others.params).length) return false
  const theirs = outputs(y, renested(others.params, params), renested(others.state, Trees.leaves(mine.state)))
  return sameNumbers(outputs(x, mine.params, mine.state), theirs)
}

describe("the category of models", () => {
  Laws.testLaws("Category", Laws.category<model.SomeURI, Row>(model.Category, same), { values: models, numRuns: 25 })

  it("composes from right to left", () => {
    const double = model.hide(Models.lift((x: Row): Row => Tensor.mul(x, 2)))
    const increase = model.hide(Models.lift((x: Row): Row => Tensor.add(x, 1)))
    const { params, state } = model.Category.compose(double, increase).init(key)
    const output = model.Category.compose(double, increase).predict(params, state, Tensor.of([[1, 2]]))
    assert.deepStrictEqual([...valueOf(output).data], [4, 6])
  })
})

describe("parameters of models", () => {
  const identity = Models.lift((x: Row): Row => x)
  const predicts = <P, S>(self: Model<P, S, Row, Row>, params: P, state: S) => [
    ...valueOf(self.predict(params, state, input)).data
  ]

  it("re-associate as compositions do", () => {
    const [first, last] = [Models.andThen(shift, counting), Models.andThen(counting, shift)]
    const [left, right] = [Models.andThen(first, shift), Models.andThen(shift, last)]
    const { params, state } = left.init(key)
    const [ofParams, ofState] = [
      model.associator<(typeof params)[0][0], Empty, (typeof params)[1]>(),
      model.associator<Empty, (typeof state)[0][1], Empty>()
    ]
    assert.deepStrictEqual(predicts(right, ofParams.to(params), ofState.to(state)), predicts(left, params, state))
    assert.deepStrictEqual(ofParams.from(ofParams.to(params)), params)
  })

  it("lose nothing with the identity", () => {
    const before = Models.andThen(identity, shift)
    const { params, state } = before.init(key)
    const [left, right] = [model.leftUnitor<(typeof params)[1]>(), model.rightUnitor<(typeof params)[1]>()]
    const states = model.leftUnitor<Empty>()
    assert.deepStrictEqual(predicts(shift, left.to(params), states.to(state)), predicts(before, params, state))
    assert.deepStrictEqual(left.from(left.to(params)), params)
    const after = Models.andThen(shift, identity)
    assert.deepStrictEqual(predicts(after, right.from(left.to(params)), state), predicts(before, params, state))
    assert.deepStrictEqual(right.to(right.from(params[1])), params[1])
  })
})

const halve = (x: Row): Row => Tensor.mul(x, 0.5)
const square = (x: Row): Row => Tensor.square(x)

describe("models as functions", () => {
  const sampling = { values: models, numRuns: 10 }
  const { first, map, promap } = model.Strong
  Laws.testLaws("Functor", Laws.functor<Any, Row>(model.Functor.map, same, [halve, square]), sampling)
  Laws.testLaws("Profunctor", Laws.profunctor<Any, Row>(model.Profunctor.promap, same, [halve, square]), sampling)
  Laws.testLaws("Strong", Laws.strong(model.Strong, same, halve), sampling)

  it("let pass what is beside their input", () => {
    const passed = promap(
      first<Row, Row, Row>(affine),
      (x: Row): [Row, Row] => [x, halve(x)],
      ([, x]) => x
    )
    const { params, state } = passed.init(key)
    assert.isTrue(near(passed.predict(params, state, input), halve(input)))
    assert.isTrue(near(passed.train(params, state, input, key).output, halve(input)))
  })

  it("run side by side with split and fanOut of fp-ts", () => {
    const add = ([x, y]: [Row, Row]): Row => Tensor.add(x, y)
    const both = map(fanOut(model.Strong, model.Category)(affine, model.hide(shift)), add)
    const apart = promap(
      split(model.Strong, model.Category)(affine, model.hide(shift)),
      (x: Row): [Row, Row] => [x, x],
      add
    )
    assert.isTrue(same(both, apart))
    assert.isTrue(same(both, model.getMonoid<Row, Row>(sum).concat(affine, model.hide(shift))))
  })
})

const ring = tensor.getRing(input)
const sum = { concat: ring.add, empty: ring.zero }

describe("the monoid of parallel models", () => {
  /** Floats are added in another order. */
  const nearly: Laws.Same<Any> = (x, y) => {
    const mine = x.init(key)
    const others = y.init(key)
    const params = renested(others.params, Trees.leaves(mine.params))
    const state = renested(others.state, Trees.leaves(mine.state))
    return near(x.predict(mine.params, mine.state, input), y.predict(params, state, input))
  }
  Laws.testLaws("Monoid", Laws.monoid(model.getMonoid<Row, Row>(sum), nearly), { values: models, numRuns: 25 })
})
