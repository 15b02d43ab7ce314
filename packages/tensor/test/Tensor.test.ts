import { describe, expect, it } from "vitest"
import * as T from "../src/Tensor.ts"
import { nested, values } from "./evaluated.ts"

const matrix = T.of([
  [1, 2, 3],
  [4, 5, 6]
])
const cube = T.reshape(T.arange(24), [2, 3, 4])

describe("constructors", () => {
  it("make tensors of nested arrays", () => {
    expect(matrix.shape).toEqual([2, 3])
    expect(matrix.dtype).toBe("f32")
    expect(nested(matrix)).toEqual([
      [1, 2, 3],
      [4, 5, 6]
    ])
    expect(T.of([true, false]).dtype).toBe("bool")
    expect(T.of([[], []]).shape).toEqual([2, 0])
    expect(T.of(3).shape).toEqual([])
    expect(T.of([1.5, -1.5], "i32").pipe(values)).toEqual([1, -1])
  })

  it("make tensors of a shape", () => {
    expect(nested(T.make([2, 2], [1, 2, 3, 4]))).toEqual([
      [1, 2],
      [3, 4]
    ])
    expect(nested(T.zeros([2, 1]))).toEqual([[0], [0]])
    expect(nested(T.ones([2], "i32"))).toEqual([1, 1])
    expect(nested(T.full([2], 7, "u8"))).toEqual([7, 7])
    expect(T.onesLike(matrix).shape).toEqual([2, 3])
    expect(T.zerosLike(T.ones([2], "i32")).dtype).toBe("i32")
    expect(nested(T.fullLike(T.zeros([2]), 3))).toEqual([3, 3])
    expect(nested(T.scalar(2.5))).toBe(2.5)
    expect(nested(T.eye(2, { columns: 3, dtype: "i32" }))).toEqual([
      [1, 0, 0],
      [0, 1, 0]
    ])
  })

  it("count", () => {
    expect(values(T.arange(3))).toEqual([0, 1, 2])
    expect(values(T.arange(5, 1, { step: -2, dtype: "i32" }))).toEqual([5, 3])
    expect(values(T.arange(0, 1, { step: 0.25 }))).toEqual([0, 0.25, 0.5, 0.75])
    expect(values(T.arange(2, 2))).toEqual([])
    expect(values(T.linspace(-1, 3, 5))).toEqual([-1, 0, 1, 2, 3])
    expect(values(T.linspace(0.1, 0.7, 4, "f64")).at(-1)).toBe(0.7)
    expect(values(T.linspace(0.1, 0.7, 1, "f64"))).toEqual([0.1])
  })

  it("leave parameters open", () => {
    const x = T.input([2, 3], "f64")
    expect([x.shape, x.dtype]).toEqual([[2, 3], "f64"])
    expect(T.describe(x)).toBe("f64[2, 3]")
  })
})

describe("both call forms", () => {
  it("agree", () => {
    expect(values(T.of([1, 2]).pipe(T.sub(3)))).toEqual([-2, -1])
    expect(values(T.sub(T.of([1, 2]), 3))).toEqual([-2, -1])
    expect(values(T.sub(3, T.of([1, 2])))).toEqual([2, 1])
    expect(nested(matrix.pipe(T.sum(0)))).toEqual([5, 7, 9])
    expect(nested(matrix.pipe(T.sum()))).toBe(21)
    expect(nested(matrix.pipe(T.sum(undefined, { keepDims: true })))).toEqual([[21]])
    expect(nested(matrix.pipe(T.take(T.of([1], "i32"), 1)))).toEqual([[2], [5]])
    expect(nested(matrix.pipe(T.take(T.of([1], "i32"))))).toEqual([[4, 5, 6]])
    expect(matrix.pipe(T.transpose()).shape).toEqual([3, 2])
    expect(nested(matrix.pipe(T.clamp(2, 4)))).toEqual([
      [2, 2, 3],
      [4, 4, 4]
    ])
    expect(nested(T.of([true, false]).pipe(T.where(T.of([1, 2]), T.of([3, 4]))))).toEqual([1, 4])
    expect(values(T.of([0, 0]).pipe(T.scatterAdd(T.of([1, 1], "i32"), T.of([2, 3]), 0)))).toEqual([0, 5])
    expect(nested(T.of([1, 2]).pipe(T.tensorDot(T.of([3, 4]), 1)))).toBe(11)
  })

  it("give a number the dtype of the tensor", () => {
    expect(T.add(T.of([1], "i32"), 1).dtype).toBe("i32")
    expect(T.mul(T.of([1], "f64"), 0.1).pipe(values)).toEqual([0.1])
    expect(T.equal(T.of([true, false]), 1).pipe(values)).toEqual([1, 0])
  })
})

