/**
 * Special functions as scalar expressions: error functions and the gamma family, from arithmetic, `exp` and `log` alone,
 * so that no backend has to know them.
 *
 * Each has two variants, for `f64` and for all else (narrow floats compute in `f32`), by the coefficients of
 * `internal/coefficients.ts`. Both sides of a `select` are computed; a side that is not chosen may be NaN.
 */
import type { Fit, Table } from "./internal/coefficients.ts"
import { bernoulli, double, errorDouble, errorSingle, single } from "./internal/coefficients.ts"
import type { Scalar } from "./Scalar.ts"
import * as S from "./Scalar.ts"

const stirlingConstant = (Math.log(2 * Math.PI) - 1) / 2

/** Lifts a rule over a working precision to all floats. */
const widened =
  (rule: (x: Scalar, table: Table) => Scalar) =>
  (x: Scalar): Scalar =>
    x.dtype === "f64" ? rule(x, double) : S.cast(rule(S.cast(x, "f32"), single), x.dtype)

const times = (x: Scalar, factor: number): Scalar => S.mul(x, S.like(x, factor))
const plus = (x: Scalar, term: number): Scalar => S.add(x, S.like(x, term))
const minus = (x: Scalar, term: number): Scalar => S.sub(x, S.like(x, term))
/** `value / x`. */
const over = (value: number, x: Scalar): Scalar => S.div(S.like(x, value), x)
/** `value - x`. */
const from = (value: number, x: Scalar): Scalar => S.sub(S.like(x, value), x)
const below = (x: Scalar, bound: number): Scalar => S.less(x, S.like(x, bound))
const above = (x: Scalar, bound: number): Scalar => S.less(S.like(x, bound), x)
const square = (x: Scalar): Scalar => S.mul(x, x)
/** The fit on whose interval `x` lies. */
const fitted = (x: Scalar, fits: ReadonlyArray<Fit>): Scalar =>
  fits
    .map(({ center, end, p, q }) => {
      const t = center === 0 ? x : minus(x, center)
      const numerator = S.polynomial(t, p)
      return { end, value: q === undefined ? numerator : S.div(numerator, S.polynomial(t, q)) }
    })
    .reduceRight(({ value }, piece) => ({ ...piece, value: S.select(below(x, piece.end), piece.value, value) })).value

/** `-x` where `condition` holds, else `x`. */
const flip = (condition: Scalar, x: Scalar): Scalar => S.select(condition, S.neg(x), x)

/** erf(x) for |x| ≤ 5/4 in f32: the sum of x and a part of it. */
const erfInner = (x: Scalar): Scalar => S.multiplyAdd(x, S.polynomial(square(x), errorSingle.inner), x)

const erfSingle = (x: Scalar): Scalar => {
  const magnitude = S.abs(x)
  const outer = from(1, S.polynomial(minus(magnitude, 2.5), errorSingle.outer))
  const bounded = S.select(below(magnitude, 3.92), S.min(outer, S.like(x, 1)), S.like(x, 1))
  return S.select(below(magnitude, 1.25), erfInner(x), S.select(S.equal(x, x), flip(below(x, 0), bounded), x))
}

const erfDouble = (x: Scalar): Scalar => {
  const magnitude = S.abs(x)
  const { p, q } = errorDouble.erf
  const inner = S.mul(x, S.div(S.polynomial(square(x), p), S.polynomial(square(x), q)))
  const outer = from(1, erfcDouble(magnitude))
  return S.select(below(magnitude, 0.75), inner, flip(below(x, 0), outer))
}

/** `x² = h² + d` with `h² ` exact: `h` is `x` rounded to a multiple of `1 / halves`, half the digits. */
const squareInParts = (x: Scalar, halves: number): readonly [high: Scalar, low: Scalar] => {
  const h = times(S.round(times(x, halves)), 1 / halves)
  return [square(h), S.mul(S.sub(x, h), S.add(x, h))]
}

/** 2ⁿ for a whole number n from -126 to 127, in f32. */
const powerOfTwo = (n: Scalar): Scalar =>
  S.bitcast(S.shiftLeft(S.add(S.cast(n, "i32"), S.constant(127)), S.constant(23)), "f32")

/**
 * erfc(x) for x ≥ 0 in f32: 1 - erf(x) below 1/2, else 2⁻ⁿ eʳ g(x) with r = n ln 2 - x² in the digits of two numbers. No
 * factor is rounded before the end: eʳ g is g and a part of g.
 */
