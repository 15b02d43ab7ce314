/**
 * Special functions as scalar expressions: error functions and the gamma family, from arithmetic, `exp`, `log`,
 * `sin` and `cos` alone, so that no backend has to know them.
 *
 * Each has two variants, for `f64` and for all else (narrow floats compute in `f32`). They differ in the table of
 * coefficients only: rational and polynomial minimax fits in relative error (Remez exchange in 60 digits), each with
 * the fit's error `e` next to it. Both sides of a `select` are computed; a side that is not chosen may be NaN.
 */
import type { Scalar } from "./Scalar.ts"
import * as S from "./Scalar.ts"

/** Numerator and denominator of a rational function, highest power first. */
interface Rational {
  readonly p: ReadonlyArray<number>
  readonly q: ReadonlyArray<number>
}

/** The coefficients of one precision. */
interface Table {
  /** erf(x) / x in x²: x ≤ 3.92 (f32, e = 2.1e-8), x ≤ 0.75 (f64, e = 4.3e-17). */
  readonly erf: Rational
  /** exp(x²) erfc(x) / u in u - 1/2, u = 1 / (1 + 3x/8): x ≤ 11 (f32, e = 1.4e-8), x ≤ 28 (f64, e = 9.9e-17). */
  readonly erfcx: ReadonlyArray<number>
  /** exp(-d): |d| ≤ 0.043 (f32, e = 1.8e-8), Taylor for |d| ≤ 1.4e-5 (f64). */
  readonly expSmall: ReadonlyArray<number>
  /** Rounding x ≤ 28 to a multiple of the inverse leaves at most half the digits, so that its square is exact. */
  readonly halfBits: number
  /** Where erfc has long been 0. */
  readonly erfcEnd: number
  /**
   * Center: erfInv(x) / x in 9/16 - x², |x| ≤ 3/4 (f32 e = 8.6e-9, f64 e = 2.1e-18). Tail: erfInv(x) in
   * sqrt(-log((1 - x) / 2)) - 23/16 for 3/4 ≤ x < 1 (f32 e = 4.7e-9, f64 e = 1.2e-17).
   */
  readonly erfInv: { readonly center: Rational; readonly tail: Rational }
  /**
   * lgamma(x) / ((x - 1)(x - 2)) on [1/2, 4] (f32 e = 1.3e-8, f64 e = 5.9e-17) and, for x ≥ 4, Stirling's remainder
   * times x in 1 / x² (f32 e = 4.7e-8, f64 e = 3.2e-15; the remainder is a hundredth of the value).
   */
  readonly lgamma: Rational & { readonly stirling: ReadonlyArray<number> }
  /**
   * digamma(x) / (x - root) on [1/2, end] (f32 e = 1.2e-8, f64 e = 2.6e-17), the root in two parts and, for x ≥ end,
   * (log(x) - 1 / 2x - digamma(x)) x² in 1 / x² (f32 e = 1.5e-6, f64 e = 3.8e-15, of a hundredth of the value).
   */
  readonly digamma: Rational & {
    readonly end: number
    readonly root: readonly [number, number]
    readonly asymptotic: ReadonlyArray<number>
  }
  /** Euler-Maclaurin: summands before and Bernoulli terms after; the first term left out is below the fits' errors. */
  readonly zeta: { readonly terms: number; readonly corrections: number }
}

const single: Table = {
  erf: {
    p: [-1.49860239e-8, 5.05174477e-6, 0.000391872803, 0.00382398323, 0.0544167136, 0.183596812, 1.12837919],
    q: [6.6576472e-5, 0.00131872954, 0.0154548098, 0.11357113, 0.4960422, 1]
  },
  erfcx: [
    0.00293564028, 0.0588057488, -0.0410030037, -0.142068043, -0.00999900885, 0.333827823, 0.655578732, 0.755128026,
    0.625756681, 0.398145258
  ],
  expSmall: [-0.166651382, 0.500077034, -1.00000004, 0.999999982],
  halfBits: 2 ** 8,
  erfcEnd: 11,
  erfInv: {
    center: { p: [0.110246411, 1.5467552, 2.74617269, 1.08455979], q: [0.388154675, 2.38944892, 3.05080859, 1] },
    tail: {
      p: [0.0345599043, 0.436216226, 1.63161814, 2.17038642, 0.807811787],
      q: [0.034545503, 0.387370309, 1.15256576, 1]
    }
  },
  lgamma: {
    p: [4.63978045, 181.498607, 1270.86393, 2298.3392, 1066.07827, 89.7279647],
    q: [1, 74.3941245, 932.505114, 3210.69897, 3338.96196, 910.626283, 40.1546152],
    stirling: [0.000743014625, -0.00277663333, 0.0833333295]
  },
  digamma: {
    p: [0.0203875743, 3.8881953, 36.486387, 70.1313819, 26.702331],
    q: [1, 16.3781468, 53.3572665, 39.0125662, 0.00159064417],
    end: 3,
    root: [1.4616321325302124, 1.2438149938918909e-8],
    asymptotic: [0.00340188101, -0.00831145207, 0.0833332051]
  },
  zeta: { terms: 5, corrections: 3 }
}

