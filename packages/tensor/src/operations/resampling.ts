/**
 * Another resolution for the last axes, one axis after the other.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ArgumentError, ShapeError } from "../errors.ts"
import { positions, spread } from "../internal/axes.ts"
import { forms, tensorFirst } from "../internal/forms.ts"
import { demand, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import * as Discrete from "../primitive/discrete.ts"
import { div } from "../primitive/elementwise.ts"
import { iota } from "../primitive/leaf.ts"
import * as Linear from "../primitive/linear.ts"
import { max, where } from "../primitive/selection.ts"
import type { Dims } from "../Shape.ts"
import { without } from "../Shape.ts"
import type { Dim, Shape } from "../ShapeType.ts"
import { take } from "./indexing.ts"

type Extents<P extends Dims> = { readonly [I in keyof P]: Dim }

/** `S` with the extents `P` at its end. */
export type Resized<S extends Shape, P extends Dims> = number extends S["length"]
  ? Shape
  : S extends readonly [...infer L extends Shape, ...Extents<P>]
    ? readonly [...L, ...P]
    : Shape

/** **Throws** unless `size` names whole extents from 1 of as many axes as `self` has at its end, none of them empty. */
const demandSize = (operation: string, self: Tensor, size: Dims): void => {
  demand(operation, self, "floats", DTypes.isFloat)
  if (!size.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) {
    throw new ArgumentError({ operation, expected: "whole extents from 1", received: `[${size.join(", ")}]` })
  }
  if (size.length <= self.shape.length && !self.shape.slice(self.shape.length - size.length).includes(0)) return
  throw new ShapeError({ operation, expected: `at least ${size.length} axes with elements`, received: [self.shape] })
}

/** `rule` applied to the last axes of `self`, each with its extent to come. */
const alongEach = (self: Tensor, size: Dims, rule: (x: Tensor, axis: number, extent: number) => Tensor): Tensor =>
  size.reduce((x, extent, i) => rule(x, self.shape.length - size.length + i, extent), self)

const whole = (like: Tensor, value: number): Tensor => fill("resample", like, value)
/** `⌊self · factor / divisor⌋` */
const scaled = (self: Tensor, factor: number, divisor: number): Tensor =>
  Discrete.quotient(mul(self, whole(self, factor)), whole(self, divisor))
const plus = (self: Tensor, value: number): Tensor => Linear.add(self, whole(self, value))

/** The means of `extent` parts of `axis` that overlap where they do not divide it. */
const averaged = (x: Tensor, axis: number, extent: number): Tensor => {
  const length = x.shape[axis]
  const longest = Math.ceil(length / extent) + (length % extent === 0 ? 0 : 1)
  const shape = [extent, longest]
  const part = positions(shape, 0)
  const start = scaled(part, length, extent)
  const end = Discrete.quotient(plus(mul(plus(part, 1), whole(part, length)), extent - 1), whole(part, extent))
  const place = Linear.add(start, positions(shape, 1))
  const inside = Discrete.less(place, end)
  const values = take(x, place, axis)
  const others = values.shape.map((_, k) => k).filter((k) => k !== axis && k !== axis + 1)
  const kept = where(Linear.broadcast(inside, { shape: values.shape, axes: others }), values, fill("pool", values, 0))
  const sums = Linear.sum(kept, { axes: [axis + 1] })
  const counts = Linear.sum(Linear.cast(inside, { dtype: x.dtype }), { axes: [1] })
  return div(
    sums,
    spread(
      counts,
      sums,
      without(
        sums.shape.map((_, k) => k),
        [axis]
      )
    )
  )
}

/**
 * The means of as many parts of the last axes as `size` names, of lengths as equal as can be: part `i` of `n` elements
 * goes from `⌊i · n / size⌋` to `⌈(i + 1) · n / size⌉`.
 *
 * **Throws** `ShapeError` where there are fewer axes, `DTypeError` unless floats, `ArgumentError`.
 *
 * **Example** (A summary of any width)
 *
 * ```ts run
 * await evaluate(Tensor.adaptiveAvgPool(Tensor.of([[1, 2, 3, 4, 5]]), [2])) // => [[2, 4]]
 * ```
 */
