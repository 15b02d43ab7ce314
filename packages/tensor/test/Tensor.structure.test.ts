import { describe, expect, it } from "vitest"
import * as T from "../src/Tensor.ts"
import { nested, values } from "./evaluated.ts"

const matrix = T.of([
  [1, 2, 3],
  [4, 5, 6]
])
const cube = T.reshape(T.arange(24), [2, 3, 4])

describe("movement", () => {
  it("reshapes and permutes", () => {
    expect(nested(T.reshape(matrix, [3, -1]))).toEqual([
      [1, 2],
      [3, 4],
      [5, 6]
    ])
    expect(T.reshape(T.zeros([0, 3]), [3, -1]).shape).toEqual([3, 0])
    expect(T.reshape(matrix, [2, 3])).toBe(matrix)
    expect(T.transpose(cube, [1, -1, 0]).shape).toEqual([3, 4, 2])
    expect(T.moveAxis(cube, 0, -1).shape).toEqual([3, 4, 2])
    expect(T.moveAxis(cube, -1, 0).shape).toEqual([4, 2, 3])
    expect(T.swapAxes(cube, 0, -1).shape).toEqual([4, 3, 2])
    expect(T.expandDims(matrix, -1).shape).toEqual([2, 3, 1])
    expect(T.expandDims(matrix, 0).shape).toEqual([1, 2, 3])
    expect(T.squeeze(T.zeros([1, 2, 1])).shape).toEqual([2])
    expect(T.squeeze(T.zeros([1, 2, 1]), [0]).shape).toEqual([2, 1])
    expect(values(T.flatten(matrix))).toEqual([1, 2, 3, 4, 5, 6])
    expect(nested(T.broadcastTo(T.of([[1], [2]]), [2, 2, 2]))).toEqual([
      [
        [1, 1],
        [2, 2]
      ],
      [
        [1, 1],
        [2, 2]
      ]
    ])
    expect(nested(T.reverse(matrix))).toEqual([
      [6, 5, 4],
      [3, 2, 1]
    ])
    expect(nested(T.reverse(matrix, 0))).toEqual([
      [4, 5, 6],
      [1, 2, 3]
    ])
  })

  it("cuts and joins", () => {
    const x = T.arange(6)
    expect(values(T.slice(x, { start: [-3] }))).toEqual([3, 4, 5])
    expect(values(T.slice(x, { stop: [-1], step: [2] }))).toEqual([0, 2, 4])
    expect(values(T.slice(x, { start: [4], stop: [1], step: [-1] }))).toEqual([4, 3, 2])
    expect(values(T.slice(x, { step: [-2] }))).toEqual([5, 3, 1])
    expect(values(T.slice(x, { start: [5], stop: [2] }))).toEqual([])
    expect(values(T.slice(x, { stop: [100] }))).toEqual([0, 1, 2, 3, 4, 5])
    expect(nested(T.slice(matrix, { start: [undefined, 1] }))).toEqual([
      [2, 3],
      [5, 6]
    ])
    expect(T.split(matrix, 3, 1).map(nested)).toEqual([
      [[1], [4]],
      [[2], [5]],
      [[3], [6]]
    ])
    expect(T.split(x, [1, 2, 3]).map(values)).toEqual([[0], [1, 2], [3, 4, 5]])
    expect(T.concatenate([matrix])).toBe(matrix)
    expect(T.concatenate([matrix, T.zeros([0, 3]), matrix]).shape).toEqual([4, 3])
    expect(nested(T.stack([T.of([1, 2]), T.of([3, 4])], -1))).toEqual([
      [1, 3],
      [2, 4]
    ])
  })

  it("pads and repeats", () => {
    expect(values(T.pad(T.of([1, 2]), { before: [1], after: [0], value: -Infinity }))).toEqual([-Infinity, 1, 2])
    expect(values(T.pad(T.of([1, 2, 3]), { before: [2], after: [1], mode: "reflect" }))).toEqual([3, 2, 1, 2, 3, 2])
    expect(values(T.pad(T.of([1, 2, 3]), { before: [2], after: [1], mode: "edge" }))).toEqual([1, 1, 1, 2, 3, 3])
    expect(values(T.roll(T.arange(4), -1, 0))).toEqual([1, 2, 3, 0])
    expect(nested(T.roll(matrix, [1, 1], [0, -1]))).toEqual([
      [6, 4, 5],
      [3, 1, 2]
    ])
    expect(nested(T.tile(T.of([1, 2]), [2, 2]))).toEqual([
      [1, 2, 1, 2],
      [1, 2, 1, 2]
    ])
    expect(T.tile(matrix, [2]).shape).toEqual([2, 6])
    expect(values(T.repeat(T.of([1, 2]), 2, -1))).toEqual([1, 1, 2, 2])
  })

  it("takes triangles and diagonals", () => {
    expect(nested(T.triangularLower(T.ones([2, 3]), 1))).toEqual([
      [1, 1, 0],
      [1, 1, 1]
    ])
    expect(nested(T.triangularUpper(T.ones([2, 2])))).toEqual([
      [1, 1],
      [0, 1]
    ])
    expect(nested(T.diagonal(matrix))).toEqual([1, 5])
    expect(nested(T.diagonal(matrix, 1))).toEqual([2, 6])
    expect(nested(T.diagonal(matrix, -1))).toEqual([4])
    expect(nested(T.diagonal(matrix, 3))).toEqual([])
    expect(nested(T.diagonal(cube))).toEqual([
      [0, 5, 10],
      [12, 17, 22]
    ])
  })
})