const double: Table = {
  erf: {
    p: [6.46945863273662e-5, 0.0012792742655464077, 0.04057179508959534, 0.13849577307922495, 1.1283791670955126],
    q: [0.0003761321708870162, 0.008662657021222507, 0.08797982272214665, 0.4560720164975251, 1]
  },
  erfcx: [
    -0.0050759011866117485, 0.0042504342901447875, 0.009714530351992356, -0.012039013267304586, -0.007643692163997365,
    0.018928612479893154, 0.0001637967046282492, -0.023447161163836, 0.009749946548813714, 0.027480387608575473,
    -0.02137355713747375, -0.03594432155250047, 0.03562965954367549, 0.0615181215623453, -0.047831551047493044,
    -0.14174883893951384, -0.009467381449983379, 0.33379537460711983, 0.655562282451643, 0.7551286856039272,
    0.6257568032045391, 0.3981452619877313
  ],
  expSmall: [-1 / 6, 0.5, -1, 1],
  halfBits: 2 ** 21,
  erfcEnd: 28,
  erfInv: {
    center: {
      p: [
        0.004629517836199464, 0.31730417194039606, 3.408658782601145, 12.832151510619875, 21.727106021614006,
        18.039487150473597, 7.160921199707379, 1.0845597967968248
      ],
      q: [
        0.030108495873496597, 0.8535064285470091, 6.247619308964538, 18.607684554381887, 26.78300806716227,
        19.70783200731746, 7.121354241112377, 1
      ]
    },
    tail: {
      p: [
        7.368725279118203e-7, 6.387640937029986e-5, 0.0018414797177915, 0.025357713217163166, 0.1959813053182968,
        0.9230087560221067, 2.7411890189572725, 5.112093098371808, 5.717958029217693, 3.421515282313714,
        0.8078117826712862
      ],
      q: [
        7.368652201555517e-7, 6.281967316804711e-5, 0.0017535804337495229, 0.022993004494397253, 0.16641735215406203,
        0.7206251036180105, 1.9179103914101978, 3.0697802588510044, 2.7013531087157787, 1
      ]
    }
  },
  lgamma: {
    p: [
      -1.918196675374429e-5, 0.006713119174807174, 4.26863553973208, 232.91968904851075, 4166.25726555826,
      32038.91543844202, 118416.87441739715, 220243.95991272328, 207153.09362352983, 95308.75574948228,
      19667.311156018062, 1507.2664657274665, 26.598360740461853
    ],
    q: [
      1, 81.5460743881642, 2026.556975570242, 21372.669818478662, 109211.78683201066, 287058.1446763518,
      395408.6193991322, 281332.05120903265, 98139.91400006102, 15110.889097110343, 828.407106269027, 9.259888533158222
    ],
    stirling: [
      -0.009355219202285853, 0.0049160168199601775, -0.001850175149993515, 0.0008399581330363272,
      -0.0005952113916752751, 0.0007936505953359822, -0.0027777777772128266, 0.08333333333333307
    ]
  },
  digamma: {
    p: [
      0.0038843006421257313, 5.629462890525653, 437.9094034843502, 10211.23985323576, 98848.66198459965,
      447691.5559639532, 964297.6965881916, 901068.9691089639, 260472.3234073955
    ],
    q: [
      1, 108.91061348103419, 3292.892986878691, 40450.37344718481, 232788.73688961344, 651613.4587200949,
      836804.5468804422, 380714.72064868343, 7.558535364868794e-6
    ],
    end: 4,
    root: [1.4616321449683622, 9.549995429965697e-17],
    asymptotic: [
      0.5444859871683064, -0.2586850793463804, 0.07413274123129865, -0.02079820456623774, 0.007569951381630736,
      -0.0041666007906298996, 0.0039682535889074815, -0.008333333332486913, 0.08333333333333302
    ]
  },
  zeta: { terms: 9, corrections: 8 }
}

