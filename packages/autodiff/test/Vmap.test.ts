import * as T from "@cotangent/tensor/Tensor"
import { describe, expect, it } from "vitest"
import type { Axes } from "../src/index.ts"
import { grad, jvp, vjp, vmap } from "../src/index.ts"
import { assertClose, noise, of, row, values } from "./numeric.ts"

const dot = (x: T.Tensor, y: T.Tensor): T.Tensor => T.sum(T.mul(x, y))
const rows = of([2, 2], [1, 2, 3, 4])

describe("vmap", () => {
  it("runs a function of one example on each", () => {
    expect(values([vmap(dot)(rows, rows)])).toEqual([[5, 25]])
  })

  it("finds examples along any axis, for each argument its own, and shares the others", () => {
    expect(values([vmap(dot, { inAxes: 1 })(rows, rows)])).toEqual([[10, 20]])
    expect(values([vmap(dot, { inAxes: [0, -1] })(rows, rows)])).toEqual([[7, 22]])
    expect(values([vmap(dot, { inAxes: [0, null] })(rows, of([2], [1, 10]))])).toEqual([[21, 43]])
  })

  it("finds examples in trees, by one axis or by a tree of axes", () => {
    const f = ({ scale, x }: { readonly x: T.Tensor; readonly scale: T.Tensor }) => ({ y: T.mul(x, scale), scale })
    const each = vmap(f)({ x: rows, scale: of([2], [10, 100]) })
    expect(values([each.y, each.scale])).toEqual([
      [10, 20, 300, 400],
      [10, 100]
    ])
    const shared = vmap(f, { inAxes: [{ x: 1, scale: null }], outAxes: { y: 1, scale: null } })({
      x: rows,
      scale: of([], [2])
    })
    expect(values([shared.y, shared.scale])).toEqual([[2, 4, 6, 8], [2]])
    expect(shared.scale.shape).toEqual([])
  })

  it("passes an argument without an axis on as it is", () => {
    const f = (x: T.Tensor, options: { readonly power: number }) => T.pow(x, options.power)
    expect(values([vmap(f, { inAxes: [0, null] })(of([2], [2, 3]), { power: 2 })])).toEqual([[4, 9]])
  })

  it("shares what the function closes over, and repeats what does not depend on the example", () => {
    const shared = of([2], [1, 2])
    const [sums, repeated] = vmap((x: T.Tensor) => [T.add(x, shared), T.neg(shared)] as const)(rows)
    expect(values([sums, repeated])).toEqual([
      [2, 4, 4, 6],
      [-1, -2, -1, -2]
    ])
  })

  it("puts the axis of examples where outAxes says", () => {
    expect(values([vmap((x: T.Tensor) => x, { outAxes: 1 })(rows)])).toEqual([[1, 3, 2, 4]])
    expect(vmap(() => T.zeros([5]), { axisSize: 2, outAxes: -1 })().shape).toEqual([5, 2])
  })

  it("nests, the outer examples read by the inner ones", () => {
    const outer = (x: T.Tensor, y: T.Tensor) =>
      vmap(
        vmap((a: T.Tensor, b: T.Tensor) => T.mul(a, b), { inAxes: [null, 0] }),
        { inAxes: [0, null] }
      )(x, y)
    expect(values([outer(of([2], [1, 2]), of([3], [1, 10, 100]))])).toEqual([[1, 10, 100, 2, 20, 200]])
    const pairs = vmap((x: T.Tensor) => vmap((y: T.Tensor) => dot(x, y))(rows))(rows)
    expect(values([pairs])).toEqual([[5, 11, 11, 25]])
  })

  it("runs on a given number of examples where no argument has any", () => {
    expect(vmap(() => T.zeros([3]), { axisSize: 4 })().shape).toEqual([4, 3])
    expect(vmap(dot, { axisSize: 2 })(rows, rows).shape).toEqual([2])
    expect(vmap(dot)(T.zeros([0, 3]), T.zeros([0, 3])).shape).toEqual([0])
  })

  it("composes with derivatives in any order", () => {
    const energy = (x: T.Tensor): T.Tensor => T.sum(T.exp(T.sin(x)))
    const [many, along] = [noise([3, 2], 1), noise([3, 2], 2)]
    const each = (f: (k: number) => T.Tensor): T.Tensor => T.stack([0, 1, 2].map(f), 0)
    const gradients = vmap(grad(energy))(many)
    assertClose([gradients], [each((k) => grad(energy)(row(many, k)))])
    assertClose([grad((x: T.Tensor) => T.sum(vmap(energy)(x)))(many)], [gradients])
    const pushed = vmap((x: T.Tensor, dx: T.Tensor) => jvp(energy)([x], [dx])[1])(many, along)
    assertClose([jvp(vmap(energy))([many], [along])[1]], [pushed])
    const [, pull] = vjp(vmap(energy))(many)
    assertClose(pull(T.ones([3], "f64")), [gradients])
    const perExample = vmap((x: T.Tensor) => grad((y: T.Tensor) => dot(grad(energy)(y), x))(x))(many)
    assertClose([perExample], [each((k) => grad((y: T.Tensor) => dot(grad(energy)(y), row(many, k)))(row(many, k)))])
  })

  it("asks for one number of examples, naming the argument", () => {
    expect(() => vmap(dot)(rows, T.zeros([3, 2], "f64"))).toThrow(
      "vmap: expected 2 examples in argument 1, as argument 0 has, received [3, 2]"
    )
    const tree = (x: T.Tensor, { w }: { readonly w: T.Tensor }) => dot(x, w)
    expect(() => vmap(tree, { inAxes: [0, 1] })(rows, { w: T.zeros([2, 3], "f64") })).toThrow(
      'vmap: expected 2 examples in argument 1 at "w", as argument 0 has, received [3, 2]'
    )
    expect(() => vmap(dot, { axisSize: 5 })(rows, rows)).toThrow(
      "vmap: expected 5 examples in argument 0, as axisSize says, received [2, 2]"
    )
    expect(() => vmap(() => T.zeros([3]))()).toThrow(
      "vmap: expected an argument with an axis of examples, received none"
    )
  })

  it("asks for axes that fit", () => {
    expect(() => vmap((x: T.Tensor) => x)(T.zeros([]))).toThrow("a scalar has no axes")
    expect(() => vmap((x: T.Tensor) => x, { inAxes: [0, 1] })(rows)).toThrow(
      "vmap: expected inAxes for each of 1 arguments, received 2 of them"
    )
    const record = ({ x }: { readonly x: T.Tensor }) => x
    expect(() => vmap(record, { inAxes: [{ y: 0 }] as Axes })({ x: rows })).toThrow(
      'vmap: expected axes like the tree of argument 0: x, received {"y":0}'
    )
    expect(() => vmap((x: T.Tensor) => x, { outAxes: null })(rows)).toThrow(
      "vmap: expected a result that is the same for every example, as outAxes null says, received f64[2] that depends on the example"
    )
  })
})