describe("indexing", () => {
  it("clamps indices", () => {
    expect(values(T.take(T.of([1, 2, 3]), T.of([-5, 1, 9], "i32")))).toEqual([1, 2, 3])
    expect(values(T.gather(T.of([1, 2, 3]), T.of([-5, 1, 9], "i32"), 0))).toEqual([1, 2, 3])
    expect(values(T.oneHot(T.of([-1, 1], "i32"), 2))).toEqual([0, 0, 0, 1])
  })

  it("takes along any axis with indices of any rank", () => {
    const indices = T.of(
      [
        [0, 2],
        [1, 1]
      ],
      "u8"
    )
    expect(T.take(cube, indices, 1).shape).toEqual([2, 2, 2, 4])
    expect(nested(T.take(matrix, indices, -1))).toEqual([
      [
        [1, 3],
        [2, 2]
      ],
      [
        [4, 6],
        [5, 5]
      ]
    ])
    expect(nested(T.take(matrix, T.of(1, "i32"), 1))).toEqual([2, 5])
    expect(T.embedding(matrix, T.of([[1]], "i32")).shape).toEqual([1, 1, 3])
  })

  it("gathers and scatters along an axis", () => {
    expect(
      nested(
        T.gather(
          matrix,
          T.of(
            [
              [2, 0],
              [1, 1]
            ],
            "i32"
          ),
          1
        )
      )
    ).toEqual([
      [3, 1],
      [5, 5]
    ])
    expect(
      nested(
        T.scatterAdd(
          T.zeros([2, 3]),
          T.of(
            [
              [2, 2],
              [0, 1]
            ],
            "i32"
          ),
          T.of([
            [1, 2],
            [3, 4]
          ]),
          1
        )
      )
    ).toEqual([
      [0, 0, 3],
      [3, 4, 0]
    ])
  })

  it("sorts stably with NaN as the greatest", () => {
    const x = T.of([2, NaN, 1, 2])
    expect(values(T.sort(x))).toEqual([1, 2, 2, NaN])
    expect(values(T.argSort(x))).toEqual([2, 0, 3, 1])
    expect(values(T.argSort(x, 0, { descending: true }))).toEqual([1, 0, 3, 2])
    expect(
      nested(
        T.sort(
          T.of([
            [3, 1],
            [2, 4]
          ]),
          0
        )
      )
    ).toEqual([
      [2, 1],
      [3, 4]
    ])
    const { indices, values: best } = T.topK(
      T.of([
        [3, 1],
        [2, 4],
        [9, 0]
      ]),
      2,
      0
    )
    expect(nested(best)).toEqual([
      [9, 4],
      [3, 1]
    ])
    expect(nested(indices)).toEqual([
      [2, 1],
      [0, 0]
    ])
  })
})

describe("contraction", () => {
  it("multiplies vectors, matrices and batches", () => {
    expect(nested(T.dot(T.of([1, 2]), T.of([3, 4])))).toBe(11)
    expect(nested(T.outer(T.of([1, 2]), T.of([3, 4])))).toEqual([
      [3, 4],
      [6, 8]
    ])
    expect(nested(T.matmul(matrix, T.of([1, 0, -1])))).toEqual([-2, -2])
    expect(nested(T.matmul(T.of([1, -1]), matrix))).toEqual([-3, -3, -3])
    expect(T.matmul(T.zeros([5, 1, 2, 3]), T.zeros([4, 3, 7])).shape).toEqual([5, 4, 2, 7])
    expect(T.matmul(T.zeros([0, 3]), T.zeros([3, 2])).shape).toEqual([0, 2])
    expect(nested(T.matmul(T.zeros([1, 0]), T.zeros([0, 2])))).toEqual([[0, 0]])
    expect(values(T.matmul(T.of([[1, 2]], "i32"), T.of([[3], [4]], "i32")))).toEqual([11])
  })

  it("is one node for a matrix product", () => {
    const product = T.matmul(T.zeros([2, 3]), T.zeros([3, 4]))
    expect(product.application.primitive.name).toBe("dotGeneral")
  })

  it("pairs axes by number", () => {
    expect(nested(T.tensorDot(matrix, matrix))).toBe(91)
    expect(
      T.tensorDot(cube, T.zeros([3, 5, 2]), [
        [0, 1],
        [2, 0]
      ]).shape
    ).toEqual([4, 5])
    expect(T.tensorDot(matrix, matrix, 0).shape).toEqual([2, 3, 2, 3])
  })

  it("reads equations", () => {
    const square = T.of([
      [1, 2],
      [3, 4]
    ])
    expect(nested(T.einsum("ij,jk", square, square))).toEqual(nested(T.matmul(square, square)))
    expect(nested(T.einsum("ba", matrix))).toEqual(nested(T.transpose(matrix)))
    expect(nested(T.einsum("ii", square))).toBe(5)
    expect(nested(T.einsum("i i -> i", square))).toEqual([1, 4])
    expect(nested(T.einsum("ij->", square))).toBe(10)
    expect(T.einsum("...ij,...jk", T.zeros([5, 1, 2, 3]), T.zeros([4, 3, 7])).shape).toEqual([5, 4, 2, 7])
    expect(nested(T.einsum("i...->...", matrix))).toEqual([5, 7, 9])
    expect(nested(T.einsum("ij,ij,i->j", matrix, matrix, T.of([1, 2])))).toEqual([33, 54, 81])
    expect(T.einsum("iij->ji", T.zeros([2, 2, 3])).shape).toEqual([3, 2])
    expect(nested(T.einsum("iii->i", T.reshape(T.arange(8), [2, 2, 2])))).toEqual([0, 7])
    expect(nested(T.einsum("i,->i", T.of([1, 2]), T.scalar(3)))).toEqual([3, 6])
  })
})