describe("arithmetic", () => {
  it("truncates integers on division and gives remainders the sign of the divisor", () => {
    const [x, y] = [T.of([7, -7, 7, -7, 6], "i32"), T.of([3, 3, -3, -3, 3], "i32")]
    expect(values(T.div(x, y))).toEqual([2, -2, -2, 2, 2])
    expect(values(T.quotient(x, y))).toEqual([2, -2, -2, 2, 2])
    expect(values(T.remainder(x, y))).toEqual([1, 2, -2, -1, 0])
    expect(values(T.remainder(T.cast(x, "f64"), T.cast(y, "f64")))).toEqual([1, 2, -2, -1, 0])
    expect(values(T.remainder(T.of([7, 250], "u8"), 4))).toEqual([3, 2])
  })

  it("raises to small whole powers by products", () => {
    for (const [power, expected] of [
      [0, 1],
      [1, -2],
      [2, 4],
      [3, -8],
      [4, 16]
    ]) {
      expect(values(T.pow(T.of([-2]), power))).toEqual([expected])
    }
    expect(values(T.pow(2, T.of([3, -1])))).toEqual([8, 0.5])
  })

  it("compares and combines truth values and bits", () => {
    const x = T.of([1, 2, NaN])
    expect(values(T.notEqual(x, x))).toEqual([0, 0, 1])
    expect(values(T.greater(x, 1))).toEqual([0, 1, 0])
    expect(values(T.greaterEqual(x, 1))).toEqual([1, 1, 0])
    expect(values(T.lessEqual(x, 1))).toEqual([1, 0, 0])
    expect(values(T.isNaN(x))).toEqual([0, 0, 1])
    expect(values(T.isFinite(T.of([1, -Infinity, NaN])))).toEqual([1, 0, 0])
    expect(values(T.isFinite(T.of([1], "i32")))).toEqual([1])
    const [p, q] = [T.of([true, true, false]), T.of([true, false, false])]
    expect(values(T.logicalAnd(p, q))).toEqual([1, 0, 0])
    expect(values(T.logicalOr(p, q))).toEqual([1, 1, 0])
    expect(values(T.logicalXor(p, q))).toEqual([0, 1, 0])
    expect(values(T.logicalNot(p))).toEqual([0, 0, 1])
    const bits = T.of([0b1100], "u8")
    expect(values(T.bitwiseAnd(bits, 0b1010))).toEqual([0b1000])
    expect(values(T.bitwiseOr(bits, 0b1010))).toEqual([0b1110])
    expect(values(T.bitwiseXor(bits, 0b1010))).toEqual([0b0110])
    expect(values(T.bitwiseNot(bits))).toEqual([0b11110011])
    expect(values(T.shiftLeft(bits, 1))).toEqual([0b11000])
    expect(values(T.shiftRight(T.of([-8], "i32"), 1))).toEqual([-4])
  })

  it("chooses by a condition of another shape", () => {
    const condition = T.of([[true], [false]])
    expect(nested(T.where(condition, matrix, 0))).toEqual([
      [1, 2, 3],
      [0, 0, 0]
    ])
    expect(nested(T.where(condition, 0, T.of([7, 8])))).toEqual([
      [0, 0],
      [7, 8]
    ])
    expect(nested(T.where(T.of([true, false, true]), matrix, T.of([[9], [8]])))).toEqual([
      [1, 9, 3],
      [4, 8, 6]
    ])
  })

  it("casts", () => {
    expect(values(T.cast(T.of([1.9, -1.9]), "i32"))).toEqual([1, -1])
    expect(values(T.cast(T.of([0, 2]), "bool"))).toEqual([0, 1])
    expect(T.cast(matrix, "f32")).toBe(matrix)
    expect(values(T.bitcast(T.of([1]), "u32"))).toEqual([0x3f800000])
  })
})

