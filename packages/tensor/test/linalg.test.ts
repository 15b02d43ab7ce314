/**
 * Linear algebra by examples: values that can be checked by hand, the edges of domains, and what wrong programs are told.
 */
import { describe, expect, it } from "vitest"
import type { Dims } from "../src/Shape.ts"
import type { Shape } from "../src/ShapeType.ts"
import * as T from "../src/Tensor.ts"
import { gradientOf, nested, values } from "./evaluated.ts"

const matrix = <S extends Shape>(rows: ReadonlyArray<ReadonlyArray<number>>): T.Tensor<S, never> =>
  // The compiler is to let every call pass.
  T.of(rows, "f64") as never as T.Tensor<S, never>
const square = (...rows: ReadonlyArray<ReadonlyArray<number>>) => matrix<readonly [number, number]>(rows)
const zeros = (shape: Dims, dtype: T.DType = "f64"): T.Tensor<Shape, never> => T.zeros(shape, dtype) as never

const expectNear = (actual: T.Tensor, expected: ReadonlyArray<number>): void =>
  values(actual).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12))

describe("the Cholesky factor", () => {
  it("is that of the symmetric part", () => {
    expect(nested(T.cholesky(square([4, 1], [3, 10])))).toEqual([
      [2, 0],
      [1, 3]
    ])
  })

  it.each([
    ["a negative pivot", [1, 2, 2, 1]],
    ["a pivot of zero", [1, 1, 1, 1]],
    ["NaN", [1, 0, 0, Number.NaN]]
  ])("is NaN, but for the zeros above, where there is %s", (_, [a, b, c, d]) => {
    expect(nested(T.cholesky(square([a, b], [c, d])))).toEqual([
      [Number.NaN, 0],
      [Number.NaN, Number.NaN]
    ])
  })

  it("has a symmetric gradient", () => {
    const [, upper, lower] = values(gradientOf(T.cholesky, square([4, 2], [2, 10]) as T.Tensor))
    expect(upper).toBe(lower)
  })
})

describe("systems", () => {
  const a = square([2, 1], [4, -1])

  it("take vectors and matrices as right-hand sides", () => {
    expectNear(T.solve(a, T.of([4, 2], "f64") as never), [1, 2])
    expectNear(T.solve(a, matrix([[4], [2]])), [1, 2])
    expect(T.solve(a, T.of([4, 2], "f64") as never).shape).toEqual([2])
  })

  it("broadcast their batches", () => {
    expect(T.solve(zeros([3, 1, 2, 2]), zeros([4, 2, 5])).shape).toEqual([3, 4, 2, 5])
    expect(T.triangularSolve(zeros([2, 2]), zeros([4, 2, 5])).shape).toEqual([4, 2, 5])
  })

  it("need pivots", () => {
    expectNear(T.solve(square([0, 1], [1, 0]), T.of([3, 4], "f64") as never), [4, 3])
  })

  it("read one triangle, as told", () => {
    const t = square([2, 3], [4, 5])
    const b = T.of([8, 26], "f64") as never
    expectNear(T.triangularSolve(t, b), [4, 2])
    expectNear(T.triangularSolve(t, b, { lower: false }), [(8 - 3 * 5.2) / 2, 5.2])
    expectNear(T.triangularSolve(t, b, { transpose: true }), [(8 - 4 * 5.2) / 2, 5.2])
    expectNear(T.triangularSolve(t, b, { unitDiagonal: true }), [8, -6])
  })

  it("are infinite or NaN where the matrix is singular", () => {
    expect(values(T.inverse(square([1, 1], [1, 1]))).every(Number.isFinite)).toBe(false)
  })
})

describe("determinants", () => {
  it("have the sign of the exchanges", () => {
    expectNear(T.determinant(square([0, 1, 0], [0, 0, 1], [1, 0, 0])), [1])
    expectNear(T.determinant(square([0, 1], [1, 0])), [-1])
  })

  it("are 0 for singular matrices, 1 for empty ones", () => {
    expectNear(T.determinant(square([1, 2], [2, 4])), [0])
    expect(values(T.determinant(zeros([0, 0])))).toEqual([1])
  })

  it("have logarithms where they are positive", () => {
    expectNear(T.logDeterminant(square([2, 0], [0, 3])), [Math.log(6)])
    expect(values(T.logDeterminant(square([0, 1], [1, 0])))).toEqual([Number.NaN])
    expect(values(T.logDeterminant(square([1, 1], [1, 1])))).toEqual([-Infinity])
  })

  it("have a sign and the logarithm of their magnitude", () => {
    const { logAbsolute, sign } = T.signedLogDeterminant(square([0, 2], [3, 0]))
    expectNear(sign, [-1])
    expectNear(logAbsolute, [Math.log(6)])
    expect(values(T.signedLogDeterminant(square([1, 1], [1, 1])).sign)).toEqual([0])
  })

  it("are there for each matrix of a batch", () => {
    const stacked = T.stack([square([0, 1], [1, 0]), square([1, 0], [0, 5])]) as never as T.Tensor<Shape, never>
    expectNear(T.determinant(stacked), [-1, 5])
  })

  it("have the inverse as the gradient of their logarithm", () => {
    expectNear(gradientOf(T.logDeterminant, square([2, 1], [0, 4]) as T.Tensor), [0.5, 0, -0.125, 0.25])
  })
})