const erfcSingle = (magnitude: Scalar): Scalar => {
  const x = S.min(magnitude, S.like(magnitude, 11))
  const [high, low] = squareInParts(x, 2 ** 8)
  const n = S.round(times(S.add(high, low), Math.LOG2E))
  const r = S.add(S.sub(times(n, ln2[0]), high), S.sub(times(n, ln2[1]), low))
  const s = S.multiplyAdd(square(r), S.polynomial(r, errorSingle.exponential), r)
  const scaled = S.polynomial(minus(x, 1.25), errorSingle.scaled)
  const tail = S.div(plus(S.polynomial(over(1, square(x)), errorSingle.tail), errorSingle.tailStart), x)
  const g = S.select(below(x, 2), scaled, tail)
  const half = S.round(times(n, -0.5))
  const outer = S.mul(S.mul(S.multiplyAdd(g, s, g), powerOfTwo(half)), powerOfTwo(S.sub(S.neg(n), half)))
  return S.select(below(magnitude, 0.5), from(1, erfInner(magnitude)), outer)
}

/** ln 2 in two parts, the first with few enough bits that its product with n is exact. */
const ln2 = [0.693359375, Math.LN2 - 0.693359375] as const

/** erfc(x) for x ≥ 0 in f64: exp(-h²) exp(-d) u f(u) with u = 1 / (1 + 3x/8). */
const erfcDouble = (magnitude: Scalar): Scalar => {
  const x = S.min(magnitude, S.like(magnitude, 28))
  const u = over(1, plus(times(x, 0.375), 1))
  const [high, low] = squareInParts(x, 2 ** 21)
  const scaled = S.mul(u, S.polynomial(minus(u, 0.5), errorDouble.erfcx))
  return S.mul(S.exp(S.neg(high)), S.mul(S.polynomial(low, errorDouble.expSmall), scaled))
}

/**
 * The error function, `2/√π ∫₀ˣ exp(-t²) dt`.
 *
 * **Numerics** Relative error at most 4e-16 (f64), 9e-8 (f32; 1.4 ulp, 0.2 on average). Odd down to the sign of zero;
 * ±1 at ±∞, never beyond.
 *
 * **Source** Own fits: in f32 a polynomial in x² up to 5/4, one in x up to 3.92, then ±1, to which the value rounds; in f64 a
 * rational function of x² up to 3/4, then 1 - erfc. Splitting the square in exp(-x²) is after Cody's CALERF (netlib, specfun).
 *
 * @category special functions
 * @since 0.1.0
 */
export const erf: (x: Scalar) => Scalar = widened((x, table) => (table === double ? erfDouble(x) : erfSingle(x)))

/**
 * The complementary error function, `1 - erf(x)`, without the cancellation.
 *
 * **Numerics** Relative error at most 9e-16 (f64), 1.7e-7 (f32; 2.5 ulp, 0.3 on average), also in the right tail up
 * to where the value becomes subnormal. 1 at 0, 0 at ∞, 2 at -∞.
 *
 * **Source** As `erf`; own fits. For x ≥ 0 in f32 1 - erf below 1/2, then exp(x²) erfc(x) as a polynomial in x up to 2,
 * in 1 / x² beyond; in f64 one polynomial in 1 / (1 + 3x/8), after Shepherd & Laframboise 1981, "Chebyshev approximation
 * of (1 + 2x) exp(x²) erfc(x)". For x < 0, 2 - erfc(-x).
 *
 * @category special functions
 * @since 0.1.0
 */
export const erfc: (x: Scalar) => Scalar = widened((x, table) => {
  const positive = table === double ? erfcDouble(S.abs(x)) : erfcSingle(S.abs(x))
  return S.select(below(x, 0), from(2, positive), positive)
})

/**
 * The inverse of `erf`.
 *
 * **Domain** (-1, 1); ±∞ at ±1, NaN beyond.
 *
 * **Numerics** Relative error at most 9e-16 (f64), 2.6e-7 (f32; 4 ulp, 0.5 on average), up to the last value before 1.
 * Keeps the sign of zero.
 *
 * **Source** The cut into a center and a tail in √(-log((1 - |x|) / 2)) is from Wichura 1988, algorithm AS 241; own
 * fits.
 *
 * @category special functions
 * @since 0.1.0
 */
