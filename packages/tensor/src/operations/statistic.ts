/**
 * Reductions and row functions composed of sums and maxima: spread, norms, and the stable family of log-sum-exp.
 */
import * as DTypes from "../DType.ts"
import { ArgumentError } from "../errors.ts"
import { reduceWith, spread } from "../internal/axes.ts"
import { forms, tensorFirst } from "../internal/forms.ts"
import { demand, fill } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import * as Discrete from "../primitive/discrete.ts"
import { div, exp, log, pow, sqrt } from "../primitive/elementwise.ts"
import * as Linear from "../primitive/linear.ts"
import { abs, reduceMax, where } from "../primitive/selection.ts"
import type { Dims } from "../Shape.ts"
import { normalizeAxis, size } from "../Shape.ts"
import { max, min } from "./reduction.ts"
import type { Along, KeepDims, Reduction } from "./signature.ts"

type AxesArgument = number | Dims | undefined

/** A reduction of floats with the options `O`. */
const reduction = <O = unknown>(
  operation: string,
  rule: (x: Tensor, axes: Dims, options: O) => Tensor
): Reduction<never, O> =>
  // Every option of `O` may be left out.
  forms(tensorFirst, (self: Tensor, axes?: AxesArgument, options: KeepDims & O = {} as KeepDims & O) => {
    demand(operation, self, "floats", DTypes.isFloat)
    return reduceWith(self, { operation, axes, keepDims: options.keepDims }, (normal) => rule(self, normal, options))
  })

/** The maximum over `axes` as a constant to derivatives; 0 where there is nothing. */
const greatest = (x: Tensor, axes: Dims): Tensor => {
  const total = Linear.sum(x, { axes })
  const isEmpty = axes.some((axis) => x.shape[axis] === 0)
  return isEmpty ? fill("max", total, 0) : Linear.stopGradient(reduceMax(x, { axes }))
}

/**
 * `ln Σ eˣ` over `axes`, for floats; −∞ over nothing.
 *
 * **Throws** as `sum`.
 *
 * **Numerics** The maximum, where it is finite, is taken out before `exp`, so the value is finite for finite `x`.
 */
export const logSumExp: Reduction = reduction("logSumExp", (x, axes) => {
  const top = greatest(x, axes)
  const isFinite = Discrete.less(abs(top), fill("logSumExp", top, Infinity))
  const shift = where(isFinite, top, fill("logSumExp", top, 0))
  return Linear.add(log(Linear.sum(exp(Linear.sub(x, spread(shift, x, axes))), { axes })), shift)
})

/** Squared deviations from the mean, summed: in two passes, so that nothing cancels. */
const squaredDeviations = (x: Tensor, axes: Dims): Tensor => {
  const total = Linear.sum(x, { axes })
  const mean = div(total, fill("variance", total, size(axes.map((axis) => x.shape[axis]))))
  const deviation = Linear.sub(x, spread(mean, x, axes))
  return Linear.sum(mul(deviation, deviation), { axes })
}

/**
 * What is taken off the count: 0 for the population (the default), 1 for the unbiased estimate from a sample. Where it
 * leaves nothing, the quotient is by 0: NaN or infinite, never negative.
 */
export interface Correction {
  readonly correction?: number
}

const varianceOf = (x: Tensor, axes: Dims, { correction = 0 }: Correction): Tensor => {
  const squares = squaredDeviations(x, axes)
  const freedom = Math.max(size(axes.map((axis) => x.shape[axis])) - correction, 0)
  return div(squares, fill("variance", squares, freedom))
}

/**
 * The mean squared deviation from the mean over `axes`, for floats. **Throws** as `sum`.
 *
 * **Numerics** In two passes: the mean first, then the deviations.
 *
 * **Example** (Population and sample)
 *
 * ```ts run
 * await evaluate(Tensor.variance(Tensor.of([1, 2, 3]), 0, { correction: 1 })) // => 1
 * ```
 */
