import * as Optimizer from "../src/Optimizer.ts"
import * as Schedule from "../src/Schedule.ts"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import { assert, describe, it } from "vitest"
import { assertNear, settled, values } from "./values.ts"

const makers = {
  sgd: Optimizer.sgd({ learningRate: 0.1 }),
  momentum: Optimizer.sgd({ learningRate: 0.02, momentum: 0.9 }),
  nesterov: Optimizer.sgd({ learningRate: 0.02, momentum: 0.9, nesterov: true }),
  adam: Optimizer.adam({ learningRate: 0.1 }),
  amsgrad: Optimizer.adam({ learningRate: 0.1, amsgrad: true }),
  adamW: Optimizer.adamW({ learningRate: 0.1, weightDecay: 0 }),
  rmsProp: Optimizer.rmsProp({ learningRate: 0.05 }),
  centered: Optimizer.rmsProp({ learningRate: 0.02, centered: true, momentum: 0.5 }),
  adagrad: Optimizer.adagrad({ learningRate: 0.5 }),
  adadelta: Optimizer.adadelta({ learningRate: 20 }),
  adamax: Optimizer.adamax({ learningRate: 0.1 }),
  nadam: Optimizer.nadam({ learningRate: 0.1 }),
  radam: Optimizer.radam({ learningRate: 0.1 }),
  lion: Optimizer.lion({ beta2: 0.9, learningRate: Schedule.exponential({ learningRate: 0.1, gamma: 0.97 }) }),
  grouped: Optimizer.grouped(() => "all", { all: Optimizer.adam({ learningRate: 0.1 }), none: Optimizer.frozen })
} as const

type Point = { readonly x: Tensor.Tensor<readonly [2], "f64"> }

const descend = <S>(
  optimizer: Optimizer.Optimizer<S>,
  start: readonly [number, number],
  { gradient, steps }: { readonly gradient: (x: Point["x"]) => Point["x"]; readonly steps: number }
): ReadonlyArray<number> => {
  let params: Point = { x: Tensor.of(start, "f64") }
  let state = optimizer.init(params)
  for (let step = 0; step < steps; step++) {
    const next = settled(optimizer.update({ x: gradient(params.x) }, state, params))
    params = next.params
    state = next.state
  }
  return values(params.x)
}

/** The gradient of `(x − 1)² + ½ (y + 2)²`. */
const parabola = (x: Point["x"]): Point["x"] =>
  Tensor.mul(Tensor.sub(x, Tensor.of([1, -2], "f64")), Tensor.of([2, 1], "f64"))

/** The gradient of `(1 − x)² + 100 (y − x²)²`. */
const rosenbrock = (point: Point["x"]): Point["x"] => {
  const [x, y] = Tensor.split(point, 2) as unknown as readonly [
    Tensor.Tensor<readonly [1], "f64">,
    Tensor.Tensor<readonly [1], "f64">
  ]
  const rise = Tensor.sub(y, Tensor.square(x))
  const alongX = Tensor.sub(Tensor.mul(Tensor.sub(x, 1), 2), Tensor.mul(Tensor.mul(x, rise), 400))
  return Tensor.refine(Tensor.concatenate([alongX, Tensor.mul(rise, 200)]), [2])
}

describe.each(Object.entries(makers))("%s", (_, optimizer) => {
  it("comes near the minimum of a parabola", () =>
    // Optimizers of different states share this test.
    assertNear(
      descend(optimizer as Optimizer.Optimizer<unknown>, [0, 0], { gradient: parabola, steps: 150 }),
      [1, -2],
      0.1
    ))
})

describe("Rosenbrock's valley", () => {
  it("leads momentum to its minimum", () =>
    assertNear(
      descend(Optimizer.sgd({ learningRate: 0.0005, momentum: 0.95 }), [-0.5, 0.5], {
        gradient: rosenbrock,
        steps: 600
      }),
      [1, 1],
      0.1
    ))

  it("leads Adam to its minimum", () =>
    assertNear(
      descend(Optimizer.adam({ learningRate: 0.1 }), [-0.5, 0.5], { gradient: rosenbrock, steps: 800 }),
      [1, 1],
      0.1
    ))
})

describe("sgd", () => {
  it("equals its closed form on a parabola", () => {
    const [rate, steps] = [0.1, 20]
    const expected = [1 - (1 - 2 * rate) ** steps, -2 * (1 - (1 - rate) ** steps)]
    assertNear(descend(Optimizer.sgd({ learningRate: rate }), [0, 0], { gradient: parabola, steps }), expected, 1e-12)
  })

  it("with L2 regularization converges to the shrunk minimum", () =>
    assertNear(
      descend(Optimizer.sgd({ learningRate: 0.2, l2: 1 }), [0, 0], { gradient: parabola, steps: 80 }),
      [2 / 3, -1],
      1e-9
    ))

  it("takes a rate that is data", () => {
    const params = { x: Tensor.of([1, 1]) }
    const step = (learningRate: number | Tensor.Tensor<readonly [], "f32"> | Schedule.Schedule) => {
      const optimizer = Optimizer.sgd({ learningRate })
      return values(optimizer.update({ x: Tensor.of([1, 2]) }, optimizer.init(params), params).params.x)
    }
    assert.deepStrictEqual(step(0.5), [0.5, 0])
    assert.deepStrictEqual(step(Tensor.scalar(0.5)), [0.5, 0])
    assert.deepStrictEqual(step(Schedule.constant(0.5)), [0.5, 0])
  })
})