describe("factors", () => {
  it("of wide matrices are a square one and the rest", () => {
    const a = matrix([
      [3, 1, 2],
      [4, 2, -1]
    ])
    const { q, r } = T.qr(a)
    expect([q.shape, r.shape]).toEqual([
      [2, 2],
      [2, 3]
    ])
    expectNear(T.matmul(q, r), values(a))
    expectNear(r, [5, 2.2, 0.4, 0, 0.4, -2.2])
  })

  it("have a diagonal that is not negative", () => {
    expectNear(T.qr(square([-2, 0], [0, -3])).r, [2, 0, 0, 3])
  })

  it("are orthogonal for dependent columns too", () => {
    const { q } = T.qr(
      matrix([
        [1, 2],
        [2, 4],
        [0, 0]
      ])
    )
    expectNear(T.matmul(T.transpose(q), q), [1, 0, 0, 1])
  })
})

describe("eigenvalues", () => {
  it("ascend, and their vectors have a sign", () => {
    const { values: eigenvalues, vectors } = T.eigenSymmetric(square([0, 2], [2, 0]))
    expectNear(eigenvalues, [-2, 2])
    expectNear(vectors, [Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT1_2])
  })

  it("have a gradient where they are equal, unlike their vectors", () => {
    const one = square([1, 0], [0, 1]) as T.Tensor
    expectNear(
      gradientOf((x) => T.eigenSymmetric(x).values, one),
      [1, 0, 0, 1]
    )
    expect(values(gradientOf((x) => T.eigenSymmetric(x).vectors, one)).every(Number.isFinite)).toBe(false)
  })

  it("are NaN for what is not finite", () => {
    const { values: eigenvalues, vectors } = T.eigenSymmetric(square([1, 0], [0, Infinity]))
    expect([...values(eigenvalues), ...values(vectors)].every(Number.isNaN)).toBe(true)
  })
})

describe("singular values", () => {
  it("of wide matrices are those of the transpose", () => {
    const { s, u, v } = T.svd(
      matrix([
        [0, 3, 0],
        [4, 0, 0]
      ])
    )
    expectNear(s, [4, 3])
    expect([u.shape, v.shape]).toEqual([
      [2, 2],
      [3, 2]
    ])
  })

  it("have orthonormal vectors where they are zero", () => {
    const a = matrix([
      [1, 1],
      [1, 1],
      [1, 1]
    ])
    const { s, u, v } = T.svd(a)
    expectNear(s, [Math.sqrt(6), 0])
    expectNear(T.matmul(T.transpose(u), u), [1, 0, 0, 1])
    expectNear(T.matmul(T.transpose(v), v), [1, 0, 0, 1])
    expectNear(T.svd(zeros([2, 2])).u, [1, 0, 0, 1])
  })

  it("have a gradient where they are equal", () => {
    expectNear(
      gradientOf((x) => T.svd(x).s, square([1, 0], [0, 1]) as T.Tensor),
      [1, 0, 0, 1]
    )
  })
})

describe("powers", () => {
  it("are those of the inverse below 0, and the identity for 0", () => {
    expectNear(T.matrixPower(square([2, 0], [0, 4]), -2), [0.25, 0, 0, 0.0625])
    expectNear(T.matrixPower(square([2, 1], [3, 4]), 0), [1, 0, 0, 1])
    expectNear(square([1, 1], [0, 1]).pipe(T.matrixPower(5)), [1, 5, 0, 1])
  })
})

it("a trace is a sum over the shorter diagonal of a rectangle", () => {
  expectNear(
    T.trace(
      matrix([
        [1, 2, 3],
        [4, 5, 6]
      ])
    ),
    [6]
  )
})

describe("wrong programs are told", () => {
  const message = (f: () => unknown): string => {
    try {
      f()
    } catch (error) {
      return (error as Error).message
    }
    return "nothing was thrown"
  }

  it.each([
    [
      () => T.cholesky(zeros([2, 3])),
      "cholesky: expected square matrices [..., n, n], received [2, 3]\n  hint: for a rectangular matrix use qr or svd"
    ],
    [() => T.inverse(zeros([3])), "inverse: expected square matrices [..., n, n], received [3]"],
    [
      () => T.determinant(zeros([2, 2], "i32")),
      'determinant: expected floats, received i32\n  hint: use cast(x, "f32")'
    ],
    [
      () => T.solve(zeros([2, 2]), zeros([3, 2])),
      "solve: expected [..., n, n] and [..., n, m], received [2, 2] and [3, 2]\n  hint: right-hand sides are columns: transpose the second operand"
    ],
    [
      () => T.solve(zeros([2, 2]), zeros([2], "f32")),
      'solve: expected operands of one dtype, received f64 and f32\n  hint: convert one operand with cast(x, "f64")'
    ],
    [() => T.pinv(zeros([3])), "pinv: expected matrices [..., m, n], received [3]"],
    [() => T.pinv(zeros([3, 2]), { tolerance: -1 }), "pinv: expected a tolerance of at least 0, received -1"],
    [
      () => T.leastSquares(zeros([3, 2]), zeros([2, 2])),
      "leastSquares: expected [..., m, n] and [..., m, k], received [3, 2] and [2, 2]"
    ],
    [() => T.qr(zeros([3])), "qr: expected matrices [..., m, n], received [3]"],
    [() => T.matrixPower(zeros([2, 2]), 0.5), "matrixPower: expected a whole number as exponent, received 0.5"]
  ])("what was expected", (f, expected) => {
    expect(message(f)).toBe(expected)
  })
})
