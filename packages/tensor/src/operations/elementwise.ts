/**
 * Functions of one element. Unless stated they are for floats; the domain is where the value is a real number.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { forms, typed } from "../internal/forms.ts"
import { demand } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul } from "../primitive/bilinear.ts"
import * as Discrete from "../primitive/discrete.ts"
import * as Smooth from "../primitive/elementwise.ts"
import { full } from "../primitive/leaf.ts"
import * as Linear from "../primitive/linear.ts"
import { abs as absOf, where } from "../primitive/selection.ts"
import type { Shape } from "../ShapeType.ts"
import type { Predicate, Unary } from "./signature.ts"

const { add, sub } = Linear
const fill = (like: Tensor, value: number): Tensor => full({ shape: like.shape, dtype: like.dtype, value })
const scaled = (x: Tensor, factor: number): Tensor => mul(x, fill(x, factor))
const unary = (name: string, rule: (x: Tensor) => Tensor): Unary =>
  typed((x: Tensor) => {
    demand(name, x, "floats", DTypes.isFloat)
    return rule(x)
  })

/** `−x`, for numbers. */
export const neg: Unary = typed((x: Tensor) => Linear.neg(x))
/** `|x|`, for numbers. Derivative: the sign of `x`, 0 at 0. */
export const abs: Unary = typed((x: Tensor) => absOf(x))
/** −1, 0 or 1 by the sign of `x`, for numbers; NaN for NaN. Derivative: 0. */
export const sign: Unary = typed((x: Tensor) => Discrete.sign(x))
/** The greatest whole number that is not above `x`. Derivative: 0. */
export const floor: Unary = unary("floor", Discrete.floor)
/** The least whole number that is not below `x`. Derivative: 0. */
export const ceil: Unary = unary("ceil", Discrete.ceil)
/** The whole part of `x`: the nearest whole number towards 0. Derivative: 0. */
export const trunc: Unary = unary("trunc", (x) =>
  where(Discrete.less(x, fill(x, 0)), Discrete.ceil(x), Discrete.floor(x))
)
/** The nearest whole number; halves go to the even one. Derivative: 0. */
export const round: Unary = unary("round", Discrete.round)

/** `eˣ`. */
export const exp: Unary = unary("exp", Smooth.exp)
/** `2ˣ`; exact for whole `x` where the device's `pow` is. */
export const exp2: Unary = unary("exp2", (x) => Smooth.pow(fill(x, 2), x))
/** `eˣ − 1`, accurate near 0. */
export const expm1: Unary = unary("expm1", Smooth.expm1)
/** `ln x`. **Domain** `x > 0`. */
export const log: Unary = unary("log", Smooth.log)
/** `log₂ x`. **Domain** `x > 0`. */
export const log2: Unary = unary("log2", (x) => Smooth.div(Smooth.log(x), fill(x, Math.LN2)))
/** `log₁₀ x`. **Domain** `x > 0`. */
export const log10: Unary = unary("log10", (x) => Smooth.div(Smooth.log(x), fill(x, Math.LN10)))
/** `ln(1 + x)`, accurate near 0. **Domain** `x > −1`. */
export const log1p: Unary = unary("log1p", Smooth.log1p)
/** `√x`. **Domain** `x ≥ 0`; the derivative at 0 is ∞. */
export const sqrt: Unary = unary("sqrt", Smooth.sqrt)
/** `1/√x`. **Domain** `x > 0`. */
export const rsqrt: Unary = unary("rsqrt", (x) => Smooth.div(fill(x, 1), Smooth.sqrt(x)))
/** `x²`, for numbers. */
export const square: Unary = typed((x: Tensor) => mul(x, x))
/** `1/x`. **Domain** `x ≠ 0`. */
export const reciprocal: Unary = unary("reciprocal", (x) => Smooth.div(fill(x, 1), x))

/** `sin x`. */
export const sin: Unary = unary("sin", Smooth.sin)
/** `cos x`. */
export const cos: Unary = unary("cos", Smooth.cos)
/** `tan x`. **Domain** away from `π/2 + kπ`. */
export const tan: Unary = unary("tan", (x) => Smooth.div(Smooth.sin(x), Smooth.cos(x)))