export const variance: Reduction<never, Correction> = reduction("variance", varianceOf)

/** `√x` whose derivative at 0 is 0. */
const rootOf = (x: Tensor): Tensor => {
  const isZero = Discrete.equal(x, fill("sqrt", x, 0))
  return where(isZero, x, sqrt(where(isZero, fill("sqrt", x, 1), x)))
}

/** The root of the variance over `axes`, for floats; its derivative where all are equal is 0. **Throws** as `sum`. */
export const standardDeviation: Reduction<never, Correction> = reduction("standardDeviation", (x, axes, options) =>
  rootOf(varianceOf(x, axes, options))
)

/** `xᵖ` for `x` from 0, whose derivative at 0 is 0. */
const powerOf = (x: Tensor, exponent: number): Tensor => {
  const isZero = Discrete.equal(x, fill("pow", x, 0))
  return where(isZero, x, pow(where(isZero, fill("pow", x, 1), x), fill("pow", x, exponent)))
}

/**
 * The order `p` of a norm, above 0: 1 for the sum of magnitudes, 2 for the Euclidean length (the default), ∞ for the
 * greatest magnitude; or −∞ for the least.
 */
export interface NormOrder {
  readonly ord?: number
}

/**
 * The norm `(Σ |x|ᵖ)^(1/p)` over `axes`, of order 2 unless stated, for floats; its derivative at 0 is 0.
 *
 * **Throws** as `sum`, and `ArgumentError` for an order that is neither above 0 nor −∞.
 *
 * **Numerics** Powers of magnitudes are summed as they are: those of large orders leave the range of floats early.
 *
 * **Example** (Three lengths)
 *
 * ```ts run
 * const x = Tensor.of([3, -4])
 * await evaluate(Tensor.norm(x)) // => 5
 * await evaluate(Tensor.norm(x, 0, { ord: 1 })) // => 7
 * await evaluate(Tensor.norm(x, 0, { ord: Infinity })) // => 4
 * ```
 */
export const norm: Reduction<never, NormOrder> = reduction("norm", (x, axes, { ord = 2 }: NormOrder) => {
  if (ord === 1) return Linear.sum(abs(x), { axes })
  if (ord === 2) return rootOf(Linear.sum(mul(x, x), { axes }))
  if (ord === Infinity) return max(abs(x), axes)
  if (ord === -Infinity) return min(abs(x), axes)
  if (ord > 0) return powerOf(Linear.sum(powerOf(abs(x), ord), { axes }), 1 / ord)
  throw new ArgumentError({ operation: "norm", expected: "an order above 0, or -Infinity", received: String(ord) })
})

const along = (operation: string, rule: (x: Tensor, axes: Dims) => Tensor): Along =>
  forms(tensorFirst, (self: Tensor, axis = -1) => {
    demand(operation, self, "floats", DTypes.isFloat)
    return rule(self, [normalizeAxis(operation, axis, self.shape.length)])
  })

const shifted = (x: Tensor, axes: Dims): Tensor => Linear.sub(x, spread(greatest(x, axes), x, axes))

/**
 * `eˣ / Σ eˣ` along an axis, the last unless stated, for floats.
 *
 * **Throws** `AxisError` for an axis that `self` has not.
 *
 * **Numerics** The maximum is taken out before `exp`.
 */
export const softmax: Along = along("softmax", (x, axes) => {
  const weight = exp(shifted(x, axes))
  return div(weight, spread(Linear.sum(weight, { axes }), x, axes))
})

/**
 * `x − ln Σ eˣ` along an axis, the last unless stated, for floats. **Throws** as `softmax`.
 *
 * **Numerics** The maximum is taken out before `exp`; finite for finite `x`.
 */
export const logSoftmax: Along = along("logSoftmax", (x, axes) => {
  const low = shifted(x, axes)
  return Linear.sub(low, spread(log(Linear.sum(exp(low), { axes })), x, axes))
})
