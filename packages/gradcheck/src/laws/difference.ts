/**
 * Central differences.
 */
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import { largest } from "../Comparison.ts"
import type { Point } from "../Point.ts"

/** A function whose outputs are differentiated; `f64` throughout. */
type F = (inputs: ReadonlyArray<Tensor>) => ReadonlyArray<Tensor>

/** The derivative of each output along a direction. */
export interface Difference {
  readonly arrays: ReadonlyArray<HostArray>
  /** How much the rounding of values can weigh in it. */
  readonly rounding: number
}

/** The step that balances truncation against rounding, by the size of what it is added to. */
export const stepAt = (magnitude: number): number => Math.cbrt(Number.EPSILON) * Math.max(1, magnitude)

/** The inputs moved by `distance` along the tangents of the differentiable ones. */
const moved = (
  { differentiable, inputs }: Point,
  tangents: ReadonlyArray<HostArray | undefined>,
  distance: number
): ReadonlyArray<HostArray> =>
  inputs.map((input, i) => {
    const tangent = tangents[differentiable.indexOf(i)]
    if (tangent === undefined) return input
    return make(
      input.shape,
      input.dtype,
      Array.from(input.data, (x, k) => x + distance * tangent.data[k])
    )
  })

/**
 * The central differences `D(h) = (f(x + h t) − f(x − h t)) / 2h` at `h` and `h/2`, put together so that their errors of
 * second order cancel: `(4 D(h/2) − D(h)) / 3`.
 */
export const differenceAlong = (
  point: Point,
  f: F,
  tangents: ReadonlyArray<HostArray | undefined>,
  step: number
): Difference => {
  const at = (distance: number): ReadonlyArray<Tensor> => f(moved(point, tangents, distance).map(constant))
  const sides = [step, -step, step / 2, -step / 2].map(at)
  const count = sides[0].length
  const values = Reference.evaluate(sides.flat())
  const arrays = sides[0].map((_, k) => {
    const [right, left, nearRight, nearLeft] = sides.map((__, side) => values[side * count + k])
    return make(
      right.shape,
      right.dtype,
      Array.from(right.data, (value, i) => {
        const far = (value - left.data[i]) / (2 * step)
        const near = (nearRight.data[i] - nearLeft.data[i]) / step
        return (4 * near - far) / 3
      })
    )
  })
  const size = Math.max(0, ...values.map(({ data }) => largest(data)))
  return { arrays, rounding: (16 * Number.EPSILON * size) / step }
}

/** The step for a direction: by the largest of the inputs. */
export const stepOf = ({ differentiable, inputs }: Point): number =>
  stepAt(Math.max(0, ...differentiable.map((i) => largest(inputs[i].data))))
