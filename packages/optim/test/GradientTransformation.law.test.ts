import type { GradientTransformation, Leaves } from "../src/GradientTransformation.ts"
import * as Transformation from "../src/GradientTransformation.ts"
import { scaleByAdam, scaleByRms } from "../src/adaptive.ts"
import * as Averaging from "../src/Averaging.ts"
import * as Schedule from "../src/Schedule.ts"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import * as fc from "fast-check"
import { assert, it } from "vitest"
import { assertNear, values } from "./values.ts"

/** A transformation whose state is nobody's business. */
const hidden = <S>(transformation: GradientTransformation<S>): GradientTransformation<unknown> => ({
  init: transformation.init,
  // The state is one that `init` or `update` gave.
  update: (gradients, state, params, paths) => transformation.update(gradients, state as S, params, paths)
})

const transformation: fc.Arbitrary<GradientTransformation<unknown>> = fc.constantFrom(
  hidden(Transformation.identity),
  hidden(Transformation.scale(-0.5)),
  hidden(Transformation.scaleBy(Schedule.exponential({ learningRate: 0.1, gamma: 0.5 }))),
  hidden(Transformation.addWeightDecay(0.1)),
  hidden(Transformation.clipByValue(0.7)),
  hidden(Transformation.clipByGlobalNorm(1)),
  hidden(Transformation.clipByNorm(1)),
  hidden(Transformation.maxNorm(1)),
  hidden(Transformation.freeze),
  hidden(Transformation.accumulate(2, scaleByAdam())),
  hidden(
    Transformation.grouped((path) => (path === "0" ? "a" : "b"), { a: scaleByAdam(), b: Transformation.scale(2) })
  ),
  hidden(Averaging.exponential(0.9)),
  hidden(Transformation.trace(0.9, { nesterov: true })),
  hidden(scaleByAdam()),
  hidden(scaleByRms({ centered: true }))
)

const number = fc.double({ min: -2, max: 2, noNaN: true })
const leaves: fc.Arbitrary<Leaves> = fc
  .tuple(fc.array(number, { minLength: 2, maxLength: 2 }), number)
  .map(([row, x]) => [Tensor.of(row, "f64"), Tensor.of(x, "f64")])

/** The updates of three steps. */
const run = (
  self: GradientTransformation<unknown>,
  params: Leaves,
  gradients: ReadonlyArray<Leaves>
): ReadonlyArray<number> => {
  let state = self.init(params, Tree.paths(params))
  return gradients.flatMap((gradient) => {
    const [updates, next] = self.update(gradient, state, params, Tree.paths(params))
    state = next
    return updates.flatMap(values)
  })
}

/** Asserts that two transformations make the same of three gradients. */
const assertSame = (
  [a, b]: readonly [GradientTransformation<unknown>, GradientTransformation<unknown>],
  [params, ...gradients]: ReadonlyArray<Leaves>
): void => assert.deepStrictEqual(run(a, params, gradients), run(b, params, gradients))

const { chain, identity } = Transformation
const inputs = fc.array(leaves, { minLength: 4, maxLength: 4 })

it("chain is associative", () =>
  fc.assert(
    fc.property(fc.tuple(transformation, transformation, transformation), inputs, ([a, b, c], all) => {
      const left = hidden(chain(hidden(chain(a, b)), c))
      assertSame([left, hidden(chain(a, hidden(chain(b, c))))], all)
      assertSame([left, hidden(chain(a, b, c))], all)
    }),
    { numRuns: 25 }
  ))

it("identity is the unit of chain", () =>
  fc.assert(
    fc.property(transformation, inputs, (a, all) => {
      assertSame([hidden(chain(identity, a)), a], all)
      assertSame([hidden(chain(a, identity)), a], all)
    }),
    { numRuns: 25 }
  ))

it("clipByGlobalNorm keeps directions and bounds the norm", () =>
  fc.assert(
    fc.property(leaves, fc.double({ min: 0.1, max: 3, noNaN: true }), (gradients, limit) => {
      const [clipped] = Transformation.clipByGlobalNorm(limit).update(gradients, [], gradients, Tree.paths(gradients))
      const before = gradients.flatMap(values)
      const norm = Math.hypot(...before)
      assertNear(
        clipped.flatMap(values),
        before.map((g) => (norm > limit ? (g * limit) / norm : g))
      )
    }),
    { numRuns: 50 }
  ))

it("clipByNorm bounds each norm by itself", () =>
  fc.assert(
    fc.property(leaves, fc.double({ min: 0.1, max: 3, noNaN: true }), (gradients, limit) => {
      const [clipped] = Transformation.clipByNorm(limit).update(gradients, [], gradients, Tree.paths(gradients))
      gradients.forEach((gradient, i) => {
        const before = values(gradient)
        const norm = Math.hypot(...before)
        assertNear(
          values(clipped[i]),
          before.map((g) => (norm > limit ? (g * limit) / norm : g))
        )
      })
    }),
    { numRuns: 50 }
  ))