describe("an optimizer of a tree", () => {
  const params = { layers: [{ weight: Tensor.of([[1, 2]]), bias: Tensor.of([3]) }], scale: Tensor.of(4) } as const

  it("keeps the tree, and pairs gradients by name", () => {
    const optimizer = Optimizer.sgd({ learningRate: 1 })
    const gradients = { scale: Tensor.of(4), layers: [{ bias: Tensor.of([3]), weight: Tensor.of([[1, 1]]) }] } as const
    const next = optimizer.update(gradients, optimizer.init(params), params)
    assert.deepStrictEqual(values(next.params.layers[0].weight), [0, 1])
    assert.deepStrictEqual(values(next.params.layers[0].bias), [0])
    assert.deepStrictEqual(values(next.params.scale), [0])
  })

  it("refuses gradients of another tree", () => {
    const optimizer = Optimizer.sgd({ learningRate: 1 })
    const wrong = { layers: [], scale: Tensor.of(4) }
    assert.throws(() => optimizer.update(wrong as never, optimizer.init(params), params), /an array of 1 at "layers"/)
  })

  it("adds updates leaf by leaf", () =>
    assert.deepStrictEqual(values(Optimizer.applyUpdates([Tensor.of([1])], [Tensor.of([2])])[0]), [3]))
})

it("adamW decays parameters that have no gradient, adam does not", () => {
  const params = { x: Tensor.of([1]) }
  const gradients = { x: Tensor.of([0]) }
  const step = <S>(optimizer: Optimizer.Optimizer<S>) =>
    values(optimizer.update(gradients, optimizer.init(params), params).params.x)
  assertNear(step(Optimizer.adam({ learningRate: 0.1 })), [1])
  assertNear(step(Optimizer.adamW({ learningRate: 0.1, weightDecay: 0.5 })), [0.95], 1e-6)
})

describe("lion", () => {
  it("goes steps of one size along the signs of its momentum", () => {
    // Program 1 of Chen et al. 2023, by hand: signs of 0.9 m + 0.1 g, then m ← 0.99 m + 0.01 g.
    const optimizer = Optimizer.lion({ learningRate: 0.1, weightDecay: 0.5 })
    let params: Point = { x: Tensor.of([1, -1], "f64") }
    let state = optimizer.init(params)
    const [xs, means] = [
      [1, -1],
      [0, 0]
    ]
    for (const gradient of [
      [2, -3],
      [-0.1, 0.2],
      [-5, 0]
    ] as const) {
      const next = optimizer.update({ x: Tensor.of(gradient, "f64") }, state, params)
      params = next.params
      state = next.state
      gradient.forEach((g, i) => {
        xs[i] -= 0.1 * (Math.sign(0.9 * means[i] + 0.1 * g) + 0.5 * xs[i])
        means[i] = 0.99 * means[i] + 0.01 * g
      })
    }
    assertNear(values(params.x), xs)
  })
})

describe("settings by path", () => {
  const params = {
    body: { weight: Tensor.of([[1]], "f64"), bias: Tensor.of([1], "f64") },
    head: { weight: Tensor.of([[1]], "f64") }
  } as const

  it("choose the optimizer of each leaf, and freeze what is said", () => {
    const optimizer = Optimizer.grouped(
      (path) => (path.startsWith("body") ? (path.endsWith("bias") ? "frozen" : "slow") : "fast"),
      {
        slow: Optimizer.sgd({ learningRate: 0.1, l2: 1 }),
        fast: Optimizer.adam({ learningRate: 0.5 }),
        frozen: Optimizer.frozen
      }
    )
    const { params: next } = optimizer.update(params, optimizer.init(params), params)
    assertNear(values(next.body.weight), [1 - 0.1 * 2])
    assertNear(values(next.body.bias), [1])
    assertNear(values(next.head.weight), [0.5], 1e-7)
  })

  it("keep states by group, under the names of the groups", () => {
    const optimizer = Optimizer.grouped((path) => (path.startsWith("body") ? "a" : "b"), {
      a: Optimizer.frozen,
      b: Optimizer.adam({ learningRate: 1 })
    })
    assert.deepStrictEqual(Tree.paths(optimizer.init(params)), ["b.0.step", "b.0.mean.0", "b.0.variance.0", "b.1"])
  })
})
