import type { GradientTransformation, Leaves } from "../src/GradientTransformation.ts"
import * as Transformation from "../src/GradientTransformation.ts"
import { scaleByAdam, scaleByRms } from "../src/adaptive.ts"
import * as Schedule from "../src/Schedule.ts"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, it } from "vitest"
import { assertNear, values } from "./values.ts"

/** A transformation whose state is nobody's business. */
const hidden = <S>(transformation: GradientTransformation<S>): GradientTransformation<unknown> => ({
  init: transformation.init,
  // The state is one that `init` or `update` gave.
  update: (gradients, state, params) => transformation.update(gradients, state as S, params)
})

const transformation: fc.Arbitrary<GradientTransformation<unknown>> = fc.constantFrom(
  hidden(Transformation.identity),
  hidden(Transformation.scale(-0.5)),
  hidden(Transformation.scaleBy(Schedule.exponential({ learningRate: 0.1, gamma: 0.5 }))),
  hidden(Transformation.addWeightDecay(0.1)),
  hidden(Transformation.clipByValue(0.7)),
  hidden(Transformation.clipByGlobalNorm(1)),
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
  let state = self.init(params)
  return gradients.flatMap((gradient) => {
    const [updates, next] = self.update(gradient, state, params)
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
      const [clipped] = Transformation.clipByGlobalNorm(limit).update(gradients, [], gradients)
      const before = gradients.flatMap(values)
      const norm = Math.hypot(...before)
      assertNear(
        clipped.flatMap(values),
        before.map((g) => (norm > limit ? (g * limit) / norm : g))
      )
    }),
    { numRuns: 50 }
  ))
