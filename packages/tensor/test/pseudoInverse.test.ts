import { describe, expect, it } from "vitest"
import type { Dims } from "../src/Shape.ts"
import * as T from "../src/Tensor.ts"
import { gradientOf, values } from "./evaluated.ts"

const matrix = (rows: ReadonlyArray<ReadonlyArray<number>>): T.Tensor => T.of(rows, "f64")
const zeros = (shape: Dims): T.Tensor => T.zeros(shape, "f64")

const expectNear = (actual: T.Tensor, expected: ReadonlyArray<number>): void =>
  values(actual).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12))

describe("the pseudo-inverse", () => {
  const product = (...[x, ...rest]: ReadonlyArray<T.Tensor>): T.Tensor =>
    rest.reduce((left, right) => T.matmul(left as never, right as never), x)

  it.each([
    [
      "tall",
      [
        [1, 2],
        [3, 4],
        [5, 6]
      ]
    ],
    [
      "wide",
      [
        [1, 2, 3],
        [4, 5, 7]
      ]
    ],
    [
      "of lesser rank",
      [
        [1, 2],
        [2, 4],
        [3, 6]
      ]
    ],
    [
      "zero",
      [
        [0, 0],
        [0, 0]
      ]
    ]
  ])("meets the four conditions of Penrose where the matrix is %s", (_, rows) => {
    const a: T.Tensor = matrix(rows)
    const p = T.pinv(a)
    const [ap, pa] = [product(a, p), product(p, a)]
    expectNear(product(a, p, a), values(a))
    expectNear(product(p, a, p), values(p))
    expectNear(ap, values(T.transpose(ap)))
    expectNear(pa, values(T.transpose(pa)))
  })

  it("has the derivative of constant rank, where that is less than full, too", () => {
    // Along a itself the pseudo-inverse shrinks: d (t a)⁺ / dt = −a⁺ at t = 1.
    const a: T.Tensor = matrix([
      [1, 2],
      [2, 4],
      [3, 6]
    ])
    const scaled = (t: T.Tensor): T.Tensor => T.pinv(T.mul(a as never, T.reshape(t, [1, 1]) as never))
    expectNear(gradientOf(scaled, T.of([1], "f64")), [-values(T.sum(T.pinv(a)))[0]])
  })

  it("has a derivative where singular values are equal", () => {
    const a: T.Tensor = matrix([
      [3, 0],
      [0, 3]
    ])
    expectNear(
      gradientOf((x) => T.pinv(x), a),
      [-1 / 9, -1 / 9, -1 / 9, -1 / 9]
    )
  })

  it("takes batches, and matrices without rows", () => {
    expect(T.pinv(zeros([4, 2, 3])).shape).toEqual([4, 3, 2])
    expect(T.pinv(zeros([0, 3])).shape).toEqual([3, 0])
    expect(values(T.pinv(zeros([3, 0]))).length).toBe(0)
  })

  it("counts as zero what a tolerance says", () => {
    const a = matrix([
      [1, 0],
      [0, 1e-3]
    ])
    expectNear(T.pinv(a), [1, 0, 0, 1000])
    expectNear(T.pinv(a, { tolerance: 1e-2 }), [1, 0, 0, 0])
    expect(values(T.matrixRank(a))).toEqual([2])
    expect(values(T.matrixRank(a, { tolerance: 1e-2 }))).toEqual([1])
    expect(values(T.matrixRank(zeros([2, 3, 0])))).toEqual([0, 0])
  })

  it("gives the solution of least squares, and of these the shortest", () => {
    const [x, y] = [
      matrix([
        [0, 1],
        [1, 1],
        [2, 1]
      ]),
      T.of([0, 3, 3], "f64") as never
    ]
    expectNear(T.leastSquares(x, y), [1.5, 0.5])
    expectNear(T.leastSquares(matrix([[1, 1]]), T.of([2], "f64") as never), [1, 1])
    expect(T.leastSquares(zeros([5, 1, 3, 2]), zeros([4, 3, 6])).shape).toEqual([5, 4, 2, 6])
  })
})