it("grouped with one transformation for all groups of leaves that it takes one by one is that transformation", () =>
  fc.assert(
    fc.property(inputs, ([params, ...gradients]) => {
      const rules = Transformation.chain(scaleByAdam(), Transformation.addWeightDecay(0.1), Transformation.scale(-0.1))
      const groupOf = (path: string) => (path === "0" ? "first" : "second")
      const parted = Transformation.grouped(groupOf, { first: rules, second: rules })
      assertSame([hidden(parted), hidden(rules)], [params, ...gradients])
    }),
    { numRuns: 25 }
  ))

it("grouped commutes with the order of leaves", () =>
  fc.assert(
    fc.property(inputs, ([params, ...gradients]) => {
      const parts = { a: Transformation.scale(2), b: Transformation.trace(0.5) }
      const turned = (trees: Leaves): Leaves => trees.toReversed()
      const forwards = hidden(Transformation.grouped((path) => (path === "0" ? "a" : "b"), parts))
      const backwards = hidden(Transformation.grouped((path) => (path === "1" ? "a" : "b"), parts))
      const flipped = run(backwards, turned(params), gradients.map(turned))
      // Rows of two, then one; or one, then rows of two.
      const reordered = flipped.map((_, i) => flipped[3 * Math.floor(i / 3) + [1, 2, 0][i % 3]])
      assert.deepStrictEqual(run(forwards, params, gradients), reordered)
    }),
    { numRuns: 25 }
  ))

it("accumulate over so many equal steps is one step of the mean, and rests in between", () =>
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 4 }), ([params, first, second, third], steps) => {
      const inner = Transformation.chain(scaleByAdam(), Transformation.scale(-0.1))
      const gradients = [first, second, third, first].slice(0, steps)
      const mean = params.map((param, i) =>
        Tensor.mul(
          gradients.reduce((sum, leaves) => Tensor.add(sum, leaves[i]), Tensor.zerosLike(param)),
          1 / steps
        )
      )
      const expected = run(hidden(inner), params, [mean, mean])
      const rests = new Array<number>((steps - 1) * 3).fill(0)
      assertNear(
        run(hidden(Transformation.accumulate(steps, inner)), params, [...gradients, ...gradients]),
        [...rests, ...expected.slice(0, 3), ...rests, ...expected.slice(3)],
        1e-12
      )
    }),
    { numRuns: 15 }
  ))

it("maxNorm leaves short units, and shortens the others to the limit", () =>
  fc.assert(
    fc.property(
      fc.array(number, { minLength: 6, maxLength: 6 }),
      fc.array(number, { minLength: 6, maxLength: 6 }),
      fc.double({ min: 0.5, max: 3, noNaN: true }),
      fc.boolean(),
      (param, update, limit, isKernel) => {
        // As a weight of two inputs and three units; as a kernel of three outputs over windows of two.
        const shape = isKernel ? [3, 1, 2] : [2, 3]
        const [p, u] = [param, update].map((row) => Tensor.reshape(Tensor.of(row, "f64"), shape))
        const [[changed]] = Transformation.maxNorm(limit).update([u], [], [p], ["weight"])
        const next = values(Tensor.add(p, changed))
        const plain = values(Tensor.add(p, u))
        for (const unit of [0, 1, 2]) {
          const places = isKernel ? [2 * unit, 2 * unit + 1] : [unit, unit + 3]
          const norm = Math.hypot(...places.map((i) => plain[i]))
          assertNear(
            places.map((i) => next[i]),
            places.map((i) => (norm > limit ? (plain[i] * limit) / norm : plain[i])),
            1e-12
          )
        }
      }
    ),
    { numRuns: 50 }
  ))

it("Nesterov's momentum is a gradient taken ahead of where momentum leads", () =>
  fc.assert(
    fc.property(number, number, fc.double({ min: 0, max: 0.95, noNaN: true }), (x, y, momentum) => {
      // Sutskever et al. 2013: v ← μ v − η ∇f(θ + μ v), θ ← θ + v; the parameters here are the points θ + μ v.
      const [rate, curvatures] = [0.1, [1, 3]]
      const [theta, velocity] = [
        [x, y],
        [0, 0]
      ]
      let params = [Tensor.of([x, y], "f64")] as Leaves
      const self = Transformation.chain(
        Transformation.trace(momentum, { nesterov: true }),
        Transformation.descend(rate)
      )
      let state = self.init(params, ["x"])
      for (let step = 0; step < 4; step++) {
        const [updates, next] = self.update([Tensor.mul(params[0], Tensor.of(curvatures, "f64"))], state, params, ["x"])
        params = [Tensor.add(params[0], updates[0])]
        state = next
        curvatures.forEach((curvature, i) => {
          const ahead = theta[i] + momentum * velocity[i]
          velocity[i] = momentum * velocity[i] - rate * curvature * ahead
          theta[i] += velocity[i]
        })
      }
      assertNear(
        values(params[0]),
        theta.map((at, i) => at + momentum * velocity[i])
      )
    }),
    { numRuns: 25 }
  ))
