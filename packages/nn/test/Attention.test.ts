import * as Attention from "../src/Attention.ts"
import { multiHeadAttention, selfAttention } from "../src/index.ts"
import { assertNear, values } from "./values.ts"
import { pullback } from "@cotangent/autodiff/Vjp"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"

const key = Random.key(0)
const query = Random.normal(Random.key(1), [2, 3, 4])
const memory = Random.normal(Random.key(2), [2, 5, 4])
const value = Random.normal(Random.key(3), [2, 5, 2])

describe("scaledDotProductAttention", () => {
  it("weighs by rows that sum to 1", () => {
    const weights = Attention.attentionWeights({ query, key: memory })
    assert.deepStrictEqual([...weights.shape], [2, 3, 5])
    assertNear(Tensor.sum(weights, -1), [1, 1, 1, 1, 1, 1])
    const output = Attention.scaledDotProductAttention({ query, key: memory, value })
    assertNear(output, values(Tensor.matmul(weights, value)))
  })

  it("sees nothing that is masked", () => {
    const mask = Tensor.of([1, 1, 0, 0, 0], "bool")
    const short = { query, key: Tensor.slice(memory, { stop: [2, 2] }), value: Tensor.slice(value, { stop: [2, 2] }) }
    assertNear(
      Attention.scaledDotProductAttention({ query, key: memory, value }, { mask }),
      values(Attention.scaledDotProductAttention(short))
    )
  })

  it("gives zeros to a query that sees nothing, and finite gradients", () => {
    const mask = Tensor.of([[1], [0], [1]], "bool")
    const x = Tensor.of([
      [800, -800],
      [800, 800],
      [-800, 800]
    ])
    const y = Attention.scaledDotProductAttention({ query: x, key: x, value: x }, { mask, causal: true })
    assert.deepStrictEqual(values(y).slice(2, 4), [0, 0])
    const [gradient] = pullback([y], [x], [Tensor.onesLike(y)])
    assert.isTrue(values(gradient!).every(Number.isFinite), values(gradient!).join(", "))
  })

  it("combines a mask and causality", () => {
    const mask = Tensor.of([0, 1, 1], "bool")
    const weights = Attention.attentionWeights(
      { query: Tensor.zeros([3, 2]), key: Tensor.zeros([3, 2]) },
      { mask, causal: true }
    )
    assertNear(weights, [0, 0, 0, 0, 1, 0, 0, 0.5, 0.5])
  })

  it("adds a mask of floats to the scores", () => {
    // A key that stands twice counts as ln 2 added to its score.
    const twice = (x: Tensor.Tensor<Tensor.Shape, "f32">) =>
      Tensor.concatenate([x, Tensor.slice(x, { start: [0, 4], stop: [2, 5] })], 1)
    assertNear(
      Attention.scaledDotProductAttention(
        { query, key: memory, value },
        { mask: Tensor.of([0, 0, 0, 0, Math.log(2)]) }
      ),
      values(Attention.scaledDotProductAttention({ query, key: twice(memory), value: twice(value) }))
    )
  })

  it("hides what −∞ is added to, as a mask of truths does", () =>
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 15, maxLength: 15 }), fc.boolean(), (seen, causal) => {
        const truths = Tensor.reshape(Tensor.of(seen.map(Number), "bool"), [3, 5])
        const attended = { query, key: memory, value }
        assertNear(
          Attention.scaledDotProductAttention(attended, {
            mask: Tensor.where(truths, Tensor.of(0), -Infinity),
            causal
          }),
          values(Attention.scaledDotProductAttention(attended, { mask: truths, causal }))
        )
      })
    ))

  it("broadcasts keys over leading axes", () => {
    const shared = Tensor.slice(memory, { stop: [1] })
    const output = Attention.scaledDotProductAttention({ query, key: shared, value: shared })
    assert.deepStrictEqual([...output.shape], [2, 3, 4])
  })

  it("refuses widths that differ", () =>
    assert.throws(
      () => Attention.scaledDotProductAttention({ query, key: value, value }),
      "attention: expected queries [..., queries, width] and keys [..., keys, width], received [2, 3, 4] and [2, 5, 2]"
    ))
})

