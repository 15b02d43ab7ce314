/**
 * Reductions: one value for all elements along some axes. Reducing nothing gives the identity; the greatest of nothing
 * is an error.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { demandElements, part, permute, positions, range, reduceWith, spread } from "../internal/axes.ts"
import { forms, tensorFirst } from "../internal/forms.ts"
import { demand, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import * as Discrete from "../primitive/discrete.ts"
import { div } from "../primitive/elementwise.ts"
import * as Linear from "../primitive/linear.ts"
import { reduceMax, reduceMin, where } from "../primitive/selection.ts"
import { concatenate } from "../primitive/window.ts"
import type { Dims } from "../Shape.ts"
import { size, without } from "../Shape.ts"
import type { KeepDims, Reduction } from "./signature.ts"

type AxesArgument = number | Dims | undefined

/** A reduction whose rule gets normalized axes. */
const reduction = <R extends DType = never>(operation: string, rule: (x: Tensor, axes: Dims) => Tensor): Reduction<R> =>
  forms(tensorFirst, (self: Tensor, axes?: AxesArgument, { keepDims }: KeepDims = {}) =>
    reduceWith(self, { operation, axes, keepDims }, (normal) => rule(self, normal))
  )

/**
 * The sum over `axes`.
 *
 * **Throws** `AxisError` for axes that `self` has not, `DTypeError` for bool.
 *
 * **Example** (Over rows, over everything)
 *
 * ```ts run
 * const x = Tensor.of([[1, 2], [3, 4]])
 * await evaluate(Tensor.sum(x, 0)) // => [4, 6]
 * await evaluate(Tensor.sum(x, -1, { keepDims: true })) // => [[3], [7]]
 * await evaluate(Tensor.sum(x)) // => 10
 * ```
 */
export const sum: Reduction = reduction("sum", (x, axes) => Linear.sum(x, { axes }))

/** The mean over `axes`, for floats; NaN over nothing. **Throws** as `sum`. */
export const mean: Reduction = reduction("mean", (x, axes) => {
  demand("mean", x, "floats", DTypes.isFloat)
  const total = Linear.sum(x, { axes })
  return div(total, fill("mean", total, size(axes.map((axis) => x.shape[axis]))))
})

const extremum = (operation: string, reduce: typeof reduceMax): Reduction =>
  reduction(operation, (x, axes) => {
    demandElements(operation, x, axes)
    return reduce(x, { axes })
  })

/**
 * The greatest value over `axes`; NaN if any is. Ties share the gradient equally.
 *
 * **Throws** as `sum`, and `ShapeError` over nothing.
 */
export const max: Reduction = extremum("max", reduceMax)

/** The least value over `axes`; NaN if any is. Ties share the gradient equally. **Throws** as `max`. */
export const min: Reduction = extremum("min", reduceMin)

/** `x` with `axes` merged into one axis at the end. */
const mergedLast = (x: Tensor, axes: Dims): Tensor => {
  const rest = without(range(x.shape.length), axes)
  const shape = [...rest.map((axis) => x.shape[axis]), size(axes.map((axis) => x.shape[axis]))]
  return Linear.reshape(permute(x, [...rest, ...axes]), { shape })
}

/**
 * The product over `axes`.
 *
 * **Throws** as `sum`.
 *
 * **Numerics** A tree of products, log₂ n deep, so that gradients are exact where factors are 0.
 */
export const prod: Reduction = reduction("prod", (x, axes) => {
  demand("prod", x, "numbers", (dtype) => dtype !== "bool")
  let factors = mergedLast(x, axes)
  const last = factors.shape.length - 1
  const shape = factors.shape.slice(0, last)
  if (factors.shape[last] === 0) return fill("prod", { shape, dtype: x.dtype }, 1)
  while (factors.shape[last] > 1) {
    const count = factors.shape[last]
    const half = Math.floor(count / 2)
    const product = mul(part(factors, last, 0, half), part(factors, last, half, 2 * half))
    factors =
      count === 2 * half ? product : concatenate([product, part(factors, last, count - 1, count)], { axis: last })
  }
  return Linear.reshape(factors, { shape })
})

const quantifier = (operation: string, reduce: typeof reduceMax, ofNothing: number): Reduction<"bool"> =>
  reduction<"bool">(operation, (x, axes) => {
    demand(operation, x, "bool", (dtype) => dtype === "bool")
    const shape = without(x.shape, axes)
    const isEmpty = axes.some((axis) => x.shape[axis] === 0)
    return isEmpty ? fill(operation, { shape, dtype: "bool" }, ofNothing) : reduce(x, { axes })
  })

/** Whether any holds over `axes`; not over nothing. **Throws** as `sum`, and `DTypeError` unless `self` is of bool. */
export const any: Reduction<"bool"> = quantifier("any", reduceMax, 0)

/** Whether all hold over `axes`; so over nothing. **Throws** as `any`. */
export const all: Reduction<"bool"> = quantifier("all", reduceMin, 1)

/** The first position along the merged `axes` where `x` is extreme, or NaN. */
const argExtremum = (operation: string, reduce: typeof reduceMax): Reduction<"i32"> =>
  reduction<"i32">(operation, (x, axes) => {
    demandElements(operation, x, axes)
    const row = mergedLast(x, axes)
    const last = [row.shape.length - 1]
    const isBest = Discrete.equal(row, spread(reduce(row, { axes: last }), row, last))
    const isNaN = Discrete.not(Discrete.equal(row, row))
    const hit = DTypes.isFloat(x.dtype) ? Discrete.or(isBest, isNaN) : isBest
    const place = positions(row.shape, last[0])
    return reduceMin(where(hit, place, fill(operation, place, row.shape[last[0]])), { axes: last })
  })

/**
 * The position of the greatest value along `axes`, the first of several; that of NaN where there is one. Over several
 * axes it counts row-major.
 *
 * **Throws** as `max`.
 *
 * **Example** (Predicted classes)
 *
 * ```ts run
 * await evaluate(Tensor.argMax(Tensor.of([[0.1, 0.9], [0.8, 0.2]]), -1)) // => [1, 0]
 * ```
 */
export const argMax: Reduction<"i32"> = argExtremum("argMax", reduceMax)

/** The position of the least value along `axes`; otherwise as `argMax`. */
export const argMin: Reduction<"i32"> = argExtremum("argMin", reduceMin)
