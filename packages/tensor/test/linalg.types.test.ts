/**
 * What the compiler knows about the shapes of linear algebra. Assertions hold when this file type-checks; vitest only
 * sees that it loads.
 */
import { pipe } from "effect/Function"
import { describe, expect, it } from "vitest"
import type { DType } from "../src/DType.ts"
import { DTypeError, ShapeError } from "../src/errors.ts"
import type { Shape } from "../src/ShapeType.ts"
import * as Tensor from "../src/Tensor.ts"

type T<S extends Shape, D extends DType = "f32"> = Tensor.Tensor<S, D>
type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false

/** Compiles where the type of a value is exactly `T`. */
const typed =
  <T>() =>
  <A>(value: () => A & ([Equal<A, T>] extends [true] ? unknown : { readonly expected: T })): void =>
    void value

declare const named: T<readonly ["batch", "state", "state"], "f64">
declare const unranked: Tensor.Tensor
declare const unsized: T<readonly [number, number]>
const a = Tensor.eye(3)
const wide = Tensor.ones([2, 3])

describe("shapes in types", () => {
  it("are those of square matrices", () => {
    typed<T<readonly [3, 3]>>()(() => Tensor.cholesky(a))
    typed<T<readonly ["batch", "state", "state"], "f64">>()(() => Tensor.inverse(named))
    typed<T<readonly ["batch"], "f64">>()(() => Tensor.determinant(named))
    typed<T<readonly []>>()(() => pipe(a, Tensor.matrixPower(3), Tensor.logDeterminant))
    typed<T<readonly []>>()(() => Tensor.trace(wide))
    typed<T<readonly ["batch", "state"], "f64">>()(() => Tensor.eigenSymmetric(named).values)
    typed<T<readonly [3], "i32">>()(() => Tensor.lu(a).permutation)
    expect(Tensor.trace(wide).shape).toEqual([])
  })

  it("are those of solutions", () => {
    typed<T<readonly [3, 2]>>()(() => Tensor.solve(a, Tensor.ones([3, 2])))
    typed<T<readonly [3]>>()(() => pipe(a, Tensor.solve(Tensor.ones([3]))))
    typed<T<readonly [3, 2]>>()(() => Tensor.triangularSolve(a, Tensor.ones([3, 2]), { lower: false }))
    expect(Tensor.solve(a, Tensor.ones([3])).shape).toEqual([3])
  })

  it("are unknown where they are not known", () => {
    typed<T<Shape, DType>>()(() => Tensor.determinant(unranked))
    typed<T<readonly [number, number]>>()(() => Tensor.inverse(unsized))
    expect(Tensor.inverse(a as typeof unsized).shape).toEqual([3, 3])
  })

  it("refuse what is not square, or does not fit", () => {
    // @ts-expect-error [2, 3] is not square
    expect(() => Tensor.inverse(wide)).toThrow(ShapeError)
    // @ts-expect-error a vector is no matrix
    expect(() => Tensor.cholesky(Tensor.ones([3]))).toThrow(ShapeError)
    // @ts-expect-error two rows for three
    expect(() => Tensor.solve(a, Tensor.ones([2, 3]))).toThrow(ShapeError)
    // @ts-expect-error f32 and f64
    expect(() => Tensor.solve(a, Tensor.ones([3], "f64"))).toThrow(DTypeError)
  })
})