export const erfInv: (x: Scalar) => Scalar = widened((x, { erfInv: { center, tail } }) => {
  const magnitude = S.abs(x)
  const isCentral = below(magnitude, 0.75)
  const t = from(0.5625, square(x))
  const r = minus(S.sqrt(S.neg(S.log(times(from(1, magnitude), 0.5)))), 1.4375)
  const choose = (coefficients: "p" | "q"): Scalar =>
    S.select(isCentral, S.polynomial(t, center[coefficients]), S.polynomial(r, tail[coefficients]))
  const sign = S.select(below(x, 0), S.like(x, -1), S.like(x, 1))
  const inside = S.mul(S.div(choose("p"), choose("q")), S.select(isCentral, x, sign))
  return S.select(S.equal(magnitude, S.like(x, 1)), times(x, Infinity), inside)
})

/** lgamma(y) for y ≥ 1/2, where `z` is y - 1 (given, because 1 + z loses the digits of a small z). */
const lgammaRight = (y: Scalar, z: Scalar, { lgamma: { left, near, stirling } }: Table): Scalar => {
  // (y - 1) g(y) below 1, (y - 1)(y - 2) f(y) above: the zeros at 1 and 2 are exact.
  const isInner = below(y, left.end)
  const zeros = S.select(isInner, z, S.mul(z, minus(z, 1)))
  const inner = S.mul(zeros, fitted(y, [left, ...near]))
  // (y - 1/2)(log y - 1) + (log 2π - 1) / 2 + s(1 / y²) / y; log y - 1 loses less from the logarithm of a smaller number.
  const inverse = over(1, y)
  const remainder = S.mul(inverse, S.polynomial(square(inverse), stirling))
  const logarithm = plus(S.log(times(y, 0.25)), Math.log(4) - 1)
  const right = S.add(S.mul(minus(y, 0.5), logarithm), plus(remainder, stirlingConstant))
  return S.select(below(y, near[near.length - 1].end), inner, right)
}

/**
 * The logarithm of the gamma function's magnitude, `log |Γ(x)|`.
 *
 * **Numerics** For x > 0 relative error at most 9e-16 (f64), 1.8e-7 (f32; 2.3 ulp, 0.3 on average), also at the zeros 1
 * and 2. For x < 0 at most 9e-16 and 3e-7 relative to the largest of 1, the value and lgamma(1 - x): the zeros there are
 * not treated apart. ∞ at the poles 0, -1, -2, ... and at ±∞.
 *
 * **Source** Own fits below 4, Stirling's series with fitted coefficients above. Below 1/2 the recurrence
 * `lgamma(x) = lgamma(1 + x) - log x`, left of 0 Euler's reflection
 * `lgamma(x) = -lgamma(-x) - log(|x sin πx| / π)`, on one logarithm.
 *
 * @category special functions
 * @since 0.1.0
 */
export const lgamma: (x: Scalar) => Scalar = widened((x, table) => {
  const magnitude = S.abs(x)
  const isSmall = below(magnitude, 0.5)
  const isPositive = above(x, 0)
  const y = S.select(isSmall, plus(magnitude, 1), magnitude)
  const right = lgammaRight(y, S.select(isSmall, magnitude, minus(magnitude, 1)), table)
  const nearest = S.round(x)
  const r = S.sub(x, nearest)
  const sine = S.mul(S.abs(r), S.polynomial(square(r), table.sine))
  const reflection = S.select(isSmall, sine, S.mul(magnitude, sine))
  const shift = S.log(S.select(isPositive, x, reflection))
  const reflected = S.select(S.equal(x, nearest), S.like(x, Infinity), S.sub(S.neg(right), shift))
  const recurred = S.select(isSmall, S.sub(right, shift), right)
  return S.select(isPositive, recurred, reflected)
})