/** B₂ⱼ / (2j)! for j = 1, 2, ... */
const bernoulli = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000
]

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
const rational = (x: Scalar, { p, q }: Rational): Scalar => S.div(S.polynomial(x, p), S.polynomial(x, q))

/** `-x` where `condition` holds, else `x`. */
const flip = (condition: Scalar, x: Scalar): Scalar => S.select(condition, S.neg(x), x)

/** erfc(x) for x ≥ 0: exp(-x²) u f(u) with u = 1 / (1 + 3x/8), and -x² = -h² - (x - h)(x + h) with h² exact. */
const erfcPositive = (magnitude: Scalar, table: Table): Scalar => {
  const x = S.min(magnitude, S.like(magnitude, table.erfcEnd))
  const u = over(1, plus(times(x, 0.375), 1))
  const h = times(S.round(times(x, table.halfBits)), 1 / table.halfBits)
  const rest = S.polynomial(S.mul(S.sub(x, h), S.add(x, h)), table.expSmall)
  const scaled = S.mul(u, S.polynomial(minus(u, 0.5), table.erfcx))
  return S.mul(S.exp(S.neg(square(h))), S.mul(rest, scaled))
}

const erfSingle = (x: Scalar): Scalar => {
  const one = S.like(x, 1)
  const inner = S.mul(x, rational(square(x), single.erf))
  const bounded = S.max(S.min(inner, one), S.neg(one))
  return S.select(above(x, 3.92), one, S.select(below(x, -3.92), S.neg(one), bounded))
}

const erfDouble = (x: Scalar): Scalar => {
  const magnitude = S.abs(x)
  const inner = S.mul(x, rational(square(x), double.erf))
  const outer = from(1, erfcPositive(magnitude, double))
  return S.select(below(magnitude, 0.75), inner, flip(below(x, 0), outer))
}

/**
 * The error function, `2/√π ∫₀ˣ exp(-t²) dt`.
 *
 * **Numerics** Relative error at most 4e-16 (f64), 2.8e-7 (f32; 5 ulp, 0.6 on average). Odd down to the sign of zero;
 * ±1 at ±∞, never beyond.
 *
 * **Source** Own fits: in f32 one rational function of x² up to 3.92, beyond which the value rounds to ±1; in f64 one
 * up to 3/4, then 1 - erfc. Splitting the square in exp(-x²) is after Cody's CALERF (netlib, specfun).
 *
 * @category special functions
 * @since 0.1.0
 */
export const erf: (x: Scalar) => Scalar = widened((x, table) => (table === double ? erfDouble(x) : erfSingle(x)))

/**
 * The complementary error function, `1 - erf(x)`, without the cancellation.
 *
 * **Numerics** Relative error at most 9e-16 (f64), 3.6e-7 (f32; 6 ulp, 0.7 on average), also in the right tail up to
 * where the value becomes subnormal. 1 at 0, 0 at ∞, 2 at -∞.
 *
 * **Source** As `erf`. For x ≥ 0 one polynomial in 1 / (1 + 3x/8), after Shepherd & Laframboise 1981, "Chebyshev
 * approximation of (1 + 2x) exp(x²) erfc(x)"; own fit. For x < 0, 2 - erfc(-x).
 *
 * @category special functions
 * @since 0.1.0
 */
export const erfc: (x: Scalar) => Scalar = widened((x, table) => {
  const positive = erfcPositive(S.abs(x), table)
  return S.select(below(x, 0), from(2, positive), positive)
})

