import type { TensorType } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import { describe, expectTypeOf, it } from "vitest"
import { grad, hessian, hvp, jacobian, valueAndGrad } from "../src/index.ts"
import { associativeScan, checkpoint, cond, customJvp, customVjp, evalShape, linearize, map } from "../src/index.ts"
import { jvp, scan, vjp, vmap, whileLoop } from "../src/index.ts"
import type { Truth } from "../src/index.ts"

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

describe("types of control and custom rules", () => {
  it("a function keeps its type with a checkpoint or a rule of its own", () => {
    expectTypeOf(checkpoint(loss)).toEqualTypeOf<(p: Params, input: Vector) => Scalar>()
    const withVjp = customVjp(
      loss,
      (p, input) => [loss(p, input), input],
      (input, cotangent) => {
        expectTypeOf(input).toEqualTypeOf<Vector>()
        expectTypeOf(cotangent).toEqualTypeOf<Scalar>()
        return [undefined, input]
      }
    )
    expectTypeOf(withVjp).toEqualTypeOf<(p: Params, input: Vector) => Scalar>()
    expectTypeOf(customJvp(energy, ([v], [dv]) => energy(Tensor.add(v, dv)))).toEqualTypeOf<(v: Vector) => Scalar>()
    const backward = (v: Vector) => [energy(v)] as const
    // @ts-expect-error -- the cotangent of a vector is a vector
    void (() => customVjp(energy, (v) => [energy(v), v], backward))
  })

  it("branches agree in type with each other and with the operands", () => {
    const truth = () => Tensor.greater(energy(x), 0)
    expectTypeOf(truth).returns.toExtend<Truth>()
    const chosen = () =>
      cond(
        truth(),
        (v) => energy(v),
        (v) => Tensor.mul(energy(v), 2),
        x
      )
    expectTypeOf(chosen).returns.toEqualTypeOf<Scalar>()
    // @ts-expect-error -- a predicate has one element
    void (() => cond(Tensor.greater(x, 0), energy, energy, x))
    // @ts-expect-error -- one branch gives a vector
    void (() => cond(truth(), energy, (v: Vector) => v, x))
  })

  it("a state keeps its type", () => {
    const run = () =>
      whileLoop(
        (v: Vector) => Tensor.less(energy(v), 3),
        (v) => Tensor.mul(v, 2),
        x
      )
    expectTypeOf(run).returns.toEqualTypeOf<Vector>()
    // @ts-expect-error -- the body gives a scalar
    void (() => whileLoop((v: Vector) => Tensor.less(energy(v), 3), energy, x))
  })

  it("slices, linear functions and types of results are known", () => {
    expectTypeOf(() => map((v: Scalar) => Tensor.stack([v, v], 0), x)).returns.toExtend<Tensor.Tensor>()
    expectTypeOf(() => associativeScan((a: Scalar, b: Scalar) => Tensor.add(a, b), x)).returns.toEqualTypeOf<Vector>()
    expectTypeOf(() => linearize(loss, params, x)).returns.toEqualTypeOf<
      readonly [value: Scalar, linear: (p: Params, input: Vector) => Scalar]
    >()
    expectTypeOf(() => evalShape(loss, params, { shape: [3], dtype: "f32" })).returns.toEqualTypeOf<TensorType>()
  })
})