describe("multiHeadAttention", () => {
  const layer = multiHeadAttention(4, { heads: 2 })
  const { params, state } = layer.init(key)

  it("has the parameters of PyTorch, drawn as there", () => {
    assert.deepStrictEqual([...Tree.paths(params)].toSorted(), [
      "in_proj_bias",
      "in_proj_weight",
      "out_proj.bias",
      "out_proj.weight"
    ])
    const [stacked, last] = [params.in_proj_weight, params.out_proj.weight].map((weight) =>
      Math.max(...values(weight).map(Math.abs))
    )
    assert.isBelow(stacked, Math.sqrt(6 / 16))
    assert.isAbove(stacked, 0.8 * Math.sqrt(6 / 16))
    assert.isBelow(last, 0.5)
    assert.isAbove(last, 0.4)
  })

  it("attends to another sequence", () => {
    const output = layer.predict(params, state, { query, key: memory, value: memory })
    assert.deepStrictEqual([...output.shape], [2, 3, 4])
  })

  it("with one head and plain maps is attention", () => {
    const eye = Tensor.eye(4)
    const plain = { in_proj_weight: Tensor.concatenate([eye, eye, eye]), out_proj: { weight: eye } }
    assertNear(
      Attention.multiHeadAttention({ query, key: memory, value: memory }, plain, { heads: 1 }),
      values(Attention.scaledDotProductAttention({ query, key: memory, value: memory }))
    )
  })

  it("masks keys of an example for all heads", () => {
    const mask = Tensor.reshape(Tensor.of([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], "bool"), [2, 1, 1, 5])
    const output = layer.train(params, state, { query, key: memory, value: memory, mask }, key).output
    // Slices keep the width.
    const second = Tensor.slice(memory, { start: [1], stop: [2, 2] }) as typeof memory
    const ofSecond = Tensor.slice(query, { start: [1] }) as typeof query
    const expected = layer.predict(params, state, { query: ofSecond, key: second, value: second })
    assertNear(Tensor.slice(output, { start: [1] }), values(expected))
  })

  it("refuses heads that do not divide the width", () =>
    assert.throws(
      () => selfAttention(4, { heads: 3 }).predict(params, state, query),
      "multiHeadAttention: expected in_proj_weight [3 · width, width] with a width that divides by 3 heads, received [12, 4]"
    ))
})

describe("dropout of attention", () => {
  const wide = Tensor.zeros([40, 2])
  const thin = { rate: 0.2, key }

  it("keeps the expectation of weights and makes some 0", () => {
    const weights = values(Attention.attentionWeights({ query: wide, key: wide }, { dropout: thin }))
    const kept = weights.filter((weight) => weight !== 0)
    assert.closeTo(kept.length / weights.length, 0.8, 0.04)
    kept.forEach((weight) => assert.closeTo(weight, 1 / 40 / 0.8, 1e-8))
  })

  it("drops the same for the same key", () => {
    const attend = () => values(Attention.scaledDotProductAttention({ query, key: memory, value }, { dropout: thin }))
    assert.deepStrictEqual(attend(), attend())
  })

  it("happens in training, with its key, and not in inference", () => {
    const [layer, plain] = [selfAttention(4, { heads: 2, dropout: 0.5 }), selfAttention(4, { heads: 2 })]
    const { params, state } = layer.init(key)
    const train = (seed: number) => values(layer.train(params, state, query, Random.key(seed)).output)
    assert.deepStrictEqual(train(1), train(1))
    assert.notDeepEqual(train(1), train(2))
    assert.deepStrictEqual(values(layer.predict(params, state, query)), values(plain.predict(params, state, query)))
  })

  it("of nothing is attention", () => {
    const layer = multiHeadAttention(4, { heads: 2, dropout: 0 })
    const { params, state } = layer.init(key)
    const input = { query, key: memory, value: memory }
    assert.deepStrictEqual(
      values(layer.train(params, state, input, key).output),
      values(layer.predict(params, state, input))
    )
  })

  it("refuses to drop everything", () => {
    const message = "expected a rate from 0 below 1, received 1"
    assert.throws(() => selfAttention(4, { heads: 2, dropout: 1 }), `multiHeadAttention: ${message}`)
    assert.throws(
      () => Attention.attentionWeights({ query: wide, key: wide }, { dropout: { rate: 1, key } }),
      `attention: ${message}`
    )
  })
})

it("what is later changes nothing earlier where attention is causal", () => {
  const layer = selfAttention(4, { heads: 2, causal: true })
  const { params, state } = layer.init(key)
  const first = { stop: [2, 2] }
  const whole = layer.train(params, state, query, key).output
  assertNear(
    Tensor.slice(whole, first),
    values(layer.predict(params, state, Tensor.slice(query, first) as typeof query))
  )
})
