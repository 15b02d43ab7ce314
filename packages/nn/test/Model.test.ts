import * as Activation from "../src/Activation.ts"
import * as Initializer from "../src/Initializer.ts"
import * as Model from "../src/Model.ts"
import type { Rows } from "../src/index.ts"
import { dropout, linear } from "../src/index.ts"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { pipe } from "effect/Function"
import { assert, describe, it } from "vitest"
import { assertNear, values } from "./values.ts"

const key = Random.key(0)

/** `x · factor` for `[…, 2]`. */
const times = (factor: number) =>
  linear(2, 2, { bias: false, initializer: () => Tensor.mul(Tensor.eye(2), factor) as never })

/** A model whose state counts how often it was trained. */
const counting: Model.Model<
  Model.Empty,
  Tensor.Tensor<readonly [], "i32">,
  Tensor.Tensor<Tensor.Shape, Tensor.Float>,
  Tensor.Tensor<Tensor.Shape, Tensor.Float>
> = {
  init: () => ({ params: {}, state: Tensor.scalar(0, "i32") }),
  train: (_, count, input) => ({ output: input, state: Tensor.add(count, 1) }),
  predict: (_, __, input) => input
}

const classifier = Model.sequential(["hidden", linear(4, 3)], Activation.relu, dropout(0.5), ["output", linear(3, 2)])

describe("sequential", () => {
  it("gives parameters the names of their layers", () => {
    const { params, state } = classifier.init(key)
    assert.deepStrictEqual(Tree.paths(params), ["hidden.weight", "hidden.bias", "output.weight", "output.bias"])
    assert.deepStrictEqual(Tree.leaves(state), [])
    assert.deepStrictEqual([...params.hidden.weight.shape], [4, 3])
  })

  it("draws different parameters for layers of one shape", () => {
    const { params } = Model.sequential(["a", linear(2, 2)], ["b", linear(2, 2)]).init(key)
    assert.notDeepEqual(values(params.a.weight), values(params.b.weight))
  })

  it("runs layers from first to last", () => {
    const model = Model.sequential(
      ["double", times(2)],
      (x: Tensor.Tensor<ReadonlyArray<number>, Tensor.Float>) => Tensor.add(x, 1),
      ["triple", times(3)]
    )
    const { params, state } = model.init(key)
    assertNear(model.predict(params, state, Tensor.of([[1, 2]])), [9, 15])
  })

  it("uses randomness in training only", () => {
    const { params, state } = classifier.init(key)
    const input = Random.normal(Random.key(1), [8, 4])
    const trained = (k: number) => values(classifier.train(params, state, input, Random.key(k)).output)
    assert.notDeepEqual(trained(1), trained(2))
    assert.deepStrictEqual(trained(1), trained(1))
    assert.deepStrictEqual(values(classifier.predict(params, state, input)).length, 16)
  })

  it("gives each layer its own randomness", () => {
    const { output } = Model.sequential(dropout(0.5), dropout(0.5)).train({}, {}, Tensor.ones([400]), key)
    // One mask twice would keep a half.
    assert.closeTo(values(output).filter((x) => x > 0).length / 400, 0.25, 0.07)
  })

  it("keeps the state of each layer under its name", () => {
    const model = Model.sequential(["first", counting], ["second", counting])
    const { params, state } = model.init(key)
    const once = model.train(params, state, Tensor.ones([1]), key)
    const twice = model.train(params, once.state, once.output, key)
    assert.deepStrictEqual(values(twice.state.first), [2])
    assert.deepStrictEqual(values(twice.state.second), [2])
  })

  it("refuses a name that is used twice", () =>
    assert.throws(
      () => Model.sequential(["a", linear(2, 2)], ["a", linear(2, 2)]),
      'sequential: expected each name once, received "a" twice'
    ))

  it("leaves what types do not know to the operations", () => {
    const { params, state } = classifier.init(key)
    const input: Tensor.Tensor<readonly [number, number], "f32"> = Tensor.ones([8, 5])
    assert.throws(() => classifier.predict(params, state, input as never), /matmul: .*received \[8, 5\] and \[4, 3\]/)
  })
})