/** `√(1 − x²)` without the cancellation near ±1. */
const cosineOf = (x: Tensor): Tensor => Smooth.sqrt(mul(sub(fill(x, 1), x), add(fill(x, 1), x)))

/** The angle in `[−π/2, π/2]` with sine `x`. **Domain** `|x| ≤ 1`; the derivative at ±1 is ∞. */
export const asin: Unary = unary("asin", (x) => Smooth.atan2(x, cosineOf(x)))
/** The angle in `[0, π]` with cosine `x`. **Domain** `|x| ≤ 1`; the derivative at ±1 is −∞. */
export const acos: Unary = unary("acos", (x) => Smooth.atan2(cosineOf(x), x))
/** The angle in `(−π/2, π/2)` with tangent `x`. */
export const atan: Unary = unary("atan", (x) => Smooth.atan2(x, fill(x, 1)))

const halfDifference = (x: Tensor): Tensor => scaled(sub(Smooth.expm1(x), Smooth.expm1(Linear.neg(x))), 0.5)

/** `(eˣ − e⁻ˣ)/2`. **Numerics** By `expm1`, accurate near 0. */
export const sinh: Unary = unary("sinh", halfDifference)
/** `(eˣ + e⁻ˣ)/2`. **Numerics** As `1 + 2 sinh²(x/2)`, so that the derivative is accurate near 0 too. */
export const cosh: Unary = unary("cosh", (x) => {
  const half = halfDifference(scaled(x, 0.5))
  return add(scaled(mul(half, half), 2), fill(x, 1))
})
/** `tanh x`. */
export const tanh: Unary = unary("tanh", Smooth.tanh)

/** From here on `√(x² ± 1)` is `x` to the last bit, and squares may overflow. */
const large: Record<DTypes.Float, number> = { f64: 2 ** 28, f32: 2 ** 13, f16: 2 ** 7, bf16: 2 ** 6 }

/** `near(x)` below the large numbers, `ln 2x` among them; neither side sees what the other is for. */
const splitLarge = (x: Tensor, near: (x: Tensor) => Tensor): Tensor => {
  // `unary` has seen that `x` is of floats.
  const isLarge = Discrete.less(fill(x, large[x.dtype as DTypes.Float]), x)
  const one = fill(x, 1)
  return where(isLarge, add(Smooth.log(where(isLarge, x, one)), fill(x, Math.LN2)), near(where(isLarge, one, x)))
}

/** The inverse of `sinh`. **Numerics** By `log1p`, accurate near 0; no overflow. */
export const asinh: Unary = unary("asinh", (x) => {
  const isNegative = Discrete.less(x, fill(x, 0))
  const magnitude = where(isNegative, Linear.neg(x), x)
  const value = splitLarge(magnitude, (a) => {
    const squared = mul(a, a)
    const root = Smooth.sqrt(add(squared, fill(a, 1)))
    return Smooth.log1p(add(a, Smooth.div(squared, add(root, fill(a, 1)))))
  })
  return where(isNegative, Linear.neg(value), value)
})

/**
 * The inverse of `cosh`. **Domain** `x ≥ 1`; the derivative at 1 is ∞.
 * **Numerics** By `log1p`, accurate near 1; no overflow.
 */
export const acosh: Unary = unary("acosh", (x) =>
  splitLarge(x, (a) => {
    const above = sub(a, fill(a, 1))
    return Smooth.log1p(add(above, Smooth.sqrt(mul(above, add(a, fill(a, 1))))))
  })
)

/** The inverse of `tanh`. **Domain** `|x| < 1`. **Numerics** By `log1p`, accurate near 0. */
export const atanh: Unary = unary("atanh", (x) => scaled(sub(Smooth.log1p(x), Smooth.log1p(Linear.neg(x))), 0.5))

