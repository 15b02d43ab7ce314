import * as Tensor from "@cotangent/tensor/Tensor"
import { describe, expectTypeOf, it } from "vitest"
import { grad, hessian, hvp, jacobian, valueAndGrad } from "../src/index.ts"
import { jvp, scan, vjp, vmap } from "../src/index.ts"

type Vector = Tensor.Tensor<readonly [3], "f32">
type Scalar = Tensor.Tensor<readonly [], "f32">
interface Params {
  readonly weight: Tensor.Tensor<readonly [3, 2], "f32">
  readonly bias: Tensor.Tensor<readonly [2], "f32">
}

declare const x: Vector
declare const params: Params

const energy = (v: Vector): Scalar => Tensor.sum(Tensor.mul(v, v))
const loss = (p: Params, input: Vector): Scalar => Tensor.sum(Tensor.add(Tensor.matmul(input, p.weight), p.bias))
const layer = (p: Params, input: Vector): Tensor.Tensor<readonly [2], "f32"> =>
  Tensor.add(Tensor.matmul(input, p.weight), p.bias)

describe("types of transformations", () => {
  it("a gradient has the type of what it is taken by", () => {
    expectTypeOf(() => grad(energy)(x)).returns.toEqualTypeOf<Vector>()
    expectTypeOf(() => grad(loss)(params, x)).returns.toEqualTypeOf<Params>()
    expectTypeOf(() => grad(loss, { argument: 1 })(params, x)).returns.toEqualTypeOf<Vector>()
    expectTypeOf(() => grad((v: Vector) => grad(energy)(v).pipe(Tensor.sum()))(x)).returns.toEqualTypeOf<Vector>()
  })

  it("a value comes with its gradient, and with auxiliary output where asked", () => {
    expectTypeOf(() => valueAndGrad(loss)(params, x)).returns.toEqualTypeOf<
      readonly [value: Scalar, gradient: Params]
    >()
    const withAux = (p: Params, input: Vector) => [loss(p, input), { layer: layer(p, input) }] as const
    expectTypeOf(() => valueAndGrad(withAux, { hasAux: true })(params, x)).returns.toEqualTypeOf<
      readonly [value: Scalar, gradient: Params, auxiliary: { readonly layer: Tensor.Tensor<readonly [2], "f32"> }]
    >()
  })

  it("what is no scalar has no gradient", () => {
    expectTypeOf(energy).returns.toEqualTypeOf<Scalar>()
    // @ts-expect-error the gradient is of a scalar, not of [2]
    void (() => grad(layer)(params, x))
    // @ts-expect-error the gradient is of a scalar, not of [2]
    void (() => valueAndGrad(layer)(params, x))
  })

  it("jvp and vjp keep trees", () => {
    expectTypeOf(() => jvp(layer)([params, x], [params, x])).returns.toEqualTypeOf<
      readonly [value: Tensor.Tensor<readonly [2], "f32">, tangent: Tensor.Tensor<readonly [2], "f32">]
    >()
    expectTypeOf(() => vjp(layer)(params, x)[1](params.bias)).returns.toEqualTypeOf<[p: Params, input: Vector]>()
  })

  it("a Jacobian has the axes of value and argument", () => {
    expectTypeOf(() => jacobian(layer, { argument: 1 })(params, x)).returns.toEqualTypeOf<
      Tensor.Tensor<readonly [2, 3], "f32">
    >()
    expectTypeOf(() => jacobian(layer)(params, x)).returns.toEqualTypeOf<{
      readonly weight: Tensor.Tensor<readonly [2, 3, 2], "f32">
      readonly bias: Tensor.Tensor<readonly [2, 2], "f32">
    }>()
    expectTypeOf(() => hessian(energy)(x)).returns.toEqualTypeOf<Tensor.Tensor<readonly [3, 3], "f32">>()
    expectTypeOf(() => hvp(energy)(x, x)).returns.toEqualTypeOf<Vector>()
  })

  it("vmap adds the axis of examples", () => {
    const rows = Tensor.zeros([5, 3])
    expectTypeOf(() => vmap(energy)(rows)).returns.toEqualTypeOf<Tensor.Tensor<readonly [5], "f32">>()
    expectTypeOf(() => vmap(layer, { inAxes: [null, 0] })(params, rows)).returns.toEqualTypeOf<
      Tensor.Tensor<readonly [5, 2], "f32">
    >()
    expectTypeOf(() =>
      vmap(layer, { inAxes: [null, 1], outAxes: -1 })(params, Tensor.zeros([3, 5]))
    ).returns.toEqualTypeOf<Tensor.Tensor<readonly [2, 5], "f32">>()
    expectTypeOf(() => vmap(vmap(energy))(Tensor.zeros([4, 5, 3]))).returns.toEqualTypeOf<
      Tensor.Tensor<readonly [4, number], "f32">
    >()
    expectTypeOf(() => vmap((v: Tensor.Tensor) => v)(x as Tensor.Tensor)).returns.toEqualTypeOf<Tensor.Tensor>()
    const pair = vmap((v: Vector, w: Vector) => Tensor.mul(v, w))
    // @ts-expect-error arguments differ in their number of examples
    void (() => pair(rows, Tensor.zeros([6, 3])))
    // @ts-expect-error rows of 4 are no rows of 3
    void (() => vmap(energy)(Tensor.zeros([5, 4])))
  })

  it("scan infers what one run sees", () => {
    const carry = Tensor.zeros([3])
    const xs = { a: Tensor.zeros([7, 3]), b: Tensor.zeros([7]) }
    expectTypeOf(() =>
      scan(
        (state, { a, b }) => {
          expectTypeOf(a).toEqualTypeOf<Vector>()
          expectTypeOf(b).toEqualTypeOf<Scalar>()
          return [Tensor.add(state, a), Tensor.sum(state)]
        },
        carry,
        xs
      )
    ).returns.toEqualTypeOf<readonly [last: Vector, items: Tensor.Tensor<readonly [number], "f32">]>()
  })
})
