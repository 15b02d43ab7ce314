import { grad } from "@cotangent/autodiff"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Gumbel from "../src/Gumbel.ts"
import { assertNear, settled, values } from "./values.ts"

const of = (location: number, scale: number): Gumbel.Gumbel => ({
  location: Tensor.of(location, "f64"),
  scale: Tensor.of(scale, "f64")
})

const parameters = fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: 0.3, max: 3, noNaN: true }))
const seed = fc.integer({ min: 0, max: 1000 })

it("the density is the derivative of the distribution", () =>
  fc.assert(
    fc.property(parameters, fc.double({ min: -3, max: 5, noNaN: true }), ([location, scale], x) => {
      const self = of(location, scale)
      const density = grad((x: Tensor.Tensor<readonly [], "f64">) => Gumbel.distribution(self, x) as typeof x)(
        Tensor.of(x, "f64")
      )
      assertNear(density, values(Tensor.exp(Gumbel.logDensity(self, Tensor.of(x, "f64")))), 1e-9)
    }),
    { numRuns: 40 }
  ))

it("the derivatives of the likelihood are those of the closed form", () =>
  fc.assert(
    fc.property(parameters, parameters, seed, ([location, scale], [a, b], seed) => {
      const observed = Gumbel.sample(of(a, b), Random.key(seed), [12])
      const found = grad((self: Gumbel.Gumbel) => Gumbel.negativeLogLikelihood(self, observed))(of(location, scale))
      const expected = Gumbel.derivatives(of(location, scale), observed)
      const size = 1 + Math.abs(values(expected.location)[0]) + Math.abs(values(expected.scale)[0])
      assertNear(found.location, values(expected.location), 1e-10 * size)
      assertNear(found.scale, values(expected.scale), 1e-10 * size)
    }),
    { numRuns: 25 }
  ))

describe("the likeliest parameters", () => {
  it("solve both equations, and are as near to the truth as a sample tells", () =>
    fc.assert(
      fc.property(parameters, seed, ([location, scale], seed) => {
        const count = 600
        const observed = settled(Gumbel.sample(of(location, scale), Random.key(seed), [count]))
        const found = settled(Gumbel.fit(observed, { tolerance: 1e-9 }))
        const equations = settled(Gumbel.derivatives(found, observed))
        assertNear(equations.location, [0], 1e-4)
        assertNear(equations.scale, [0], 1e-4)
        assertNear(found.location, values(Gumbel.locationFor(found.scale, observed)), 1e-6)
        // Five standard errors: by the Fisher information 1.053 and 0.780 of the scale, over the root of the count.
        assertNear(found.location, [location], (5 * 1.053 * scale) / Math.sqrt(count))
        assertNear(found.scale, [scale], (5 * 0.78 * scale) / Math.sqrt(count))
      }),
      { numRuns: 6 }
    ))

  it("begin at those whose moments are those of the sample", () => {
    const self = Gumbel.byMoments(Gumbel.sample(of(1, 2), Random.key(0), [20_000]))
    assertNear(self.location, [1], 0.06)
    assertNear(self.scale, [2], 0.06)
  })
})

it("half of the draws lie below the median", () => {
  const median = 1 - 2 * Math.log(Math.log(2))
  const isBelow = Tensor.less(Gumbel.sample(of(1, 2), Random.key(3), [4000]), median)
  assert.closeTo(values(Tensor.mean(Tensor.cast(isBelow, "f64")))[0], 0.5, 0.04)
})
