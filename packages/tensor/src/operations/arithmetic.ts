/**
 * Functions of two elements. Shapes are broadcast, dtypes must agree, a number takes the dtype of the tensor.
 */
import * as DTypes from "../DType.ts"
import { forms } from "../internal/forms.ts"
import type { Operand } from "../internal/operands.ts"
import { demand, fill, together } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { mul as mulOf } from "../primitive/bilinear.ts"
import * as Discrete from "../primitive/discrete.ts"
import * as Smooth from "../primitive/elementwise.ts"
import * as Linear from "../primitive/linear.ts"
import { abs as absOf, max, min, where } from "../primitive/selection.ts"
import type { Broadcast, CheckBroadcast, Shape } from "../ShapeType.ts"
import type { DType } from "../DType.ts"
import type { Binary } from "./signature.ts"

const binary = (name: string, rule: (x: Tensor, y: Tensor) => Tensor): Binary =>
  forms(2, (self: Operand, that: Operand) => {
    const [x, y] = together(name, [self, that])
    return rule(x, y)
  })

const floats = (name: string, rule: (x: Tensor, y: Tensor) => Tensor): Binary =>
  binary(name, (x, y) => {
    demand(name, x, "floats", DTypes.isFloat)
    return rule(x, y)
  })

/**
 * `self + that`.
 *
 * **Throws** `ShapeError` unless the shapes broadcast, `DTypeError` unless the dtypes agree.
 *
 * **Example** (Adding a bias)
 *
 * ```ts run
 * await evaluate(Tensor.add(Tensor.of([[1, 2], [3, 4]]), Tensor.of([10, 20]))) // => [[11, 22], [13, 24]]
 * ```
 */
export const add: Binary = binary("add", Linear.add)

/** `self − that`. **Throws** as `add`. */
export const sub: Binary = binary("sub", Linear.sub)

/**
 * `self · that`, element by element. **Throws** as `add`.
 *
 * **Example** (In a pipe)
 *
 * ```ts run
 * await evaluate(Tensor.of([1, 2]).pipe(Tensor.mul(3))) // => [3, 6]
 * ```
 */
export const mul: Binary = binary("mul", mulOf)

/** `self / that`; integers truncate toward zero. **Throws** as `add`. */
export const div: Binary = binary("div", (x, y) =>
  DTypes.isInteger(x.dtype) ? Discrete.quotient(x, y) : Smooth.div(x, y)
)

/** The whole part of `self / that`, toward zero, for integers. **Throws** as `add`. */
export const quotient: Binary = binary("quotient", Discrete.quotient)

/**
 * What is left of `self` after whole multiples of `that`; it has the sign of `that`. Derivatives: 1 in `self`,
 * `−⌊self / that⌋` in `that`. **Throws** as `add`.
 *
 * **Example** (The sign of the divisor)
 *
 * ```ts run
 * await evaluate(Tensor.remainder(Tensor.of([5, -5]), 3)) // => [2, 1]
 * ```
 */
export const remainder: Binary = binary("remainder", (x, y) => {
  if (DTypes.isFloat(x.dtype)) return Linear.sub(x, mulOf(Discrete.floor(Smooth.div(x, y)), y))
  const rest = Discrete.modulo(x, y)
  if (x.dtype !== "i32") return rest
  const zero = fill("remainder", rest, 0)
  // Signs differ where the exclusive or is negative.
  const otherSign = Discrete.and(Discrete.not(Discrete.equal(rest, zero)), Discrete.less(Discrete.xor(rest, y), zero))
  return where(otherSign, Linear.add(rest, y), rest)
})

/** `x⁰ … x³` as products, which keep the derivative finite at 0. */
const powers: ReadonlyArray<(x: Tensor) => Tensor> = [
  (x) => fill("pow", x, 1),
  (x) => x,
  (x) => mulOf(x, x),
  (x) => mulOf(mulOf(x, x), x)
]

/**
 * `self` to the power of `that`, for floats; whole numbers 0 to 3 become products.
 *
 * **Domain** `self > 0`, or `that` whole. **Throws** as `add`.
 */
export const pow: Binary = forms(2, (self: Operand, that: Operand) => {
  const [x, y] = together("pow", [self, that])
  demand("pow", x, "floats", DTypes.isFloat)
  const product = typeof that === "number" ? powers[that] : undefined
  return product === undefined ? Smooth.pow(x, y) : product(x)
})

/** The angle of the point `(x, y)`, given as `atan2(y, x)`, for floats. **Throws** as `add`. */
export const atan2: Binary = floats("atan2", Smooth.atan2)

/**
 * `√(x² + y²)`, for floats. **Throws** as `add`.
 *
 * **Numerics** Both are scaled by the greater first, so no square overflows. Derivatives at (0, 0) are 0.
 */