describe("reductions", () => {
  it("reduce nothing to the identity", () => {
    const empty = T.zeros([0, 2])
    expect(nested(T.sum(empty, 0))).toEqual([0, 0])
    expect(nested(T.prod(empty, 0))).toEqual([1, 1])
    expect(nested(T.any(T.zeros([0], "bool")))).toBe(0)
    expect(nested(T.all(T.zeros([0], "bool")))).toBe(1)
    expect(nested(T.logSumExp(empty, 0))).toEqual([-Infinity, -Infinity])
    expect(nested(T.mean(empty, 0))).toEqual([NaN, NaN])
    expect(T.softmax(empty, 0).shape).toEqual([0, 2])
    expect(nested(T.cumulativeSum(empty, 0))).toEqual([])
  })

  it("find the first of several extremes, and NaN", () => {
    expect(
      nested(
        T.argMax(
          T.of([
            [1, 3, 3],
            [2, 2, 1]
          ]),
          -1
        )
      )
    ).toEqual([1, 0])
    expect(
      nested(
        T.argMin(
          T.of([
            [1, 3, 1],
            [2, 2, 1]
          ]),
          -1,
          { keepDims: true }
        )
      )
    ).toEqual([[0], [2]])
    expect(nested(T.argMax(matrix))).toBe(5)
    expect(nested(T.argMax(T.of([1, NaN, 3])))).toBe(1)
    expect(nested(T.argMax(cube, [0, 2]))).toEqual([7, 7, 7])
    expect(nested(T.argMax(T.of([1, 5, 3], "i32")))).toBe(1)
  })

  it("multiply any number of factors", () => {
    for (const count of [1, 2, 3, 5, 8]) {
      const factors = Array.from({ length: count }, (_, i) => i + 1)
      expect(nested(T.prod(T.of(factors)))).toBe(factors.reduce((a, b) => a * b, 1))
    }
    expect(
      nested(
        T.prod(
          T.of([
            [1, 2],
            [3, 4]
          ]),
          0,
          { keepDims: true }
        )
      )
    ).toEqual([[3, 8]])
    expect(nested(T.prod(T.add(cube, 1), [0, 2]))).toEqual(
      [0, 1, 2].map((j) =>
        [0, 1].flatMap((i) => [0, 1, 2, 3].map((k) => 12 * i + 4 * j + k + 1)).reduce((a, b) => Math.fround(a * b), 1)
      )
    )
  })

  it("measure spread and length", () => {
    expect(nested(T.variance(T.of([1, 2, 3, 4])))).toBe(1.25)
    expect(nested(T.variance(T.of([1, 2, 3]), 0, { correction: 1 }))).toBe(1)
    expect(nested(T.standardDeviation(T.of([1, 2, 3]), undefined, { correction: 1, keepDims: true }))).toEqual([1])
    expect(nested(T.norm(T.of([3, -4])))).toBe(5)
    expect(nested(T.norm(T.of([3, -4]), 0, { ord: 1 }))).toBe(7)
    expect(nested(T.norm(T.of([3, -4]), 0, { ord: Infinity }))).toBe(4)
  })

  it("run along an axis", () => {
    expect(nested(T.cumulativeSum(matrix))).toEqual([
      [1, 3, 6],
      [4, 9, 15]
    ])
    expect(nested(T.cumulativeProd(matrix, 0))).toEqual([
      [1, 2, 3],
      [4, 10, 18]
    ])
    expect(nested(T.cumulativeMax(T.of([1, 3, 2, 5, 4])))).toEqual([1, 3, 3, 5, 5])
    expect(nested(T.cumulativeMax(T.of([-3, -5, -1], "i32")))).toEqual([-3, -3, -1])
  })
})
