/**
 * What the compiler knows about the shapes of everyday operations. Assertions hold when this file type-checks; vitest only
 * sees that it loads.
 */
import { describe, expect, it } from "vitest"
import type { DType } from "../src/DType.ts"
import type { Shape } from "../src/ShapeType.ts"
import * as Tensor from "../src/Tensor.ts"

type T<S extends Shape, D extends DType = "f32"> = Tensor.Tensor<S, D>
type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false

/** Compiles where the type of a value is exactly `T`. */
const typed =
  <T>() =>
  <A>(value: () => A & ([Equal<A, T>] extends [true] ? unknown : { readonly expected: T })): void =>
    void value

declare const named: T<readonly ["batch", 3], "f64">
const x = Tensor.ones([2, 3])
const row = Tensor.ones([3])

describe("shapes in types", () => {
  it("are those of values", () => {
    typed<T<readonly ["batch", 3], "f64">>()(() => Tensor.trunc(named))
    typed<T<readonly [2, 3], "bool">>()(() => Tensor.isInfinite(x))
    typed<T<readonly [2, 3]>>()(() => Tensor.logAddExp(x, row))
    typed<T<readonly [2, 3]>>()(() => Tensor.lerp(x, x, 0.5))
    typed<T<readonly [2, 3]>>()(() => Tensor.lerp(x, row, row))
    typed<T<readonly ["batch"], "f64">>()(() => Tensor.median(named))
    typed<T<readonly [3]>>()(() => Tensor.quantile(x, 0.5, 0))
    typed<T<readonly [2]>>()(() => Tensor.cosineSimilarity(x, row))
    typed<T<readonly ["batch", 3, 3], "f64">>()(() => Tensor.diagonalMatrix(named))
    typed<ReadonlyArray<T<readonly [2]>>>()(() => Tensor.unstack(x, 1))
    typed<ReadonlyArray<T<readonly [3]>>>()(() => x.pipe(Tensor.unstack()))
    typed<T<readonly [], "i32">>()(() => Tensor.matrixRank(x))
    expect(Tensor.quantile(x, 0.5, 0).shape).toEqual([3])
  })

  it("that do not fit do not compile", () => {
    // @ts-expect-error rows of 3 and of 4
    void (() => Tensor.cosineSimilarity(x, Tensor.ones([4])))
    // @ts-expect-error rows of 3 and of 4
    void (() => Tensor.lerp(x, Tensor.ones([4]), Tensor.ones([2, 1])))
    // @ts-expect-error f32 and f64
    void (() => Tensor.lerp(x, Tensor.ones([2, 3], "f64"), 0.5))
    expect(() => Tensor.cosineSimilarity(x, Tensor.ones([4]) as never)).toThrow("cosineSimilarity: expected shapes")
  })
})