/**
 * The inverse of `erf`.
 *
 * **Domain** (-1, 1); ±∞ at ±1, NaN beyond.
 *
 * **Numerics** Relative error at most 9e-16 (f64), 2.6e-7 (f32; 4 ulp, 0.7 on average), up to the last value before 1.
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
const lgammaRight = (y: Scalar, z: Scalar, { lgamma: fit }: Table): Scalar => {
  // (y - 1)(y - 2) f(y): the zeros at 1 and 2 are exact.
  const near = S.mul(S.mul(z, minus(z, 1)), rational(y, fit))
  // (y - 1/2)(log y - 1) + (log 2π - 1) / 2 + s(1 / y²) / y
  const inverse = over(1, y)
  const remainder = S.mul(inverse, S.polynomial(square(inverse), fit.stirling))
  const far = S.add(S.mul(minus(y, 0.5), minus(S.log(y), 1)), plus(remainder, stirlingConstant))
  return S.select(below(y, 4), near, far)
}

/**
 * The logarithm of the gamma function's magnitude, `log |Γ(x)|`.
 *
 * **Numerics** For x > 0 relative error at most 9e-16 (f64), 3.7e-7 (f32; 5 ulp, 0.7 on average), also at the zeros 1
 * and 2. For x < 0 at most 1.3e-15 and 8e-7 relative to the larger of 1 and the value: the zeros there are not treated
 * apart. ∞ at the poles 0, -1, -2, ... and at ±∞.
 *
 * **Source** Own fit below 4, Stirling's series with fitted coefficients above. Left of 1/2 the recurrence
 * `lgamma(x) = lgamma(1 + x) - log x`, left of 0 Euler's reflection
 * `lgamma(x) = -lgamma(1 - x) - log(|sin πx| / π)`, both on one logarithm.
 *
 * @category special functions
 * @since 0.1.0
 */
export const lgamma: (x: Scalar) => Scalar = widened((x, table) => {
  const magnitude = S.abs(x)
  const isLeft = below(x, 0.5)
  const isPositive = above(x, 0)
  const nearest = S.round(x)
  const right = lgammaRight(S.select(isLeft, plus(magnitude, 1), x), S.select(isLeft, magnitude, minus(x, 1)), table)
  const sine = times(S.abs(S.sin(times(S.sub(x, nearest), Math.PI))), 1 / Math.PI)
  const shift = S.log(S.select(isPositive, x, sine))
  const reflected = S.select(S.equal(x, nearest), S.like(x, Infinity), S.sub(S.neg(right), shift))
  const recurred = S.select(isLeft, S.sub(right, shift), right)
  return S.select(isPositive, recurred, reflected)
})

const digamma = widened((x, { digamma: fit }) => {
  const isLeft = below(x, 0.5)
  const y = S.select(isLeft, from(1, x), x)
  const near = S.mul(minus(minus(y, fit.root[0]), fit.root[1]), rational(y, fit))
  // log y - 1 / 2y - s(1 / y²) / y²
  const inverse = over(1, y)
  const remainder = S.mul(inverse, plus(S.mul(inverse, S.polynomial(square(inverse), fit.asymptotic)), 0.5))
  const right = S.select(below(y, fit.end), near, S.sub(S.log(y), remainder))
  // digamma(x) = digamma(1 - x) - π cot(πx)
  const nearest = S.round(x)
  const angle = times(S.sub(x, nearest), Math.PI)
  const reflected = S.sub(right, times(S.div(S.cos(angle), S.sin(angle)), Math.PI))
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
 * **Numerics** Order 0: relative error at most 6.5e-16 (f64), 3.6e-7 (f32; 6 ulp, 0.5 on average) for x > 0, root
 * included; for x < 0 at most 1.5e-15 and 8.2e-7 relative to the larger of 1 and the value. Higher orders: at most 7e-16
 * and 3.4e-7 up to order 2, from there a unit in the last place more for each order (order 7: 1.3e-15, 7.4e-7).
 *
 * **Source** Order 0: own fit around the root 1.4616..., which is split in two parts, the asymptotic series beyond, and
 * the reflection formula left of 1/2. Higher orders: Hurwitz' zeta function `(-1)ⁿ⁺¹ n! ζ(n + 1, x)` by the
 * Euler-Maclaurin formula (DLMF 25.11.12, 25.11.4 and 25.11.7).
 *
 * @category special functions
 * @since 0.1.0
 */
export const polygamma = (order: number, x: Scalar): Scalar =>
  order === 0 ? digamma(x) : widened(polygammaPositive(order))(x)
