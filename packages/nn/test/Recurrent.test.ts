import * as Recurrent from "../src/Recurrent.ts"
import { gru, lstm, rnn } from "../src/index.ts"
import { assertNear, values } from "./values.ts"
import { grad } from "@cotangent/autodiff/Gradient"
import { applications } from "@cotangent/tensor/Program"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"

const key = Random.key(0)
const x = Random.normal(Random.key(1), [2, 5, 3])

const layers = { rnn, gru, lstm }
const functions = { rnn: Recurrent.rnn, gru: Recurrent.gru, lstm: Recurrent.lstm }
const names = ["rnn", "gru", "lstm"] as const

describe.each(names)("%s", (name) => {
  const layer = layers[name](3, 4, { layers: 2, bidirectional: true })
  const { params, state } = layer.init(key)
  const apply = functions[name]

  it("has the weights of PyTorch, drawn below 1/√hidden", () => {
    assert.deepStrictEqual(Object.keys(params).length, 16)
    const gates = { rnn: 1, gru: 3, lstm: 4 }[name]
    assert.deepStrictEqual([...params.weight_ih_l1_reverse.shape], [4 * gates, 8])
    const greatest = Math.max(...Tree.leaves(params).flatMap((leaf) => values(leaf).map(Math.abs)))
    assert.isBelow(greatest, 0.5)
    assert.isAbove(greatest, 0.45)
    const bare = layers[name](3, 4, { bias: false }).init(key)
    assert.deepStrictEqual(Object.keys(bare.params), ["weight_ih_l0", "weight_hh_l0"])
  })

  it("gives the states at all steps, and the last ones", () => {
    const { hidden, output } = apply(x, params)
    assert.deepStrictEqual([...output.shape], [2, 5, 8])
    assert.deepStrictEqual([...hidden.shape], [4, 2, 4])
    assertNear(
      Tensor.slice(output, { start: [0, 4], stop: [2, 5, 4] }),
      values(Tensor.slice(hidden, { start: [2], stop: [3] }))
    )
    assertNear(
      Tensor.slice(output, { start: [0, 0, 4], stop: [2, 1] }),
      values(Tensor.slice(hidden, { start: [3], stop: [4] }))
    )
    assertNear(layer.predict(params, state, x), values(output))
  })

  it("gives the last output of both directions", () => {
    const last = layers[name](3, 4, { layers: 2, bidirectional: true, output: "last" })
    const { hidden } = apply(x, params)
    const [forward, backward] = Tensor.split(Tensor.slice(hidden, { start: [2] }), 2)
    assertNear(last.predict(params, state, x), values(Tensor.concatenate([forward, backward], 2)))
  })

  it("goes on from the states that it gave", () => {
    const { params } = layers[name](3, 4).init(key)
    const whole = apply(x, params)
    const half = apply(Tensor.slice(x, { stop: [2, 3] }), params)
    const rest = apply(Tensor.slice(x, { start: [0, 3] }), params, half)
    assertNear(rest.output, values(Tensor.slice(whole.output, { start: [0, 3] })))
    assertNear(rest.hidden, values(whole.hidden))
  })

  it("gives the initial states after no steps", () => {
    const { params } = layers[name](3, 4).init(key)
    const { hidden, output } = apply(Tensor.zeros([2, 0, 3]), params)
    assert.deepStrictEqual([...output.shape], [2, 0, 4])
    assertNear(hidden, [0, 0, 0, 0, 0, 0, 0, 0])
  })

  it("multiplies inputs once for all steps", () => {
    const { params } = layers[name](3, 4).init(key)
    const { output } = apply(x, params)
    const products = applications([output]).filter(({ primitive }) => primitive.name === "dotGeneral")
    assert.strictEqual(products.length, 1)
  })

  it("drops out between layers while training", () => {
    const thin = layers[name](3, 4, { layers: 2, bidirectional: true, dropout: 0.5 })
    const trained = values(thin.train(params, state, x, Random.key(1)).output)
    assert.notDeepEqual(trained, values(thin.train(params, state, x, Random.key(2)).output))
    assertNear(thin.predict(params, state, x), values(layer.predict(params, state, x)))
    // One layer has nothing between.
    const single = layers[name](3, 4, { dropout: 0.5 })
    const drawn = single.init(key)
    assertNear(single.train(drawn.params, {}, x, key).output, values(single.predict(drawn.params, {}, x)))
  })

  it("has finite gradients at ±800", () => {
    const far = Tensor.mul(Tensor.sign(x), 800)
    const single = layers[name](3, 4)
    const drawn = single.init(key).params
    const loss = (given: typeof drawn) => Tensor.sum(single.predict(given, {}, far))
    const gradients = Tree.leaves(grad(loss)(drawn)).flatMap((leaf) => values(leaf))
    assert.isTrue(gradients.every(Number.isFinite))
  })

  it("refuses what does not fit", () => {
    assert.throws(
      () => apply(Tensor.ones([5, 3]), params),
      `${name}: expected [batch, time, features], received [5, 3]`
    )
    assert.throws(() => apply(Tensor.ones([2, 5, 4]), params), /expected weight_ih of \[\d+, 4\]/)
    assert.throws(() => apply(x, params, { hidden: Tensor.zeros([1, 2, 4]) }), /expected a state of \[4, 2, 4\]/)
    const { weight_hh_l1: _, ...lacking } = params
    assert.throws(() => apply(x, lacking), /expected weight_ih_l0, weight_hh_l0 and so on/)
    assert.throws(() => layers[name](3, 4, { layers: 0 }), "1 layer or more")
  })
})
