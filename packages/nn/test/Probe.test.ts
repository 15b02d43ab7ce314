import { grad } from "@cotangent/autodiff/Gradient"
import * as Random from "@cotangent/tensor/Random"
import * as Reference from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Activation from "../src/Activation.ts"
import * as Initializer from "../src/Initializer.ts"
import { batchNorm, conv2d, dropout, embedding, flatten, linear, maxPool2d, maxout, prelu } from "../src/index.ts"
import * as Model from "../src/Model.ts"
import * as Probe from "../src/Probe.ts"
import { assertNear, values } from "./values.ts"

const square = () => linear(3, 3, { biasInitializer: Initializer.normal(1) })

type Square = Model.Model<
  unknown,
  unknown,
  Tensor.Tensor<Tensor.Shape, Tensor.Float>,
  Tensor.Tensor<Tensor.Shape, Tensor.Float>
>

// Parts of any parameters.
const leaf = fc.constantFrom<() => unknown>(
  square,
  () => Model.lift(Activation.tanh),
  () => dropout(0.4),
  () => batchNorm(3),
  () => prelu(),
  () => maxout(3, 3)
) as fc.Arbitrary<() => Square>

/** Models of three features made of each other in every way. */
const { model } = fc.letrec<{ readonly model: () => Square; readonly composed: () => Square }>((tie) => ({
  model: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("composed")),
  composed: fc
    .tuple(
      fc.constantFrom<(a: Square, b: Square) => unknown>(
        (a, b) => Model.andThen(a, b),
        (a, b) => Model.sequential(["a", a], Activation.relu, ["b", b]),
        (a) => Model.residual(a),
        (a, b) => Model.highway({ transform: a, gate: b }),
        (a) => Model.map(a, (x) => Tensor.mul(x, 2)),
        (a) => Model.contramap(a, (x: Tensor.Tensor<Tensor.Shape, Tensor.Float>) => Tensor.sin(x)),
        (a, b) => Model.map(Model.parallel({ a, b }), ({ a, b }) => Tensor.sub(a, b)),
        (a) => Model.andThen(Model.dense(a), linear(6, 3) as never)
      ) as fc.Arbitrary<(a: Square, b: Square) => Square>,
      tie("model"),
      tie("model")
    )
    .map(
      ([compose, a, b]) =>
        () =>
          compose(a(), b())
    )
}))

const input = Random.normal(Random.key(9), [4, 3])

it("a trace ends with what the model gives, in inference and in training", () =>
  fc.assert(
    fc.property(model, (make) => {
      const model = make()
      const { params, state } = model.init(Random.key(1))
      const key = Random.key(2)
      const [predicted, trained] = [
        Probe.trace(model, { params, state, input }),
        Probe.trace(model, { params, state, input, key })
      ]
      const expected = [model.predict(params, state, input), model.train(params, state, input, key).output]
      assert.deepStrictEqual(Reference.evaluate([predicted.output, trained.output]), Reference.evaluate(expected))
      assert.deepStrictEqual(
        Reference.evaluate([predicted.layers.at(-1)!.output as Tensor.Tensor]),
        Reference.evaluate([expected[0]])
      )
      assert.deepStrictEqual(
        predicted.layers.map(({ path }) => path),
        trained.layers.map(({ path }) => path)
      )
    }),
    { numRuns: 60 }
  ))

it("the layers of a trace have all parameters, each at its path", () =>
  fc.assert(
    fc.property(model, (make) => {
      const { params, state } = make().init(Random.key(1))
      const { layers } = Probe.trace(make(), { params, state, input })
      const found = layers.flatMap(({ params, path }) =>
        Tree.paths(params).map((name) => (path === "" ? name : `${path}.${name}`))
      )
      assert.sameMembers(found, [...Tree.paths(params)])
    }),
    { numRuns: 60 }
  ))

it("the gradient by a layer is that of everything after it", () =>
  fc.assert(
    fc.property(model, model, (first, second) => {
      const [before, after] = [first(), second()]
      const whole = Model.sequential(["before", before], ["after", after])
      const { params, state } = whole.init(Random.key(3))
      const loss = (output: Tensor.Tensor<Tensor.Shape, Tensor.Float>) =>
        Tensor.sum(Tensor.square(output)) as Tensor.Tensor<readonly [], Tensor.Float>
      const { layers, loss: value } = Probe.gradients(whole, loss, { params, state, input })
      const last = layers.findLastIndex(({ path }) => path.startsWith("before"))
      const rest = (x: Tensor.Tensor<Tensor.Shape, Tensor.Float>) => loss(after.predict(params.after, state.after, x))
      const expected = grad(rest)(before.predict(params.before, state.before, input))
      assertNear(layers[last].gradient as Tensor.Tensor, values(expected), 1e-5)
      assertNear(value, values(loss(whole.predict(params, state, input))), 1e-4)
    }),
    { numRuns: 30 }
  ))

