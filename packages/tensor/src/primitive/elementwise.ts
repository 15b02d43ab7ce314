/**
 * Smooth functions of one or two elements. Their Jacobian is diagonal, so the partial derivatives give both `jvp`
 * and `vjp`.
 */
import * as DTypes from "../DType.ts"
import { DTypeError } from "../errors.ts"
import type { Cotangent, Op, OpRule, Tensor, Tuple } from "../Primitive.ts"
import { make } from "../Primitive.ts"
import type { Scalar } from "../Scalar.ts"
import * as S from "../Scalar.ts"
import type { TensorType } from "../Shape.ts"
import * as Special from "../special.ts"
import { mul } from "./bilinear.ts"
import { fillValue, full } from "./leaf.ts"
import { add, batched, neg, sameType, stopGradient, sub } from "./linear.ts"

interface Elementwise<N extends 1 | 2, P> {
  readonly name: string
  readonly arity: N
  readonly scalar: (inputs: Tuple<N, Scalar>, params: P) => Scalar
  /** The derivative by each input, at the inputs. */
  readonly partials: (rule: OpRule<N, P>) => Tuple<N, Tensor>
  readonly simplify?: (rule: OpRule<N, P>) => Tensor | undefined
  readonly domain?: string
}

const float = (operation: string, type: TensorType): TensorType => {
  if (!DTypes.isFloat(type.dtype)) {
    throw new DTypeError({ operation, expected: "floats", received: [type.dtype], hint: 'use cast(x, "f32")' })
  }
  return type
}

/** A smooth function of each element. */
export const elementwise = <N extends 1 | 2, P = void>({
  partials,
  scalar,
  ...declaration
}: Elementwise<N, P>): Op<N, P> => {
  const op: Op<N, P> = make<N, P>({
    ...declaration,
    type: (inputs) => float(declaration.name, sameType(declaration.name, inputs as ReadonlyArray<TensorType>)),
    element: (inputs, index, params) =>
      // Mapping a tuple keeps its length.
      scalar((inputs as ReadonlyArray<S.Accessor>).map((x) => x.at(index)) as unknown as Tuple<N, Scalar>, params),
    jvp: ({ tangents, ...rule }) => {
      let total: Cotangent
      const slopes = partials(rule) as ReadonlyArray<Tensor>
      ;(tangents as ReadonlyArray<Cotangent>).forEach((tangent, i) => {
        if (tangent === undefined) return
        const moved = mul(tangent, slopes[i])
        total = total === undefined ? moved : add(total, moved)
      })
      return total
    },
    vjp: ({ cotangent, ...rule }) =>
      (partials(rule) as ReadonlyArray<Tensor>).map((slope) => mul(cotangent, slope)) as unknown as Tuple<N, Cotangent>,
    batch: ({ params, ...rule }) => {
      // `Op` is variadic in types; here its arguments are data.
      const call = op as unknown as (...args: ReadonlyArray<unknown>) => Tensor
      return call(...(batched(rule as never) as ReadonlyArray<Tensor>), params)
    }
  })
  return op
}

const fill = (x: Tensor, value: number): Tensor => full({ shape: x.shape, dtype: x.dtype, value })
const one = (x: Tensor): Tensor => fill(x, 1)
const scaled = (x: Tensor, factor: number): Tensor => mul(x, fill(x, factor))
const square = (x: Tensor): Tensor => mul(x, x)

/** `x / y`. Derivatives: `1/y`, `−(x/y)/y`. */
export const div: Op<2> = elementwise({
  name: "div",
  arity: 2,
  domain: "a divisor away from 0",
  scalar: ([x, y]) => S.div(x, y),
  partials: ({ inputs: [, y], output }) => [div(one(y), y), neg(div(output, y))],
  simplify: ({ inputs: [x, y] }) => (fillValue(y) === 1 ? x : undefined)
})

/** `√x`. Derivative: `½ / √x`. */
export const sqrt: Op<1> = elementwise({
  name: "sqrt",
  arity: 1,
  domain: "an argument of at least 0",
  scalar: ([x]) => S.sqrt(x),
  partials: ({ output }) => [div(fill(output, 0.5), output)]
})

/** `eˣ`. Derivative: `eˣ`. */
export const exp: Op<1> = elementwise({
  name: "exp",
  arity: 1,
  domain: "an argument below 88.7 in f32 and bf16, 11.1 in f16, 709 in f64",
  scalar: ([x]) => S.exp(x),
  partials: ({ output }) => [output]
})

/** `eˣ − 1`, accurate near 0. Derivative: `eˣ`. */
export const expm1: Op<1> = elementwise({
  name: "expm1",
  arity: 1,
  domain: "an argument below 88.7 in f32 and bf16, 11.1 in f16, 709 in f64",
  scalar: ([x]) => S.expm1(x),
  partials: ({ inputs: [x] }) => [exp(x)]
})

/** `ln x`. Derivative: `1/x`. */
export const log: Op<1> = elementwise({
  name: "log",
  arity: 1,
  domain: "an argument above 0",
  scalar: ([x]) => S.log(x),
  partials: ({ inputs: [x] }) => [div(one(x), x)]
})

/** `ln(1 + x)`, accurate near 0. Derivative: `1/(1 + x)`. */
export const log1p: Op<1> = elementwise({
  name: "log1p",
  arity: 1,
  domain: "an argument above -1",
  scalar: ([x]) => S.log1p(x),
  partials: ({ inputs: [x] }) => [div(one(x), add(one(x), x))]
})

