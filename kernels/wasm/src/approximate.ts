/**
 * Transcendental functions in `f32` from basic arithmetic, so that they run in vectors. `f64` calls the host's
 * functions; so do `sin`, `cos`, `atan2` and `pow` in `f32`, whose arguments may need more precision than `f32` has.
 *
 * Polynomials are near-minimax fits on Chebyshev nodes, made with 30 digits; errors stand beside them. Measured over
 * all exponents against `f64`: see the tests.
 */
import type { Call, Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"

const float = (value: number): Scalar => S.constant(value, "f32")
const integer = (value: number): Scalar => S.constant(value, "i32")

/** `(eʳ − 1 − r)/r²` for |r| ≤ ½ ln 2, within 1.4e-9. */
const exponential = [
  1.9891080463998843e-4, 1.3933730715792083e-3, 8.333310844647862e-3, 4.166646419740569e-2, 0.16666666681704215,
  0.500000001353873
]

/** `(ln(1 + f) − f + ½ f²)/f³` for √½ ≤ 1 + f ≤ √2, within 2.9e-8. */
const logarithm = [
  0.06971681252570759, -0.11479836850746383, 0.11685443143333914, -0.12425675785850121, 0.1424905432201956,
  -0.1666780266438411, 0.20000715846134048, -0.24999996955552142, 0.33333331179647285
]

/** ln 2 in two parts, the first with few enough bits that its product with an exponent is exact. */
const ln2 = [0.693359375, Math.LN2 - 0.693359375] as const

/** 1.5 · 2²³: added to a number below 2²², it leaves the nearest whole number in the low bits. */
const magic = 12582912

/** The exponent of 1 as a float has it. */
const bias = 127

/**
 * `x = n ln 2 + r` with |r| ≤ ½ ln 2: `r`, and an integer whose low nine bits are those of `n + offset`. What stands
 * above them is of no use: a shift into the place of an exponent drops it.
 */
const reduce = (x: Scalar, offset: number): readonly [bits: Scalar, r: Scalar] => {
  const origin = float(magic + offset)
  const shifted = S.multiplyAdd(x, float(Math.LOG2E), origin)
  const n = S.sub(shifted, origin)
  const high = S.multiplyAdd(n, float(-ln2[0]), x)
  return [S.bitcast(shifted, "i32"), S.multiplyAdd(n, float(-ln2[1]), high)]
}

/** The power of two whose exponent with its bias stands in the low bits. */
const power = (bits: Scalar): Scalar => S.bitcast(S.shiftLeft(bits, integer(23)), "f32")

/** `eʳ − 1` for |r| ≤ ½ ln 2. */
const expm1Reduced = (r: Scalar): Scalar => S.multiplyAdd(S.mul(r, r), S.polynomial(r, exponential), r)

/** `x` where it is below `high`, and where it is not a number. */
const atMost = (x: Scalar, high: number): Scalar => S.select(S.less(float(high), x), float(high), x)
const atLeast = (x: Scalar, low: number): Scalar => S.select(S.less(x, float(low)), float(low), x)

const sign = (x: Scalar): Scalar => S.and(S.bitcast(x, "i32"), integer(-2147483648))
/** Puts the sign of `y` upon `x`, which has it, or none. */
const withSign = (x: Scalar, y: Scalar): Scalar => S.bitcast(S.or(S.bitcast(x, "i32"), sign(y)), "f32")

/** Beyond the clamped range the result is 0 or ∞ anyway. Two factors make subnormal results and 2¹²⁸ possible. */
const exp = (x: Scalar): Scalar => {
  const [bits, r] = reduce(atMost(atLeast(x, -105), 89.5), 2 * bias)
  const half = S.shiftRight(bits, integer(1))
  const mantissa = S.add(expm1Reduced(r), float(1))
  return S.mul(S.mul(mantissa, power(half)), power(S.sub(bits, half)))
}

/** `2 (2ⁿ⁻¹ (eʳ − 1) + (2ⁿ⁻¹ − ½))`: exact in the second term, so nothing cancels near 0. */
const expm1 = (x: Scalar): Scalar => {
  const [bits, r] = reduce(atMost(atLeast(x, -30), 89), bias - 1)
  const half = power(bits)
  const value = S.multiplyAdd(half, expm1Reduced(r), S.sub(half, float(0.5)))
  return withSign(S.add(value, value), x)
}

/** `x = 2ᵉ (1 + f)` with √½ ≤ 1 + f < √2; subnormal numbers are scaled first. */
const log = (x: Scalar): Scalar => {
  const isTiny = S.less(x, float(2 ** -126))
  const scaled = S.select(isTiny, S.mul(x, float(2 ** 23)), x)
  const root = S.bitcast(float(Math.SQRT1_2), "i32")
  const bits = S.sub(S.bitcast(scaled, "i32"), root)
  const exponent = S.cast(S.shiftRight(bits, integer(23)), "f32")
  const e = S.sub(exponent, S.select(isTiny, float(23), float(0)))
  const f = S.sub(S.bitcast(S.add(S.and(bits, integer(0x7fffff)), root), "f32"), float(1))
  const square = S.mul(f, f)
  // The small terms first; the large ones, f and e ln 2, last.
  const tail = S.multiplyAdd(S.mul(square, f), S.polynomial(f, logarithm), S.mul(square, float(-0.5)))
  const small = S.add(S.multiplyAdd(e, float(ln2[1]), tail), f)
  const value = S.multiplyAdd(e, float(ln2[0]), small)
  // Infinity and what is not a number stay as they are.
  const finite = S.select(S.less(x, float(Infinity)), value, x)
  const real = S.select(S.less(x, float(0)), float(Number.NaN), finite)
  return S.select(S.equal(x, float(0)), float(-Infinity), real)
}

/** `ln u + (x − (u − 1))/u` with `u = 1 + x` rounded: the second term is what the rounding lost. */
const log1p = (x: Scalar): Scalar => {
  const u = S.add(float(1), x)
  const lost = S.div(S.sub(x, S.sub(u, float(1))), u)
  const isRegular = S.and(S.less(float(0), u), S.less(u, float(Infinity)))
  return S.add(log(u), S.select(isRegular, lost, S.select(S.equal(u, u), float(0), u)))
}

/** `t/(t + 2)` with `t = e^(2|x|) − 1`, and the sign of `x`. */
const tanh = (x: Scalar): Scalar => {
  const magnitude = atMost(S.abs(x), 10)
  const [bits, r] = reduce(S.add(magnitude, magnitude), bias)
  const scale = power(bits)
  const t = S.multiplyAdd(scale, expm1Reduced(r), S.sub(scale, float(1)))
  return withSign(S.div(t, S.add(t, float(2))), x)
}

const approximations: Partial<Record<Call["op"], (x: Scalar) => Scalar>> = { exp, expm1, log, log1p, tanh }

/** The value of `call` from basic instructions; undefined where the host's function is called instead. */
export const approximate = ({ args, dtype, op }: Call): Scalar | undefined =>
  // Halves are computed in f32.
  dtype === "f64" ? undefined : inDType(approximations[op]?.(inSingle(args[0])), dtype)

const inDType = (x: Scalar | undefined, dtype: Call["dtype"]): Scalar | undefined =>
  x === undefined ? undefined : S.cast(x, dtype)

const inSingle = (x: Scalar): Scalar => (x.dtype === "f32" ? x : S.cast(x, "f32"))