describe("a classifier of images", () => {
  const model = Model.sequential(
    ["convolve", conv2d(1, 2, { kernel: 3 })],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    flatten,
    ["output", linear(8, 2)]
  )
  const { params, state } = model.init(Random.key(0))
  const images = Random.normal(Random.key(1), [5, 1, 6, 6])

  it("is seen layer by layer", () => {
    const { layers } = Probe.trace(model, { params, state, input: images })
    assert.deepStrictEqual(
      layers.map(({ output, path }) => [path, (output as Tensor.Tensor).shape]),
      [
        ["convolve", [5, 2, 4, 4]],
        ["1", [5, 2, 4, 4]],
        ["2", [5, 2, 2, 2]],
        ["3", [5, 8]],
        ["output", [5, 2]]
      ]
    )
  })

  it("dies under a bias that turns every unit off", () => {
    const off = { ...params, convolve: { ...params.convolve, bias: Tensor.full([2], -100) } }
    const readings = Probe.probe(model, (y) => Tensor.sum(Tensor.square(y)), { params: off, state, input: images })
    const [convolved, rectified] = readings
    assertNear(rectified.activation.zeros, [1])
    assertNear(rectified.activation.deviation, [0])
    assertNear(convolved.gradient.norm, [0])
    assert.isAbove(values(convolved.activation.deviation)[0], 0.1)
  })
})

it("statistics are those of the numbers", () =>
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 }),
      fc.double({ min: -3, max: 3, noNaN: true }),
      (row, more) => {
        const found = Probe.statistics({
          a: Tensor.of([row.slice(0, 2), row.slice(2)], "f64"),
          b: [Tensor.of(more, "f64")]
        })
        const all = [...row, more]
        const mean = all.reduce((sum, x) => sum + x, 0) / 5
        assertNear(found.mean, [mean], 1e-9)
        assertNear(found.deviation, [Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 5)], 1e-9)
        assertNear(found.least, [Math.min(...all)], 0)
        assertNear(found.greatest, [Math.max(...all)], 0)
        assertNear(found.zeros, [all.filter((x) => x === 0).length / 5], 1e-9)
        assertNear(found.norm, [Math.hypot(...all)], 1e-9)
      }
    ),
    { numRuns: 30 }
  ))

it("statistics of nothing are refused", () =>
  assert.throws(() => Probe.statistics({}), "statistics: expected tensors, received none"))

it("a probe leaves out layers that give no floats, and takes trees of outputs", () => {
  const model = Model.sequential(
    (x: Tensor.Tensor<Tensor.Shape, Tensor.Integer>) => Tensor.add(x, 1),
    ["rows", embedding(5, 3)],
    ["both", Model.parallel({ left: linear(3, 2), right: linear(3, 2) })],
    ({
      left,
      right
    }: {
      readonly left: Tensor.Tensor<Tensor.Shape, Tensor.Float>
      readonly right: Tensor.Tensor<Tensor.Shape, Tensor.Float>
    }) => Tensor.sub(left, right)
  )
  const { params, state } = model.init(Random.key(0))
  const numbers = Tensor.of([0, 2], "i32")
  assert.deepStrictEqual(
    Probe.trace(model, { params, state, input: numbers }).layers.map(({ path }) => path),
    ["0", "rows", "both.left", "both.right", "3"]
  )
  const readings = Probe.probe(model, (y) => Tensor.sum(y), { params, state, input: numbers })
  assert.strictEqual(readings.length, 4)
  assertNear(readings[1].gradient.mean, [1])
  assertNear(readings[2].gradient.mean, [-1])
})

describe("dead", () => {
  it("is the share of units whose biases hold them off", () =>
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), (isOff) => {
        const shift = Tensor.of(isOff.map((off) => (off ? -100 : 100)))
        const x = Random.normal(Random.key(1), [5, isOff.length])
        const [share] = values(Probe.dead(Activation.relu(Tensor.add(x, shift))))
        assert.closeTo(share, isOff.filter(Boolean).length / isOff.length, 1e-6)
      })
    ))

  it("does not count what is on for one example, and counts places of images each", () => {
    const output = Tensor.make([2, 1, 2], [0, 0, 0, 3])
    assert.deepStrictEqual(values(Probe.dead(output)), [0.5])
  })

  it("needs a batch", () =>
    assert.throws(() => Probe.dead(Tensor.scalar(0)), "dead: expected [batch, ...], received []"))
})

it("saturated grows with the scale of the inputs of tanh, from nothing to everything", () => {
  const x = Random.normal(Random.key(2), [500])
  const shares = [0.1, 1, 10, 1e6].map(
    (scale) => values(Probe.saturated(Tensor.tanh(Tensor.mul(x, scale)), { levels: [-1, 1] }))[0]
  )
  assert.strictEqual(shares[0], 0)
  shares.slice(1).forEach((share, i) => assert.isAbove(share, shares[i]))
  assert.strictEqual(shares[3], 1)
  // Beyond 2.65 tanh is within a hundredth of 1.
  const expected = values(x).filter((value) => Math.abs(value) * 10 >= Math.atanh(0.99)).length / 500
  assert.closeTo(shares[2], expected, 1e-6)
})