export const adaptiveAvgPool: {
  <S extends Shape, D extends DType, const P extends Dims>(self: Tensor<S, D>, size: P): Tensor<Resized<S, P>, D>
  <const P extends Dims>(size: P): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Resized<S, P>, D>
} = forms(tensorFirst, (self: Tensor, size: Dims) => {
  demandSize("adaptiveAvgPool", self, size)
  return alongEach(self, size, averaged)
})

/** The extents to come, and how elements between the given ones are found. */
export interface InterpolateOptions<P extends Dims> {
  readonly size: P
  /** The element at or before the place (the default), or the line between both neighbors. */
  readonly mode?: "nearest" | "linear"
  /** Whether the first and last elements keep their place, or elements have a width. Not unless stated. */
  readonly alignCorners?: boolean
}

const nearest = (x: Tensor, axis: number, extent: number): Tensor =>
  take(x, scaled(iota({ shape: [extent], dtype: "i32" }), x.shape[axis], extent), axis)

/** Places are fractions of `divisor`, counted in whole numbers, so that they are exact. */
const between = (x: Tensor, axis: number, [numerator, divisor]: readonly [Tensor, number]): Tensor => {
  const before = scaled(numerator, 1, divisor)
  const rest = Linear.sub(numerator, mul(before, whole(before, divisor)))
  const weigh = (weight: Tensor, indices: Tensor): Tensor => {
    const values = take(x, indices, axis)
    const share = div(
      Linear.cast(weight, { dtype: x.dtype }),
      fill("interpolate", { ...weight, dtype: x.dtype }, divisor)
    )
    return mul(
      values,
      spread(
        share,
        values,
        without(
          values.shape.map((_, k) => k),
          [axis]
        )
      )
    )
  }
  return Linear.add(weigh(Linear.sub(whole(rest, divisor), rest), before), weigh(rest, plus(before, 1)))
}

const interpolated =
  (alignCorners: boolean) =>
  (x: Tensor, axis: number, extent: number): Tensor => {
    const place = iota({ shape: [extent], dtype: "i32" })
    const length = x.shape[axis]
    if (alignCorners) return between(x, axis, [mul(place, whole(place, length - 1)), Math.max(extent - 1, 1)])
    // Element `i` has its middle at (i + ½) · length / extent − ½.
    const middle = plus(mul(plus(mul(place, whole(place, 2)), 1), whole(place, length)), -extent)
    return between(x, axis, [max(middle, whole(middle, 0)), 2 * extent])
  }

/**
 * The last axes of `self` with the extents `size`; linear along two axes is bilinear.
 *
 * **Throws** as `adaptiveAvgPool`.
 *
 * **Example** (Twice the resolution)
 *
 * ```ts run
 * const x = Tensor.of([[0, 4]])
 * await evaluate(Tensor.interpolate(x, { size: [4] })) // => [[0, 0, 4, 4]]
 * await evaluate(Tensor.interpolate(x, { size: [4], mode: "linear" })) // => [[0, 1, 3, 4]]
 * ```
 */
export const interpolate: {
  <S extends Shape, D extends DType, const P extends Dims>(
    self: Tensor<S, D>,
    options: InterpolateOptions<P>
  ): Tensor<Resized<S, P>, D>
  <const P extends Dims>(
    options: InterpolateOptions<P>
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Resized<S, P>, D>
} = forms(2, (self: Tensor, { alignCorners = false, mode = "nearest", size }: InterpolateOptions<Dims>) => {
  demandSize("interpolate", self, size)
  return alongEach(self, size, mode === "nearest" ? nearest : interpolated(alignCorners))
})
