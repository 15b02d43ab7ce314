import { grad } from "@cotangent/autodiff/Gradient"
import { channelDropout, dropout, embedding, flatten, layerNorm, linear, maxout, prelu } from "../src/index.ts"
import * as Initializer from "../src/Initializer.ts"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"
import { assertNear, values } from "./values.ts"

const key = Random.key(0)

describe("linear", () => {
  it("multiplies and adds along the last axis", () => {
    const layer = linear(2, 3)
    const params = {
      weight: Tensor.of([
        [1, 2, 3],
        [4, 5, 6]
      ]),
      bias: Tensor.of([10, 20, 30])
    }
    assertNear(
      layer.predict(
        params,
        {},
        Tensor.of([
          [1, 1],
          [0, 2]
        ])
      ),
      [15, 27, 39, 18, 30, 42]
    )
    assert.deepStrictEqual([...layer.predict(params, {}, Tensor.ones([4, 5, 2])).shape], [4, 5, 3])
  })

  it("begins with a bias of zeros", () => assert.deepStrictEqual(values(linear(2, 3).init(key).params.bias), [0, 0, 0]))

  it("draws weight and bias apart", () => {
    const options = { initializer: Initializer.uniform(-1, 1), biasInitializer: Initializer.uniform(-1, 1) }
    const { bias, weight } = linear(1, 3, options).init(key).params
    assert.notDeepEqual(values(weight), values(bias))
  })

  it("does without a bias", () =>
    assert.deepStrictEqual(Tree.paths(linear(2, 3, { bias: false }).init(key).params), ["weight"]))
})

describe("channelDropout", () => {
  const x = Tensor.ones([100, 20, 2, 2])

  it("drops whole channels of an example and keeps the expectation", () => {
    const { output } = channelDropout(0.25).train({}, {}, x, key)
    const channels = values(Tensor.sum(output, [2, 3]))
    assert.closeTo(channels.filter((sum) => sum !== 0).length / 2000, 0.75, 0.03)
    channels.forEach((sum) => assert.isTrue(sum === 0 || Math.abs(sum - 4 / 0.75) < 1e-5, String(sum)))
  })

  it("changes nothing at inference", () => assert.strictEqual(channelDropout(0.25).predict({}, {}, x), x))

  it("refuses what has no channels", () =>
    assert.throws(
      () => channelDropout(0.25).train({}, {}, Tensor.ones([3]), key),
      "channelDropout: expected [batch, channels, ...], received [3]"
    ))
})

describe("dropout", () => {
  const x = Tensor.ones([2000])

  it("keeps the expectation", () => {
    const { output } = dropout(0.2).train({}, {}, x, key)
    const kept = values(output).filter((y) => y !== 0)
    assert.closeTo(kept.length / 2000, 0.8, 0.03)
    assert.isTrue(kept.every((y) => y === 1.25))
  })

  it("changes nothing at inference", () => assert.strictEqual(dropout(0.2).predict({}, {}, x), x))

  it("scales at inference instead, if it is told to, with the same expectation", () => {
    const late = dropout(0.2, { scaled: "inference" })
    const kept = values(late.train({}, {}, x, key).output)
    // The same elements, as they are.
    assert.deepStrictEqual(
      kept,
      values(dropout(0.2).train({}, {}, x, key).output).map((y) => y / 1.25)
    )
    const [mean] = values(Tensor.mean(late.predict({}, {}, x)))
    assert.closeTo(mean, 0.8, 1e-6)
    assert.closeTo(kept.reduce((sum, y) => sum + y, 0) / kept.length, mean, 0.03)
  })

  it("refuses to drop everything", () =>
    assert.throws(() => dropout(1), "dropout: expected a rate from 0 below 1, received 1"))
})

it("layerNorm moves rows to mean 0 and variance 1", () => {
  const layer = layerNorm(4)
  const { params, state } = layer.init(key)
  const rows = [
    [1, 2, 3, 4],
    [-100, 0, 0, 100]
  ]
  const input = Tensor.make([2, 4], rows.flat())
  const expected = rows.flatMap((row) => {
    const mean = row.reduce((a, b) => a + b) / 4
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4
    return row.map((x) => (x - mean) / Math.sqrt(variance + 1e-5))
  })
  assertNear(layer.predict(params, state, input), expected, 1e-5)
  const shifted = { weight: Tensor.full([4], 2), bias: Tensor.full([4], 1) }
  assertNear(
    layer.train(shifted, state, input, key).output,
    expected.map((x) => 2 * x + 1),
    1e-5
  )
})

it("embedding gives rows of its table by number", () => {
  const layer = embedding(3, 2)
  const params = {
    weight: Tensor.of([
      [1, 2],
      [3, 4],
      [5, 6]
    ])
  }
  assert.deepStrictEqual(values(layer.predict(params, {}, Tensor.of([[2, 0]], "i32"))), [5, 6, 1, 2])
  assert.deepStrictEqual([...layer.init(key).params.weight.shape], [3, 2])
})

it("flatten keeps the batch", () => {
  assert.deepStrictEqual([...flatten(Tensor.ones([5, 2, 3])).shape], [5, 6])
  assert.deepStrictEqual([...flatten(Tensor.ones([5])).shape], [5, 1])
})

describe("prelu", () => {
  it("learns the slope below 0", () => {
    const layer = prelu()
    const { params, state } = layer.init(key)
    const input = Tensor.of([[-2, 3, -1]])
    assertNear(layer.predict(params, state, input), [-0.5, 3, -0.25])
    const slope = grad((p: typeof params) => Tensor.sum(layer.predict(p, state, input)))(params)
    assertNear(slope.weight, [-3])
  })

  it("has a slope for each channel if it is told how many there are", () => {
    const layer = prelu({ channels: 2, initial: 0.5 })
    const input = Tensor.reshape(Tensor.of([-1, 2, -3, -4]), [1, 2, 2])
    assertNear(layer.predict({ weight: Tensor.of([0.5, 2]) }, {}, input), [-0.5, 2, -6, -8])
    assert.deepStrictEqual(values(layer.init(key).params.weight), [0.5, 0.5])
  })
})

describe("maxout", () => {
  it("is the greatest of its maps", () => {
    const layer = maxout(2, 2, { pieces: 3 })
    const { params } = layer.init(key)
    assert.deepStrictEqual([[...params.weight.shape], [...params.bias.shape]], [[2, 6], [6]])
    const input = Random.normal(Random.key(4), [5, 2])
    const maps = values(Tensor.add(Tensor.matmul(input, params.weight), params.bias))
    const expected = Array.from({ length: 10 }, (_, i) => Math.max(...maps.slice(3 * i, 3 * i + 3)))
    assertNear(layer.predict(params, {}, input), expected)
  })

  it("refuses no piece", () => assert.throws(() => maxout(2, 2, { pieces: 0 }), "maxout: expected 1 piece or more"))
})
