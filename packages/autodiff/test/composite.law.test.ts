/** The laws of derivatives and batches on functions composed of many operations. */
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as T from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import { describe, it } from "vitest"
import { grad, hessian, hvp, jacobian, jvp, scan, vjp, vmap } from "../src/index.ts"
import { assertClose, assertNear, dot, noise, row } from "./numeric.ts"

type Composite = (w: Tensor, x: Tensor) => Tensor

const softmax = (x: Tensor): Tensor => {
  const e = T.exp(T.sub(x, T.stopGradient(T.max(x, -1, { keepDims: true }))))
  return T.div(e, T.sum(e, -1, { keepDims: true }))
}

/** Functions of a matrix [3, 3] and a vector [3]. */
const composites: Record<string, Composite> = {
  "a layer": (w, x) => T.tanh(T.add(T.matmul(x, w), x)),
  "a softmax of scores": (w, x) => T.mul(softmax(T.matmul(w, x)), x),
  normalization: (w, x) => {
    const centered = T.sub(w, T.mean(w, 0, { keepDims: true }))
    return T.div(T.matmul(centered, x), T.sqrt(T.add(T.sum(T.mul(x, x)), 1)))
  },
  "paths that meet again": (w, x) => {
    let y = x
    for (let i = 0; i < 4; i++) y = T.add(T.sin(T.matmul(w, y)), T.mul(y, 0.5))
    return T.mul(y, T.transpose(w))
  },
  "a scan": (w, x) => scan((h: Tensor, row: Tensor) => [T.sin(T.add(T.mul(h, row), x)), T.sum(h)], x, w)[0],
  "a function of its own gradient": (w, x) => grad((y: Tensor) => T.sum(T.mul(T.exp(T.matmul(w, y)), x)))(x),
  "a batch inside": (w, x) => vmap((row: Tensor) => T.sigmoid(T.sum(T.mul(row, x))))(w)
}

const seeds = fc.integer({ min: 1, max: 10_000 })
const options = { numRuns: 6 }
const h = 1e-5

const along = (x: Tensor, dx: Tensor, t: number): Tensor => T.add(x, T.mul(dx, t))

describe.each(Object.entries(composites))("%s", (_, f) => {
  const assertLaw = (law: (point: readonly [w: Tensor, x: Tensor], seed: number) => void): void =>
    fc.assert(
      fc.property(seeds, (seed) => law([noise([3, 3], seed), noise([3], seed + 1)], seed)),
      options
    )
  const energy = (w: Tensor, x: Tensor): Tensor => T.sum(T.mul(f(w, x), f(w, x)))

  it("jvp agrees with central differences, and vjp is its adjoint", () =>
    assertLaw(([w, x], seed) => {
      const [dw, dx] = [noise([3, 3], seed + 2), noise([3], seed + 3)]
      const [value, tangent] = jvp(f)([w, x], [dw, dx])
      const c = noise(value.shape, seed + 4)
      const at = (t: number): number => dot([f(along(w, dw, t), along(x, dx, t))], [c])
      assertNear(dot([tangent], [c]), (at(h) - at(-h)) / (2 * h), 1e-7, "jvp")
      assertNear(dot([dw, dx], vjp(f)(w, x)[1](c)), dot([tangent], [c]), 1e-11, "adjoint")
    }))

  it("the derivative of the gradient agrees with its central differences, and the Hessian is symmetric", () =>
    assertLaw(([w, x], seed) => {
      const dx = noise([3], seed + 5)
      const byX = (y: Tensor): Tensor => energy(w, y)
      const product = hvp(byX)(x, dx)
      const at = (t: number): Tensor => grad(byX)(along(x, dx, t))
      assertClose([product], [T.div(T.sub(at(h), at(-h)), 2 * h)], 1e-6)
      const matrix = hessian(byX)(x)
      assertClose([matrix, T.matmul(matrix, dx)], [T.transpose(matrix), product], 1e-9)
    }))

  it("forward and reverse mode give one Jacobian", () =>
    assertLaw(([w, x]) =>
      assertClose(
        [jacobian(f, { mode: "forward", argument: 1 })(w, x)],
        [jacobian(f, { mode: "reverse", argument: 1 })(w, x)],
        1e-11
      )
    ))

  it("vmap is the loop, also of gradients, of batches and of gradients of batches", () =>
    assertLaw(([w], seed) => {
      const many = noise([2, 3], seed + 6)
      const [a, b] = [row(many, 0), row(many, 1)]
      const both = { inAxes: [null, 0] } as const
      const single = { inAxes: [0, null] } as const
      assertClose([vmap(f, both)(w, many)], [T.stack([f(w, a), f(w, b)], 0)], 1e-11)
      const byW = grad(energy)
      assertClose([vmap(byW, both)(w, many)], [T.stack([byW(w, a), byW(w, b)], 0)], 1e-11)
      const nested = vmap(vmap(byW, both), single)(T.stack([w, T.neg(w)], 0), many)
      assertClose([nested], [T.stack([vmap(byW, both)(w, many), vmap(byW, both)(T.neg(w), many)], 0)], 1e-11)
      const total = grad((v: Tensor, ys: Tensor) => T.sum(vmap(energy, both)(v, ys)))(w, many)
      assertClose([total], [T.add(byW(w, a), byW(w, b))], 1e-11)
    }))
})
