/**
 * Features: fixed functions of inputs that make of a linear model one that is not linear in its inputs.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

/** A function of rows, `[…, inputs] → […, features]`. */
export type FeatureMap = <D extends Float>(x: Tensor.Tensor<Shape, D>) => Tensor.Tensor<Shape, D>

/** Which inputs the monomials of a degree multiply, each once: for two inputs and degree 2 `00`, `01`, `11`. */
const monomials = (inputs: number, degree: number, from = 0): ReadonlyArray<ReadonlyArray<number>> =>
  degree === 0
    ? [[]]
    : Array.from({ length: inputs - from }, (_, i) => from + i).flatMap((first) =>
        monomials(inputs, degree - 1, first).map((rest) => [first, ...rest])
      )

/**
 * All products of up to `degree` inputs, without the constant, which a bias is: first the inputs, then products of two.
 *
 * **Throws** `ArgumentError` unless the degree is a whole number from 1.
 *
 * **Example** (Quadratic features of two inputs)
 *
 * ```ts run
 * await evaluate(Features.polynomial(2)(Tensor.of([[2, 3]]))) // => [[2, 3, 4, 6, 9]]
 * ```
 */
export const polynomial = (degree: number): FeatureMap => {
  if (!Number.isInteger(degree) || degree < 1) {
    throw new ArgumentError({ operation: "Features.polynomial", expected: "a degree from 1", received: String(degree) })
  }
  return <D extends Float>(x: Tensor.Tensor<Shape, D>) => {
    const inputs = x.shape.at(-1) ?? 0
    const columns: ReadonlyArray<Tensor.Tensor<Shape, D>> = Tensor.split(x, inputs, -1)
    const products = Array.from({ length: degree }, (_, i) => monomials(inputs, i + 1))
      .flat()
      .map((factors) => factors.map((i) => columns[i]).reduce((product, column) => Tensor.mul(product, column)))
    return Tensor.concatenate(products, -1)
  }
}

/**
 * The squared distance from the origin, `Σ xᵢ²`: the one feature in which a disk and what surrounds it are apart.
 *
 * **Shapes** `[…, inputs] → […, 1]`
 */
export const radius: FeatureMap = (x) => Tensor.sum(Tensor.square(x), -1, { keepDims: true })

/**
 * How near an input is to each of some `centers`, `exp(−|x − c|² / 2 width²)`.
 *
 * **Shapes** centers `[count, inputs]`; `[…, inputs] → […, count]`. **Throws** `ArgumentError` unless the width is above 0.
 */
export const radial = ({
  centers,
  width
}: {
  readonly centers: Tensor.Tensor<readonly [number, number], Float>
  readonly width: number
}): FeatureMap => {
  if (!(width > 0)) {
    throw new ArgumentError({ operation: "Features.radial", expected: "a width above 0", received: String(width) })
  }
  return <D extends Float>(x: Tensor.Tensor<Shape, D>) => {
    const places = Tensor.cast(centers, x.dtype) as Tensor.Tensor as Tensor.Tensor<Shape, D>
    const apart: Tensor.Tensor<Shape, D> = Tensor.sub(Tensor.expandDims(x, -2), places)
    return Tensor.exp(Tensor.mul(Tensor.sum(Tensor.square(apart), -1), -1 / (2 * width ** 2)))
  }
}
