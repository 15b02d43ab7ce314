import { grad } from "@cotangent/autodiff/Gradient"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as Reference from "@cotangent/tensor/Reference"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Minimizer from "../src/Minimizer.ts"
import type { Scalar } from "../src/Schedule.ts"
import { assertNear, settled, values } from "./values.ts"

type Floats = Tensor.Tensor<Tensor.Shape, Tensor.Float>
type Point = { readonly x: Floats }

const methods = {
  bfgs: Minimizer.bfgs({ tolerance: 1e-9 }) as Minimizer.Minimizer<unknown>,
  lbfgs: Minimizer.lbfgs({ tolerance: 1e-9 }) as Minimizer.Minimizer<unknown>,
  "lbfgs with little memory": Minimizer.lbfgs({ tolerance: 1e-9, memory: 2 }) as Minimizer.Minimizer<unknown>
}

/** `Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²`, Rosenbrock's valley along any number of axes. */
const rosenbrock = ({ x }: Point): Scalar => {
  const n = x.shape[0]
  const [early, late] = [Tensor.slice(x, { stop: [n - 1] }), Tensor.slice(x, { start: [1] })]
  const rise = Tensor.mul(Tensor.square(Tensor.sub(late, Tensor.square(early))), 100)
  return Tensor.sum(Tensor.add(rise, Tensor.square(Tensor.sub(1, early)))) as Scalar
}

describe.each(Object.entries(methods))("%s", (_, method) => {
  it.each([
    [-1.2, 1],
    [-1.2, 1, -1.2, 1, 0.5]
  ])("follows Rosenbrock's valley to its end", (...start) => {
    const { evaluations, isConverged, params } = settled(
      Minimizer.minimize(method, rosenbrock, { x: Tensor.of(start, "f64") })
    )
    assert.deepStrictEqual(values(isConverged), [1])
    assertNear(
      values(params.x),
      start.map(() => 1),
      1e-8
    )
    assert.isBelow(values(evaluations)[0], 150)
  })

  it("finds the bottom of bowls", () =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 1000 }),
        (curvatures, seed) => {
          const n = curvatures.length
          const { q: rotation } = Tensor.qr(Random.normal(Random.key(seed), [n, n], { dtype: "f64" }))
          const bowl = ({ x }: Point): Scalar => {
            const turned = Tensor.matmul(rotation, Tensor.sub(x, 1) as Tensor.Tensor<readonly [number], "f64">)
            return Tensor.sum(Tensor.mul(Tensor.square(turned), Tensor.of(curvatures, "f64"))) as Scalar
          }
          const { isConverged, params } = settled(
            Minimizer.minimize(method, bowl, { x: Tensor.zeros([n], "f64") }, { steps: 200 })
          )
          assert.deepStrictEqual(values(isConverged), [1])
          assertNear(
            values(params.x),
            curvatures.map(() => 1),
            1e-7
          )
        }
      ),
      { numRuns: 8 }
    ))
})

describe.each([
  ["bfgs", Minimizer.bfgs()],
  ["lbfgs", Minimizer.lbfgs()]
] as ReadonlyArray<readonly [string, Minimizer.Minimizer<unknown>]>)("each step of %s", (_, method) => {
  /** What a minimization does from a point, step after step. */
  const walk = (objective: (point: Point) => Scalar, start: ReadonlyArray<number>, count: number) => {
    let state = settled(method.init(objective, { x: Tensor.of(start, "f64") }))
    return [state, ...Array.from({ length: count }, () => (state = settled(method.step(objective, state))))]
  }

  it("satisfies the strong Wolfe conditions", () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 }), (start) => {
        const states = walk(rosenbrock, start, 6)
        states.slice(1).forEach((after, i) => {
          const before = states[i]
          if (values(before.isConverged)[0] === 1) return
          const [from, to] = [values(before.params.x), values(after.params.x)]
          const way = to.map((x, axis) => x - from[axis])
          const along = (gradient: Floats) => values(gradient).reduce((sum, g, axis) => sum + g * way[axis], 0)
          const slope = along(before.gradient)
          assert.isBelow(slope, 0)
          assert.isAtMost(values(after.loss)[0], values(before.loss)[0] * (1 + 1e-14) + 1e-4 * slope)
          assert.isAtMost(Math.abs(along(after.gradient)), -0.9 * slope * (1 + 1e-9))
        })
      }),
      { numRuns: 10 }
    ))

  it("carries the loss and the gradient at its parameters", () => {
    for (const { gradient, loss, params } of walk(rosenbrock, [-1, 2], 5)) {
      const [value, slope] = Reference.evaluate([rosenbrock(params), grad(rosenbrock)(params).x])
      assertNear(values(loss), [...value.data], 1e-9)
      assertNear(values(gradient), [...slope.data], 1e-9)
    }
  })
})

