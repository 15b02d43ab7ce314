import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as T from "../src/Tensor.ts"
import { derivativesAt, gradientOf, nested, values, valuesAt } from "./evaluated.ts"

const real = fc.double({ min: -50, max: 50, noNaN: true })
const reals = fc.array(real, { minLength: 1, maxLength: 9 })
const vector = (xs: ReadonlyArray<number>): T.Tensor => T.of(xs, "f64")
const expectNear = (actual: T.Tensor, expected: ReadonlyArray<number>, digits = 12): void => {
  const received = values(actual)
  expect(received.length).toBe(expected.length)
  received.forEach((value, i) => expect(value).toBeCloseTo(expected[i], digits))
}

describe("functions of an element", () => {
  it("trunc cuts off what is behind the point", () =>
    fc.assert(
      fc.property(reals, (xs) => {
        expect(valuesAt(T.trunc, xs).map((x) => x + 0)).toEqual(xs.map((x) => Math.trunc(x) + 0))
      })
    ))

  it("logit undoes sigmoid", () =>
    fc.assert(
      fc.property(fc.double({ min: -15, max: 15, noNaN: true }), (x) => {
        expect(values(T.logit(T.sigmoid(vector([x]))))[0]).toBeCloseTo(x, 8)
      })
    ))

  it("isInfinite tells infinities from all else", () => {
    expect(values(T.isInfinite(vector([1, Infinity, -Infinity, Number.NaN])))).toEqual([0, 1, 1, 0])
    expect(values(T.isInfinite(T.of([1, 2], "i32")))).toEqual([0, 0])
  })
})

describe("logAddExp", () => {
  it("adds what is given by its logarithm", () =>
    fc.assert(
      fc.property(real, real, (x, y) => {
        const [high, low] = [Math.max(x, y), Math.min(x, y)]
        expectNear(T.logAddExp(vector([x]), vector([y])), [high + Math.log1p(Math.exp(low - high))])
      })
    ))

  it("survives what exp does not, and infinities", () => {
    const [x, y] = [vector([1000, -1000, Infinity, -Infinity, -Infinity]), vector([1000, -1000, 1, -Infinity, 2])]
    expectNear(T.slice(T.logAddExp(x, y), { stop: [2] }), [1000 + Math.LN2, -1000 + Math.LN2])
    expect(values(T.logAddExp(x, y)).slice(2)).toEqual([Infinity, -Infinity, 2])
  })

  it("has exact first and second derivatives where both are equal", () => {
    const first = (x: T.Tensor) => gradientOf((z) => T.logAddExp(z, vector([3])) as T.Tensor, x)
    expectNear(first(vector([3])), [0.5])
    expectNear(gradientOf(first, vector([3])), [0.25])
  })
})

describe("lerp", () => {
  it("goes from one to the other", () => {
    expectNear(T.lerp(vector([0, 10]), vector([10, 20]), 0), [0, 10])
    expectNear(T.lerp(vector([0, 10]), vector([10, 20]), 1), [10, 20])
    expectNear(vector([0, 10]).pipe(T.lerp(vector([10, 20]), 0.25)), [2.5, 12.5])
    expectNear(T.lerp(vector([0, 10]), vector([10, 20]), vector([0.5, 0.1])), [5, 11])
  })
})

describe("arrangement", () => {
  const rows = T.of(
    [
      [1, 2, 3],
      [4, 5, 6]
    ],
    "f64"
  )

  it("unstack and stack undo each other, along any axis", () => {
    for (const axis of [0, 1, -1]) {
      const parts: ReadonlyArray<T.Tensor> = T.unstack(rows as T.Tensor, axis)
      expect(nested(T.stack(parts, axis))).toEqual(nested(rows))
    }
    expect(T.unstack(T.zeros([0, 3]))).toEqual([])
  })

  it("meshGrid varies each along its own axis", () => {
    const [x, y, z] = T.meshGrid([vector([1, 2]), vector([3]), vector([5, 6])])
    expect([x, y, z].map(({ shape }) => shape)).toEqual([
      [2, 1, 2],
      [2, 1, 2],
      [2, 1, 2]
    ])
    expect([x, y, z].map(values)).toEqual([
      [1, 1, 2, 2],
      [3, 3, 3, 3],
      [5, 6, 5, 6]
    ])
    expect(() => T.meshGrid([rows as T.Tensor])).toThrow("meshGrid: expected vectors [n], received [2, 3]")
    expect(() => T.meshGrid([])).toThrow("meshGrid: expected at least one tensor, received none")
  })

  it("diagonal undoes diagonalMatrix, in batches", () => {
    const matrices = T.diagonalMatrix(rows)
    expect([...matrices.shape]).toEqual([2, 3, 3])
    expect(nested(T.diagonal(matrices))).toEqual(nested(rows))
    expect(values(T.sum(matrices))).toEqual([21])
    expect(() => T.diagonalMatrix(T.scalar(1) as never)).toThrow(
      "diagonalMatrix: expected vectors [..., n], received []"
    )
  })

  it("difference undoes running sums", () => {
    expect(nested(T.difference(T.cumulativeSum(rows)))).toEqual([
      [2, 3],
      [5, 6]
    ])
    expect(nested(T.difference(rows, 0))).toEqual([[3, 3, 3]])
    expect(() => T.difference(T.zeros([0]))).toThrow("difference: expected at least one element, received [0]")
  })
})

