import { grad } from "@cotangent/autodiff"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Features from "../src/Features.ts"
import * as Glm from "../src/Glm.ts"
import { assertNear, settled, values } from "./values.ts"

type Floats = Tensor.Tensor<Tensor.Shape, Tensor.Float>

const seed = fc.integer({ min: 0, max: 1000 })

const draw = (seed: number, ...shape: ReadonlyArray<number>): Floats =>
  Tensor.cast(Random.normal(Random.key(seed), shape), "f64") as Floats

/** A family, what is observed of it for natural parameters, and observations as numbers like means. */
const families = {
  gaussian: { family: Glm.gaussian, observe: (x: Floats) => Tensor.add(x, draw(9, 40, 2)) },
  bernoulli: {
    family: Glm.bernoulli,
    observe: (x: Floats) => Tensor.cast(Tensor.greater(Tensor.add(x, draw(9, 40, 2)), 0), "f64") as Floats
  },
  poisson: { family: Glm.poisson, observe: (x: Floats) => Tensor.round(Tensor.exp(Tensor.mul(x, 0.5))) }
} as const

describe.each(Object.entries(families))("%s", (_, { family, observe }) => {
  it("has the gradient mean − target by its natural parameter", () =>
    fc.assert(
      fc.property(seed, (seed) => {
        const natural = draw(seed, 40, 2)
        const observed = observe(natural)
        const gradient = grad((x: Floats) => family.loss(x, observed as never))(natural)
        const errors = values(Tensor.sub(family.mean(natural), observed as never))
        assertNear(
          gradient,
          errors.map((error) => error / 80),
          1e-12
        )
      }),
      { numRuns: 10 }
    ))

  it("is fitted where errors have nothing to do with features", () => {
    const input = draw(3, 40, 3)
    const observed = observe(Tensor.matmul(input, draw(4, 3, 2)) as Floats)
    const glm = Glm.make(family as Glm.Family<Floats>, { inputs: 3, outputs: 2 })
    const { isConverged, params } = settled(Glm.fit(glm, { input, observed }, { tolerance: 1e-9, l2: 0.01 }))
    assert.deepStrictEqual(values(isConverged), [1])
    const error = Tensor.sub(family.mean(glm.model.predict(params, {}, input)), observed as never)
    // The equations of the likeliest parameters: Xᵀ (mean − target) / n = −l2 · weight, and errors that sum to 0.
    const moments = Tensor.mul(Tensor.matmul(Tensor.transpose(input) as never, error as never), 1 / 80)
    assertNear(
      moments,
      values(params.weight).map((w) => -0.01 * w),
      1e-8
    )
    assertNear(Tensor.sum(error, 0), [0, 0], 1e-6)
  })
})

it("linear regression is the solution of least squares", () => {
  const input = draw(5, 30, 2)
  const observed = Tensor.add(Tensor.matmul(input, draw(6, 2, 1)), draw(7, 30, 1)) as Floats
  const { params } = settled(Glm.fit(Glm.linearRegression({ inputs: 2 }), { input, observed }, { tolerance: 1e-10 }))
  const design = Tensor.concatenate([input, Tensor.ones([30, 1], "f64")], -1)
  const solution = values(Tensor.leastSquares(design as never, observed as never) as Tensor.Tensor)
  assertNear(params.weight, solution.slice(0, 2), 1e-8)
  assertNear(params.bias, solution.slice(2), 1e-8)
})

it("softmax regression of two classes is logistic regression of their difference", () => {
  const input = draw(1, 50, 2)
  const side = Tensor.greater(Tensor.add(Tensor.sum(input, -1), Tensor.flatten(draw(2, 50, 1)) as never), 0.2)
  const settings = { tolerance: 1e-9, steps: 200 } as const
  const logistic = settled(
    Glm.fit(
      Glm.logisticRegression({ inputs: 2 }),
      { input, observed: Tensor.expandDims(Tensor.cast(side, "f64"), -1) as Floats },
      { ...settings, l2: 0.1 }
    )
  )
  // Each class has half of the difference, so the penalty of both together is half as large.
  const softmax = settled(
    Glm.fit(
      Glm.softmaxRegression({ inputs: 2, outputs: 2 }),
      { input, observed: Tensor.cast(side, "i32") as Tensor.Tensor<Tensor.Shape, "i32"> },
      { ...settings, l2: 0.2 }
    )
  )
  const columns = values(Tensor.transpose(softmax.params.weight))
  assertNear(logistic.params.weight, [columns[2] - columns[0], columns[3] - columns[1]], 1e-6)
  const [off, on] = values(softmax.params.bias)
  assertNear(logistic.params.bias, [on - off], 1e-6)
})

describe("a disk and what surrounds it", () => {
  const input = draw(11, 200, 2)
  const isInside = Tensor.less(Features.radius(input), 1.2)
  const observed = Tensor.cast(isInside, "f64") as Floats
  const accuracy = (features: Features.FeatureMap): number => {
    const glm = Glm.logisticRegression({ inputs: 2, features })
    const { params } = settled(Glm.fit(glm, { input, observed }, { l2: 1e-5, steps: 60 }))
    const isHit = Tensor.equal(Tensor.greater(glm.model.predict(params, {}, input), 0), isInside as never)
    return values(Tensor.mean(Tensor.cast(isHit, "f64")))[0]
  }

  it("are told apart by quadratic features, not by a line", () => {
    assert.isBelow(
      accuracy((x) => x),
      0.7
    )
    assert.isAtLeast(accuracy(Features.polynomial(2)), 0.99)
    assert.isAtLeast(accuracy(Features.radius), 0.99)
  })

  it("are told apart by how near they are to a few centers", () => {
    const centers = Tensor.of(
      [
        [0, 0],
        [2, 0],
        [-2, 0],
        [0, 2],
        [0, -2]
      ],
      "f64"
    )
    assert.isAtLeast(accuracy(Features.radial({ centers, width: 1 })), 0.97)
  })
})

describe("features", () => {
  it("of a polynomial are all products, each once", () => {
    assertNear(Features.polynomial(3)(Tensor.of([[2, 3]], "f64")), [2, 3, 4, 6, 9, 8, 12, 18, 27])
    assert.deepStrictEqual([...Features.polynomial(2)(Tensor.zeros([5, 4])).shape], [5, 14])
    assert.throws(() => Features.polynomial(0), "Features.polynomial: expected a degree from 1, received 0")
  })

  it("by radius fall with the distance from their centers", () => {
    const near = Features.radial({
      centers: Tensor.of(
        [
          [0, 0],
          [3, 4]
        ],
        "f64"
      ),
      width: 5
    })
    assertNear(near(Tensor.of([[3, 4]], "f64")), [Math.exp(-0.5), 1])
    assert.throws(() => Features.radial({ centers: Tensor.zeros([1, 1]), width: 0 }), "expected a width above 0")
  })
})