/** The error function `2/√π ∫₀ˣ e^(−t²) dt`. */
export const erf: Unary = unary("erf", Smooth.erf)
/** `1 − erf x`, accurate in the tail. */
export const erfc: Unary = unary("erfc", Smooth.erfc)
/** The inverse of `erf`. **Domain** `|x| < 1`. */
export const erfInv: Unary = unary("erfInv", Smooth.erfInv)
/** `ln |Γ(x)|`. **Domain** away from 0, −1, −2, …. */
export const lgamma: Unary = unary("lgamma", Smooth.lgamma)
/** The derivative of `ln Γ`. **Domain** away from 0, −1, −2, …. */
export const digamma: Unary = unary("digamma", (x) => Smooth.polygamma(x, { order: 0 }))

/** The logistic function `1/(1 + e⁻ˣ)`. **Numerics** Value and derivative are finite for every finite `x`. */
export const sigmoid: Unary = unary("sigmoid", Smooth.logistic)
/** `ln(x/(1 − x))`, the inverse of `sigmoid`. **Domain** `0 < x < 1`. **Numerics** By `log1p`, accurate near 0. */
export const logit: Unary = unary("logit", (x) => sub(Smooth.log(x), Smooth.log1p(Linear.neg(x))))
/**
 * `ln(1 + eˣ)`.
 *
 * **Numerics** As `ln(1 + eˣ)` below 0 and `x + ln(1 + e⁻ˣ)` from there on: finite for every finite `x`. Each form is
 * smooth, so derivatives of all orders are right at 0, too.
 */
export const softplus: Unary = unary("softplus", (x) => {
  const isBelow = Discrete.less(x, fill(x, 0))
  const exponent = where(isBelow, x, Linear.neg(x))
  return add(where(isBelow, fill(x, 0), x), Smooth.log1p(Smooth.exp(exponent)))
})
/** `ln sigmoid(x) = −softplus(−x)`. **Numerics** Finite for every finite `x`. */
export const logSigmoid: Unary = unary("logSigmoid", (x) => Linear.neg(softplus(Linear.neg(x))))
/** `max(x, 0)`, for numbers; NaN stays NaN. Derivative: 0 where `x ≤ 0`, at 0 too, 1 elsewhere. */
export const relu: Unary = typed((x: Tensor) => where(Discrete.lessEqual(x, fill(x, 0)), fill(x, 0), x))

/** Whether `x` is not a number; never for integers. */
export const isNaN: Predicate = typed((x: Tensor) => Discrete.not(Discrete.equal(x, x)))
/** Whether `x` is infinite; never for integers. */
export const isInfinite: Predicate = typed((x: Tensor) =>
  DTypes.isFloat(x.dtype)
    ? Discrete.equal(absOf(x), fill(x, Infinity))
    : full({ shape: x.shape, dtype: "bool", value: 0 })
)
/** Whether `x` is neither infinite nor NaN; always for integers. */
export const isFinite: Predicate = typed((x: Tensor) =>
  DTypes.isFloat(x.dtype)
    ? Discrete.less(absOf(x), fill(x, Infinity))
    : full({ shape: x.shape, dtype: "bool", value: 1 })
)

/**
 * The values of `self` as another dtype. Floats truncate toward zero on the way to integers, which wrap; "not zero"
 * is true. Derivatives pass between floats.
 *
 * **Example** (Truncating)
 *
 * ```ts run
 * await evaluate(Tensor.cast(Tensor.of([1.7, -1.7]), "i32")) // => [1, -1]
 * ```
 */
export const cast: {
  <S extends Shape, D extends DType>(self: Tensor<S>, dtype: D): Tensor<S, D>
  <D extends DType>(dtype: D): <S extends Shape>(self: Tensor<S>) => Tensor<S, D>
} = forms(2, (self: Tensor, dtype: DType) => (self.dtype === dtype ? self : Linear.cast(self, { dtype })))

/** The bits of `self` read as another dtype of the same width. **Throws** `DTypeError` for another width. */
export const bitcast: {
  <S extends Shape, D extends DType>(self: Tensor<S>, dtype: D): Tensor<S, D>
  <D extends DType>(dtype: D): <S extends Shape>(self: Tensor<S>) => Tensor<S, D>
} = forms(2, (self: Tensor, dtype: DType) => Discrete.bitcast(self, { dtype }))

/** The value of `self`, a constant to every derivative. */
export const stopGradient: Unary = typed((x: Tensor) => Linear.stopGradient(x))