describe("quantile", () => {
  it("lies between neighbors in order", () =>
    fc.assert(
      fc.property(reals, fc.double({ min: 0, max: 1, noNaN: true }), (xs, q) => {
        const sorted = xs.toSorted((a, b) => a - b)
        const place = q * (xs.length - 1)
        const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
        expectNear(T.quantile(vector(xs), q), [low + (place - Math.floor(place)) * (high - low)], 9)
      })
    ))

  it("of a half is the median, along any axis", () => {
    const x = T.of(
      [
        [3, 1, 2],
        [9, 8, 7]
      ],
      "f64"
    )
    expect(values(T.median(x))).toEqual([2, 8])
    expect(values(T.median(x, 0))).toEqual([6, 4.5, 4.5])
    expect(values(x.pipe(T.quantile(0.5, 0)))).toEqual([6, 4.5, 4.5])
  })

  it("sends its derivative to the neighbors", () =>
    expect(derivativesAt((x) => T.median(x) as T.Tensor, [4, 1, 3, 2])).toEqual([0, 0, 0.5, 0.5]))

  it("refuses what has no quantile", () => {
    expect(() => T.quantile(vector([1]), 1.5)).toThrow("quantile: expected a part from 0 to 1, received 1.5")
    expect(() => T.median(T.zeros([2, 0]))).toThrow(
      "median: expected at least one element along the axis, received [2, 0]"
    )
  })
})

describe("similarity", () => {
  it("the cosine does not see lengths", () =>
    fc.assert(
      fc.property(
        fc.tuple(real, real),
        fc.tuple(real, real),
        fc.double({ min: 0.5, max: 9, noNaN: true }),
        (x, y, by) => {
          fc.pre(Math.hypot(...x) > 1e-2 && Math.hypot(...y) > 1e-2)
          const expected = (x[0] * y[0] + x[1] * y[1]) / (Math.hypot(...x) * Math.hypot(...y))
          expectNear(T.cosineSimilarity(vector(x.map((each) => each * by)), vector(y)), [expected], 9)
        }
      )
    ))

  it("the cosine with nothing is 0, and its gradient finite", () => {
    const nothing = vector([0, 0])
    expect(values(T.cosineSimilarity(nothing, vector([1, 2])))).toEqual([0])
    const gradient = gradientOf((x) => T.cosineSimilarity(x, vector([1, 2])) as T.Tensor, nothing)
    expect(values(gradient).every(Number.isFinite)).toBe(true)
  })

  it("distances are those of all pairs, of each order", () => {
    const [x, y] = [
      T.of(
        [
          [0, 0],
          [1, 1]
        ],
        "f64"
      ),
      T.of(
        [
          [3, 4],
          [1, 1],
          [0, 1]
        ],
        "f64"
      )
    ]
    expectNear(T.distances(x, y), [5, Math.SQRT2, 1, Math.hypot(2, 3), 0, 1])
    expectNear(T.distances(x, y, { ord: 1 }), [7, 2, 1, 5, 0, 1])
    expectNear(x.pipe(T.distances(y as T.Tensor, { ord: Infinity })), [4, 1, 1, 3, 0, 1])
    expect(T.distances(T.zeros([4, 1, 2, 3]), T.zeros([5, 6, 3]) as never).shape).toEqual([4, 5, 2, 6])
    expect(values(gradientOf((z) => T.distances(z, z), x)).every(Number.isFinite)).toBe(true)
    expect(() => T.distances(x, T.zeros([2, 3], "f64") as never)).toThrow(
      "distances: expected rows [..., n, d] and [..., m, d], received [2, 2] and [2, 3]"
    )
  })
})