/** `sin x`. Derivative: `cos x`. */
export const sin: Op<1> = elementwise({
  name: "sin",
  arity: 1,
  scalar: ([x]) => S.sin(x),
  partials: ({ inputs: [x] }) => [cos(x)]
})

/** `cos x`. Derivative: `−sin x`. */
export const cos: Op<1> = elementwise({
  name: "cos",
  arity: 1,
  scalar: ([x]) => S.cos(x),
  partials: ({ inputs: [x] }) => [neg(sin(x))]
})

/** `tanh x`. Derivative: `1 − tanh² x`. */
export const tanh: Op<1> = elementwise({
  name: "tanh",
  arity: 1,
  scalar: ([x]) => S.tanh(x),
  partials: ({ output }) => [sub(one(output), square(output))]
})

/** `1/(1 + e⁻ˣ)`, computed from `e^(−|x|)`, which never overflows. Derivative: `y (1 − y)`, finite everywhere. */
export const logistic: Op<1> = elementwise({
  name: "logistic",
  arity: 1,
  scalar: ([x]) => {
    const one = S.like(x, 1)
    const e = S.exp(S.neg(S.abs(x)))
    return S.div(S.select(S.less(x, S.like(x, 0)), e, one), S.add(one, e))
  },
  partials: ({ output }) => [mul(output, sub(one(output), output))]
})

/** The angle of the point `(x, y)`, given as `atan2(y, x)`. Derivatives: `x/(x² + y²)`, `−y/(x² + y²)`. */
export const atan2: Op<2> = elementwise({
  name: "atan2",
  arity: 2,
  scalar: ([y, x]) => S.atan2(y, x),
  partials: ({ inputs: [y, x] }) => {
    const squares = add(square(x), square(y))
    return [div(x, squares), neg(div(y, squares))]
  }
})

/** `xʸ`. Derivatives: `y xʸ⁻¹`, which is 0 for `x⁰` at 0 too, and `xʸ ln x` where `x > 0`. */
export const pow: Op<2> = elementwise({
  name: "pow",
  arity: 2,
  domain: "a base above 0, or at least 0 under a positive exponent; a negative base needs a whole exponent",
  scalar: ([x, y]) => S.pow(x, y),
  partials: ({ inputs: [x, y], output }) => [
    mul(y, pow(x, exponentBelow(stopGradient(x), y))),
    mul(output, logOfBase(x))
  ]
})

/** `y − 1`, but 0 where `x` and `y` are: there `y xʸ⁻¹` would be 0 · ∞. Derivative by `y`: 1. */
const exponentBelow: Op<2> = elementwise({
  name: "exponentBelow",
  arity: 2,
  scalar: ([x, y]) => {
    const isZero = (a: Scalar): Scalar => S.equal(a, S.like(a, 0))
    return S.select(S.and(isZero(x), isZero(y)), y, S.sub(y, S.like(y, 1)))
  },
  partials: ({ inputs: [x, y] }) => [fill(x, 0), one(y)]
})

/** `ln x` where `x > 0`, 0 at 0 (the limit of `xʸ ln x` for `y > 0`). Derivative: `1/x` where `x > 0`. */
const logOfBase: Op<1> = elementwise({
  name: "logOfBase",
  arity: 1,
  domain: "an argument of at least 0",
  scalar: ([x]) => S.select(S.equal(x, S.like(x, 0)), S.like(x, 0), S.log(x)),
  partials: ({ inputs: [x] }) => [div(one(x), x)]
})

const gaussian = (x: Tensor, factor: number): Tensor => scaled(exp(neg(square(x))), factor)
const twoOverRootPi = 2 / Math.sqrt(Math.PI)

/** The error function `2/√π ∫₀ˣ e^(−t²) dt`. Derivative: `2/√π e^(−x²)`. */
export const erf: Op<1> = elementwise({
  name: "erf",
  arity: 1,
  scalar: ([x]) => Special.erf(x),
  partials: ({ inputs: [x] }) => [gaussian(x, twoOverRootPi)]
})

/** `1 − erf x`, accurate in the tail. Derivative: `−2/√π e^(−x²)`. */
export const erfc: Op<1> = elementwise({
  name: "erfc",
  arity: 1,
  scalar: ([x]) => Special.erfc(x),
  partials: ({ inputs: [x] }) => [gaussian(x, -twoOverRootPi)]
})

/** The inverse of `erf` on (−1, 1). Derivative: `√π/2 e^(y²)`. */
export const erfInv: Op<1> = elementwise({
  name: "erfInv",
  arity: 1,
  domain: "an argument between -1 and 1",
  scalar: ([x]) => Special.erfInv(x),
  partials: ({ output }) => [scaled(exp(square(output)), 1 / twoOverRootPi)]
})

/** `ln |Γ(x)|`. Derivative: the digamma function. */
export const lgamma: Op<1> = elementwise({
  name: "lgamma",
  arity: 1,
  domain: "an argument that is not 0 or a negative whole number",
  scalar: ([x]) => Special.lgamma(x),
  partials: ({ inputs: [x] }) => [polygamma(x, { order: 0 })]
})

/** The derivative of order `order + 1` of `ln Γ`; order 0 is the digamma function. Orders from 1: `x > 0`. */
export const polygamma: Op<1, { readonly order: number }> = elementwise<1, { readonly order: number }>({
  name: "polygamma",
  arity: 1,
  domain: "an argument above 0; for order 0, any that is not 0 or a negative whole number",
  scalar: ([x], { order }) => Special.polygamma(order, x),
  partials: ({ inputs: [x], params: { order } }) => [polygamma(x, { order: order + 1 })]
})