describe("composition", () => {
  const [two, three] = [times(2), times(3)]
  const x = Tensor.of([[1, 2]])
  const predict = <P, S, O extends Tensor.Tensor>(model: Model.Model<P, S, typeof x, O>) => {
    const { params, state } = model.init(key)
    return values(model.predict(params, state, x))
  }

  it("andThen runs one model after the other", () =>
    assert.deepStrictEqual(predict(Model.andThen(two, three)), [6, 12]))

  it("andThen is associative up to the nesting of parameters", () => {
    const left = pipe(two, Model.andThen(three), Model.andThen(two))
    const right = Model.andThen(two, Model.andThen(three, two))
    assert.deepStrictEqual(predict(left), predict(right))
  })

  it("the lifted identity is a unit of andThen", () => {
    const same = Model.lift((x) => x)
    assert.deepStrictEqual(predict(Model.andThen(two, same)), predict(two))
    assert.deepStrictEqual(predict(Model.andThen(same, two)), predict(two))
  })

  it("map and contramap change output and input", () => {
    assert.deepStrictEqual(predict(Model.map(two, Tensor.neg)), [-2, -4])
    assert.deepStrictEqual(
      predict(
        pipe(
          two,
          Model.contramap((y: typeof x) => Tensor.add(y, 1))
        )
      ),
      [4, 6]
    )
  })

  it("residual adds the input", () => assert.deepStrictEqual(predict(Model.residual(two)), [3, 6]))

  it("parallel gives one input to all branches", () => {
    const model = Model.parallel({ two, three })
    const { params, state } = model.init(key)
    const output = model.predict(params, state, x)
    assert.deepStrictEqual(Tree.paths(params), ["two.weight", "three.weight"])
    assert.deepStrictEqual(
      [values(output.two), values(output.three)],
      [
        [2, 4],
        [3, 6]
      ]
    )
  })

  it("trains as it predicts where nothing is random", () => {
    const model = Model.parallel({
      direct: Model.map(two, Tensor.neg),
      deep: Model.residual(Model.andThen(two, three))
    })
    const { params, state } = model.init(key)
    const { output } = model.train(params, state, x, key)
    const predicted = model.predict(params, state, x)
    assert.deepStrictEqual(values(output.deep), values(predicted.deep))
    assert.deepStrictEqual(values(output.direct), values(predicted.direct))
  })

  it("carries state through every combinator", () => {
    const mapped = Model.map(counting, Tensor.neg)
    const inner = Model.residual(Model.contramap(mapped, (y: Model.InputOf<typeof mapped>) => Tensor.neg(y)))
    const model = Model.parallel({ inner, plain: counting })
    const { params, state } = model.init(key)
    const next = model.train(params, state, x, key)
    assert.deepStrictEqual([values(next.state.inner), values(next.state.plain)], [[1], [1]])
    assert.deepStrictEqual(values(next.output.inner), [2, 4])
  })
})

it("a stateless model is a pair of functions", () => {
  const model = Model.stateless({
    init: (k) => Initializer.ones(k, [2]),
    apply: (weight, input: Tensor.Tensor<readonly [2], "f32">) => Tensor.mul(weight, input)
  })
  const { params, state } = model.init(key)
  assert.deepStrictEqual(values(model.predict(params, state, Tensor.of([3, 4]))), [3, 4])
})

describe("connections around layers", () => {
  const input = Tensor.of([
    [1, -2],
    [3, 4]
  ])
  const run = <P, S, O extends Tensor.Tensor>(model: Model.Model<P, S, Tensor.Tensor<readonly [2, 2], "f32">, O>) => {
    const { params, state } = model.init(key)
    assert.deepStrictEqual(
      values(model.train(params, state, input, key).output),
      values(model.predict(params, state, input))
    )
    return model.predict(params, state, input)
  }

  it("dense puts the output beside the input", () => {
    assertNear(run(Model.dense(times(10))), [1, -2, 10, -20, 3, 4, 30, 40])
    const image = Tensor.reshape(Tensor.arange(8), [1, 2, 2, 2])
    const doubled = Model.dense(Model.lift((x: Tensor.Tensor<readonly [1, 2, 2, 2], Tensor.Float>) => Tensor.mul(x, 2)))
    const grown = doubled.predict({}, {}, Tensor.cast(image, "f32"))
    assert.deepStrictEqual([...grown.shape], [1, 4, 2, 2])
    assertNear(grown, [0, 1, 2, 3, 4, 5, 6, 7, 0, 2, 4, 6, 8, 10, 12, 14])
  })

  it("highway mixes input and output as its gate says", () => {
    const gate = (bias: number) =>
      linear(2, 2, { initializer: Initializer.zeros, biasInitializer: Initializer.constant(bias) })
    assertNear(run(Model.highway({ transform: times(3), gate: gate(0) })), [2, -4, 6, 8])
    assertNear(run(Model.highway({ transform: times(3), gate: gate(50) })), [3, -6, 9, 12])
    assertNear(run(Model.highway({ transform: times(3), gate: gate(-50) })), [1, -2, 3, 4])
    const share = 1 / (1 + Math.exp(-1))
    assertNear(
      run(Model.highway({ transform: times(3), gate: gate(1) })),
      [1, -2, 3, 4].map((x) => x * (1 + 2 * share))
    )
  })

  it("highway has parameters of both, and states of both", () => {
    const counted = Model.sequential(
      ["0", linear(2, 2)],
      ["1", counting as unknown as Model.Model<Model.Empty, Tensor.Tensor, Rows<2>, Rows<2>>]
    )
    const model = Model.highway({ transform: counted, gate: linear(2, 2) })
    const { params, state } = model.init(key)
    assert.deepStrictEqual(Tree.paths(params), ["transform.0.weight", "transform.0.bias", "gate.weight", "gate.bias"])
    const next = model.train(params, state, input, key)
    assertNear(Tree.leaves(next.state)[0], [1])
  })
})