const digamma = widened((x, { cotangent, digamma: { asymptotic, near, root } }) => {
  // What lies left of 1 follows from 1 + |x|, whose distance to the root is that of |x| to the root less 1.
  const isLeft = below(x, 1)
  const magnitude = S.abs(x)
  const y = S.select(isLeft, plus(magnitude, 1), x)
  const distance = S.sub(S.select(isLeft, magnitude, x), S.select(isLeft, S.like(x, root[0] - 1), S.like(x, root[0])))
  const left = S.mul(minus(distance, root[1]), fitted(y, near))
  // log y - 1 / 2y - s(1 / y²) / y²
  const inverse = over(1, y)
  const remainder = S.mul(inverse, plus(S.mul(inverse, S.polynomial(square(inverse), asymptotic)), 0.5))
  const right = S.select(below(y, near[near.length - 1].end), left, S.sub(S.log(y), remainder))
  // digamma(x) = digamma(1 + x) - 1 / x for x > 0, digamma(1 - x) - π cot πx for x < 0
  const nearest = S.round(x)
  const r = S.sub(x, nearest)
  const isPositive = above(x, 0)
  const regular = S.select(isPositive, S.like(x, 0), S.mul(r, S.polynomial(square(r), cotangent)))
  const reflected = S.add(S.sub(right, over(1, S.select(isPositive, x, r))), regular)
  const isPole = S.and(S.equal(x, nearest), S.lessEqual(x, S.like(x, 0)))
  return S.select(isPole, S.like(x, NaN), S.select(isLeft, reflected, right))
})

const power = (x: Scalar, exponent: number): Scalar =>
  exponent === 1 ? x : exponent % 2 === 0 ? square(power(x, exponent / 2)) : S.mul(x, power(x, exponent - 1))

/** The whole numbers from `first` to `last`. */
const range = (first: number, last: number): ReadonlyArray<number> =>
  Array.from({ length: last - first + 1 }, (_, k) => first + k)

/** (-1)ⁿ⁺¹ n! Σ 1 / (x + k)ⁿ⁺¹ by the Euler-Maclaurin formula. */
const polygammaPositive =
  (n: number) =>
  (x: Scalar, { zeta }: Table): Scalar => {
    // n! = residue cⁿ with c a power of two: neither n! nor 1 / xⁿ stands alone, where it would leave the range.
    const c = 2 ** Math.round(range(1, n).reduce((sum, k) => sum + Math.log2(k), 0) / n)
    const residue = range(1, n).reduce((product, k) => product * (k / c), 1)
    const last = over(c, plus(x, zeta.terms))
    const w = times(last, 1 / c)
    // 1/n + w/2 + Σ B₂ⱼ/(2j)! (n + 1)(n + 2)···(n + 2j - 1) w²ʲ
    const corrections = range(1, zeta.corrections).map((j) =>
      range(n + 1, n + 2 * j - 1).reduce((product, k) => product * k, bernoulli[j - 1])
    )
    const series = S.polynomial(square(w), [...corrections.toReversed(), 1 / n])
    const tail = times(S.mul(power(last, n), S.add(series, times(w, 0.5))), c)
    const summands = range(0, zeta.terms - 1).map((k) => power(over(c, k === 0 ? x : plus(x, k)), n + 1))
    const sum = summands.reduceRight((total, term) => S.add(total, term), tail)
    return S.select(above(x, 0), times(sum, ((n % 2 === 0 ? -1 : 1) * residue) / c), S.like(x, NaN))
  }

/**
 * The derivatives of `lgamma`: `dⁿ⁺¹/dxⁿ⁺¹ log Γ(x)` for the `order` n, so that order 0 is the digamma function.
 *
 * **Domain** Order 0: all reals, NaN at the poles 0, -1, -2, ... and at -∞. Higher orders: x > 0, NaN elsewhere.
 * `order` is a whole number ≥ 0.
 *
 * **Numerics** Order 0: relative error at most 6.5e-16 (f64), 2e-7 (f32; 2.2 ulp, 0.3 on average) for x > 0, root
 * included; for x < 0 at most 9e-16 and 4.5e-7 relative to the largest of 1, the value and digamma(1 - x): the zeros there
 * are not treated apart. Higher orders: at most 7e-16 and 3.4e-7 up to order 2, from there a unit in the last place more
 * for each order (order 7: 1.3e-15, 7.4e-7).
 *
 * **Source** Order 0: own fit around the root 1.4616..., which is split in two parts, the asymptotic series beyond, the
 * recurrence left of 1 and the reflection formula left of 0. Higher orders: Hurwitz' zeta function `(-1)ⁿ⁺¹ n! ζ(n + 1, x)` by the
 * Euler-Maclaurin formula (DLMF 25.11.12, 25.11.4 and 25.11.7).
 *
 * @category special functions
 * @since 0.1.0
 */
export const polygamma = (order: number, x: Scalar): Scalar =>
  order === 0 ? digamma(x) : widened(polygammaPositive(order))(x)