it("bfgs knows the inverse Hessian of a bowl after as many steps as it has axes, if it looks for the exact bottom of lines", () => {
  const method = Minimizer.bfgs({ curvature: 1e-6, decrease: 1e-8, evaluations: 60 })
  const matrix = Tensor.of(
    [
      [4, 1],
      [1, 3]
    ],
    "f64"
  )
  const bowl = ({ x }: { readonly x: Tensor.Tensor<readonly [2], "f64"> }): Scalar =>
    Tensor.mul(Tensor.dot(x, Tensor.matmul(matrix, x)), 0.5)
  let state = settled(method.init(bowl, { x: Tensor.of([1, -2], "f64") }))
  for (let step = 0; step < 2; step++) state = settled(method.step(bowl, state))
  assertNear(values(state.params.x), [0, 0], 1e-5)
  assertNear(values(state.memory.inverse), [3 / 11, -1 / 11, -1 / 11, 4 / 11], 1e-4)
})

it("lbfgs with room for all steps takes those of bfgs, whose first matrix is scaled once", () => {
  const [a, b] = [Minimizer.bfgs(), Minimizer.lbfgs({ memory: 1 })]
  let [left, right] = [
    settled(a.init(rosenbrock, { x: Tensor.of([-1, 2], "f64") })),
    settled(b.init(rosenbrock, { x: Tensor.of([-1, 2], "f64") }))
  ]
  // With one change both know the same: the scale and the change itself.
  for (let step = 0; step < 2; step++) {
    left = settled(a.step(rosenbrock, left))
    right = settled(b.step(rosenbrock, right))
    assertNear(values(left.params.x), values(right.params.x), 1e-9)
  }
})

it("keeps trees, and dtypes of leaves", () => {
  const params = { layers: [{ weight: Tensor.of([[3, 2]]) }], bias: Tensor.of(1, "f64") } as const
  const loss = (p: typeof params): Scalar =>
    Tensor.add(Tensor.sum(Tensor.square(Tensor.cast(p.layers[0].weight, "f64"))), Tensor.square(Tensor.sub(p.bias, 4)))
  const found = settled(Minimizer.minimize(Minimizer.lbfgs(), loss, params))
  assert.deepStrictEqual(Tree.structure(found.params).types, Tree.structure(params).types)
  assertNear(values(found.params.bias), [4], 1e-5)
  assertNear(values(found.params.layers[0].weight), [0, 0], 1e-5)
})

it("goes back from where the loss is no number", () => {
  // −√(1 − x²) has no value beyond 1, and a long first step leads there.
  const bowl = ({ x }: Point): Scalar => Tensor.neg(Tensor.sum(Tensor.sqrt(Tensor.sub(1, Tensor.square(x))))) as Scalar
  const { isConverged, params } = settled(Minimizer.minimize(Minimizer.lbfgs(), bowl, { x: Tensor.of([0.9], "f64") }))
  assert.deepStrictEqual(values(isConverged), [1])
  assertNear(values(params.x), [0], 1e-5)
})

it.each(["f32", "f64"] as const)("comes in %s to where rounding hides which loss is less", (dtype) => {
  // The loss is near 1, so that steps to the bottom change it by less than its rounding.
  const bowl = ({ x }: Point): Scalar =>
    Tensor.add(
      Tensor.sum(Tensor.mul(Tensor.square(Tensor.sub(x, 1)), Tensor.of([1, 30], dtype) as Floats)),
      1
    ) as Scalar
  const tolerance = dtype === "f32" ? 1e-5 : 1e-12
  for (const method of [Minimizer.bfgs({ tolerance }), Minimizer.lbfgs({ tolerance })] as ReadonlyArray<
    Minimizer.Minimizer<unknown>
  >) {
    const { isConverged, params } = settled(Minimizer.minimize(method, bowl, { x: Tensor.of([3, -2], dtype) }))
    assert.deepStrictEqual(values(isConverged), [1])
    assertNear(values(params.x), [1, 1], tolerance)
  }
})

it("says that it is stuck where no step lowers the loss", () => {
  // The gradient says that there is a way down, the loss that there is none.
  const lying = ({ x }: Point): Scalar => Tensor.sum(Tensor.sub(x, Tensor.stopGradient(x))) as Scalar
  const { isConverged, isStuck, steps } = settled(
    Minimizer.minimize(Minimizer.bfgs(), lying, { x: Tensor.of([1], "f64") })
  )
  assert.deepStrictEqual([values(isConverged), values(isStuck), values(steps)], [[0], [1], [1]])
})

it("refuses conditions that no step satisfies, and parameters that are none", () => {
  assert.throws(
    () => Minimizer.bfgs({ decrease: 0.9, curvature: 0.1 }),
    "Minimizer.bfgs: expected 0 < decrease < curvature < 1, received 0.9 and 0.1"
  )
  assert.throws(() => Minimizer.lbfgs({ memory: 0 }), "Minimizer.lbfgs: expected a memory from 1, received 0")
  assert.throws(
    () => Minimizer.minimize(Minimizer.lbfgs(), () => Tensor.of(1), {}),
    "Minimizer: expected parameters, received none"
  )
})