export const hypot: Binary = floats("hypot", (x, y) => {
  const constant = (value: number): Tensor => fill("hypot", x, value)
  const magnitude = (z: Tensor): Tensor => max(z, Linear.neg(z))
  const greatest = Linear.stopGradient(max(magnitude(x), magnitude(y)))
  const usable = Discrete.and(Discrete.less(constant(0), greatest), Discrete.less(greatest, constant(Infinity)))
  const scale = where(usable, greatest, constant(1))
  const square = (z: Tensor): Tensor => {
    const part = Smooth.div(z, scale)
    return mulOf(part, part)
  }
  const squares = Linear.add(square(x), square(y))
  const isZero = Discrete.equal(squares, constant(0))
  return where(isZero, squares, mulOf(Smooth.sqrt(where(isZero, constant(1), squares)), scale))
})

/**
 * `ln(eˣ + eʸ)`, for floats: a sum of numbers that are given by their logarithms. **Throws** as `add`.
 *
 * **Numerics** By `log1p`, with the greater taken out before `exp`: finite for finite `x` and `y`. Derivatives of any order
 * are exact, where both are equal, too.
 */
export const logAddExp: Binary = floats("logAddExp", (x, y) => {
  const isLess = Discrete.less(x, y)
  const [high, low] = [where(isLess, y, x), where(isLess, x, y)]
  const isFinite = Discrete.less(absOf(high), fill("logAddExp", x, Infinity))
  const shift = Linear.stopGradient(where(isFinite, high, fill("logAddExp", x, 0)))
  const beyond = Linear.add(Smooth.expm1(Linear.sub(high, shift)), Smooth.exp(Linear.sub(low, shift)))
  return Linear.add(shift, Smooth.log1p(beyond))
})

/** The greater of both; NaN if either is. Ties share the gradient equally. **Throws** as `add`. */
export const maximum: Binary = binary("maximum", max)

/** The lesser of both; NaN if either is. Ties share the gradient equally. **Throws** as `add`. */
export const minimum: Binary = binary("minimum", min)

/**
 * `self` moved into `[low, high]`: `minimum(maximum(self, low), high)`. **Throws** as `add`.
 *
 * **Example** (Limits)
 *
 * ```ts run
 * await evaluate(Tensor.clamp(Tensor.of([-2, 0, 2]), -1, 1)) // => [-1, 0, 1]
 * ```
 */
export const clamp: {
  <S extends Shape, D extends DType>(
    self: Tensor<S, D>,
    low: number | Tensor<readonly [], NoInfer<D>> | Tensor<NoInfer<S>, NoInfer<D>>,
    high: number | Tensor<readonly [], NoInfer<D>> | Tensor<NoInfer<S>, NoInfer<D>>
  ): Tensor<S, D>
  <A extends Shape, B extends Shape, C extends Shape, D extends DType>(
    self: Tensor<A, D>,
    low: Tensor<B> & CheckBroadcast<B, A>,
    high: Tensor<C> & CheckBroadcast<C, A>
  ): Tensor<Broadcast<A, Broadcast<B, C>>, D>
  (low: number, high: number): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<S, D>
} = forms(3, (self: Tensor, low: Operand, high: Operand) => {
  const [x, least] = together("clamp", [self, low])
  const [raised, greatest] = together("clamp", [max(x, least), high])
  return min(raised, greatest)
})

/**
 * `self + weight · (that − self)`: `self` at weight 0, on the way to `that` at 1. **Throws** as `add`.
 *
 * **Example** (An average that forgets)
 *
 * ```ts run
 * await evaluate(Tensor.lerp(Tensor.of([0, 10]), Tensor.of([10, 10]), 0.1)) // => [1, 10]
 * ```
 */
export const lerp: {
  <S extends Shape, D extends DType>(
    self: Tensor<S, D>,
    that: Tensor<NoInfer<S>, NoInfer<D>>,
    weight: number | Tensor<readonly [], NoInfer<D>> | Tensor<NoInfer<S>, NoInfer<D>>
  ): Tensor<S, D>
  <A extends Shape, B extends Shape, C extends Shape, D extends DType>(
    self: Tensor<A, D>,
    that: Tensor<B, NoInfer<D>> & CheckBroadcast<A, B>,
    weight: Tensor<C, NoInfer<D>> & CheckBroadcast<Broadcast<A, B>, C>
  ): Tensor<Broadcast<Broadcast<A, B>, C>, D>
  <S extends Shape, D extends DType>(
    that: Tensor<S, D>,
    weight: number | Tensor<readonly [], NoInfer<D>>
  ): (self: Tensor<NoInfer<S>, NoInfer<D>>) => Tensor<S, D>
} = forms(3, (self: Tensor, that: Tensor, weight: Operand) => {
  const [from, to, share] = together("lerp", [self, that, weight])
  demand("lerp", from, "floats", DTypes.isFloat)
  return Linear.add(from, mulOf(share, Linear.sub(to, from)))
})
