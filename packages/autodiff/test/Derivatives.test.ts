import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import { grad, hessian, hvp, jacobian, jvp, vmap } from "../src/index.ts"
import { assertClose, noise, of, row, values } from "./numeric.ts"

const squares = (x: T.Tensor): T.Tensor => T.mul(x, x)
const mixed = (x: T.Tensor): T.Tensor => T.concatenate([T.sin(x), T.mul(x, T.sum(x)), T.exp(x)], 0)

describe("jacobian", () => {
  it("has a row for each element of the value", () => {
    expect(values([jacobian(squares)(of([2], [3, 4]))])).toEqual([[6, 0, 0, 8]])
  })

  it("is the same in both modes", () => {
    const x = noise([3], 1)
    assertClose([jacobian(mixed, { mode: "forward" })(x)], [jacobian(mixed, { mode: "reverse" })(x)])
    const wide = (x: T.Tensor) => T.matmul(x, noise([3, 2], 2))
    const batch = noise([4, 3], 3)
    const [forward, reverse] = (["forward", "reverse"] as const).map((mode) => jacobian(wide, { mode })(batch))
    expect(forward.shape).toEqual([4, 2, 4, 3])
    assertClose([forward], [reverse])
  })

  it("of trees is a tree of trees", () => {
    const f = ({ a, b }: { readonly a: T.Tensor; readonly b: T.Tensor }) => ({
      sum: T.add(a, T.sum(b)),
      b: T.mul(b, 3)
    })
    const all = jacobian(f)({ a: of([], [1]), b: of([2], [2, 3]) })
    expect([all.sum.a.shape, all.sum.b.shape, all.b.a.shape, all.b.b.shape]).toEqual([[], [2], [2], [2, 2]])
    expect(values([all.sum.a, all.sum.b, all.b.a, all.b.b])).toEqual([[1], [1, 1], [0, 0], [3, 0, 0, 3]])
  })

  it("may be taken by another argument", () => {
    const f = (scale: number, x: T.Tensor) => T.mul(x, scale)
    expect(values([jacobian(f, { argument: 1 })(5, of([2], [1, 2]))])).toEqual([[5, 0, 0, 5]])
  })

  it("of nothing is empty", () => {
    expect(jacobian(squares)(T.zeros([0], "f64")).shape).toEqual([0, 0])
  })

  it("keeps the dtype of the argument in both modes", () => {
    const f = (x: T.Tensor) => T.cast(x, "f64")
    const modes = ["forward", "reverse"] as const
    expect(modes.map((mode) => jacobian(f, { mode })(T.zeros([2], "f32")).dtype)).toEqual(["f32", "f32"])
  })
})

describe("hessian", () => {
  const energy = (x: T.Tensor): T.Tensor => T.sum(T.mul(mixed(x), T.cos(mixed(x))))

  it("of a quadratic form is its matrix, doubled", () => {
    const matrix = of([2, 2], [1, 2, 2, 5])
    const form = (x: T.Tensor) => T.sum(T.mul(x, T.matmul(matrix, x)))
    expect(values([hessian(form)(of([2], [3, 4]))])).toEqual([[2, 4, 4, 10]])
  })

  it("is symmetric and agrees with its products", () => {
    const x = noise([3], 4)
    const matrix = hessian(energy)(x)
    assertClose([matrix], [T.transpose(matrix)])
    const vector = noise([3], 5)
    assertClose([hvp(energy)(x, vector)], [T.matmul(matrix, vector)])
  })

  it("of a tree is a tree of trees", () => {
    const f = ({ a, b }: { readonly a: T.Tensor; readonly b: T.Tensor }) => T.mul(a, T.sum(squares(b)))
    const all = hessian(f)({ a: of([], [2]), b: of([2], [3, 4]) })
    expect(values([all.a.a, all.a.b, all.b.a, all.b.b])).toEqual([[0], [6, 8], [6, 8], [4, 0, 0, 4]])
  })
})

describe("hvp", () => {
  it("passes further arguments on", () => {
    const f = (x: T.Tensor, scale: number) => T.mul(T.sum(T.mul(x, squares(x))), scale)
    expect(values([hvp(f)(of([2], [1, 2]), of([2], [1, 10]), 2)])).toEqual([[12, 240]])
  })

  it("is the derivative of the gradient, and batches", () => {
    const energy = (x: T.Tensor) => T.sum(T.sin(squares(x)))
    const [x, v] = [noise([3], 6), noise([3], 7)]
    assertClose([hvp(energy)(x, v)], [jvp(grad(energy))([x], [v])[1]])
    const vectors = noise([2, 3], 8)
    const products = vmap((each: T.Tensor) => hvp(energy)(x, each))(vectors)
    assertClose(
      [products],
      [
        T.stack(
          [0, 1].map((k) => hvp(energy)(x, row(vectors, k))),
          0
        )
      ]
    )
  })
})
