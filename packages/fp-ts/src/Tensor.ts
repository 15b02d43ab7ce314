/**
 * Instances for tensors, and the algebra of tensors of one shape and dtype.
 *
 * Laws of a `Semiring`, and the one that makes it a `Ring`:
 *   add(add(x, y), z) = add(x, add(y, z)),  add(x, zero) = x,  add(x, y) = add(y, x)
 *   mul(mul(x, y), z) = mul(x, mul(y, z)),  mul(x, one) = x = mul(one, x)
 *   mul(x, add(y, z)) = add(mul(x, y), mul(x, z)),  and from the right
 *   mul(x, zero) = zero = mul(zero, x)
 *   sub(x, x) = zero
 */
import type { Float, Integer } from "@cotangent/tensor/DType"
import type { Application } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { hostArray } from "@cotangent/tensor/primitive/leaf"
import { div } from "@cotangent/tensor/primitive/elementwise"
import { add, sub } from "@cotangent/tensor/primitive/linear"
import { max } from "@cotangent/tensor/primitive/selection"
import { applications } from "@cotangent/tensor/Program"
import type { TensorType } from "@cotangent/tensor/Shape"
import type { Tensor } from "@cotangent/tensor/Tensor"
import { fullLike, onesLike, zerosLike } from "@cotangent/tensor/Tensor"
import type { Shape } from "@cotangent/tensor/ShapeType"
import type * as E from "fp-ts/lib/Eq.js"
import type { Field } from "fp-ts/lib/Field.js"
import type { Ring } from "fp-ts/lib/Ring.js"
import type { Semiring } from "fp-ts/lib/Semiring.js"
import type * as S from "fp-ts/lib/Show.js"
import { same } from "./internal/same.ts"

/** Tensors are equivalent where they have one shape and dtype, whatever their values. */
export const EqType: E.Eq<TensorType> = { equals: (x, y) => x.dtype === y.dtype && same(x.shape, y.shape) }

/**
 * Tensors are equal where they are the same expression: the same operations with the same parameters on equal data,
 * shared in the same places. Equal expressions have equal values; the converse does not hold, since nothing is
 * computed. For values, read them and compare with the `Eq` of host arrays.
 *
 * **Example** (Expressions are compared, not values)
 *
 * ```ts run
 * const x = Tensor.of([1, 2])
 * tensor.Eq.equals(Tensor.add(x, 1), Tensor.add(Tensor.of([1, 2]), 1)) // => true
 * tensor.Eq.equals(Tensor.add(x, x), Tensor.mul(x, 2)) // => false
 * ```
 */
export const Eq: E.Eq<Tensor> = {
  equals: (x, y) => {
    if (x === y) return true
    const [these, those] = [applications([x]), applications([y])]
    const place = (order: ReadonlyArray<Application>): ReadonlyMap<Application, number> =>
      new Map(order.map((application, i) => [application, i]))
    const [here, there] = [place(these), place(those)]
    const isSameOutput = (a: Tensor, b: Tensor): boolean =>
      a.output === b.output && here.get(a.application) === there.get(b.application)
    const isSame = (a: Application, b: Application): boolean =>
      a === b ||
      (a.primitive === b.primitive &&
        a.inputs.length === b.inputs.length &&
        a.inputs.every((input, i) => isSameOutput(input, b.inputs[i])) &&
        isSameOperation(a, b))
    // Both walks are in one order, so equal expressions meet in pairs.
    return these.length === those.length && isSameOutput(x, y) && these.every((a, i) => isSame(a, those[i]))
  }
}

/** Data of the host is what it holds; any other leaf, such as a buffer of a device, is equal to itself alone. */
const isSameOperation = (a: Application, b: Application): boolean =>
  a.primitive.lowering.kind !== "leaf" || hostArray(a.outputs[0]) !== undefined ? same(a.params, b.params) : false

/** Type and outermost operation: `add(…): f32[2, 3]`. */
export const Show: S.Show<Tensor> = { show: String }

/** Shape and dtype: `f32[2, 3]`. */
export const ShowType: S.Show<TensorType> = { show: describe }

/** Element types that arithmetic exists for. */
export type Numeric = Float | Integer

/**
 * The commutative ring of tensors of the type of `like`, element by element.
 *
 * **Numerics** The laws hold exactly for integers, which wrap around. For floats sum and product commute and have their
 * units, but `add` and `mul` are associative, and `mul` distributes, up to rounding only: `(0.1 + 0.2) + 0.3` is not
 * `0.1 + (0.2 + 0.3)`. Infinities and NaN are outside: `∞ − ∞` and `∞ · 0` are not 0.
 *
 * No `Field` but of scalars: with more than one element `[1, 0] · [0, 1]` is zero, though neither factor is.
 *
 * **Throws** `ShapeError`, `DTypeError` where operands are of two types: nothing is broadcast.
 *
 * **Example** (A polynomial over any ring)
 *
 * ```ts run
 * const square = <A>(R: { readonly add: (x: A, y: A) => A; readonly mul: (x: A, y: A) => A; readonly one: A }, x: A) =>
 *   R.mul(R.add(x, R.one), R.add(x, R.one))
 * const x = Tensor.of([1, 2])
 * await evaluate(square(tensor.getRing(x), x)) // => [4, 9]
 * ```
 */
export const getRing = <T extends Shape, D extends Numeric>(like: Tensor<T, D>): Ring<Tensor<T, D>> => ({
  add: closed(add),
  mul: closed(mul),
  sub: closed(sub),
  zero: zerosLike(like),
  one: onesLike(like)
})

/**
 * The field of scalars of a dtype of floats: the ring with division, which leaves no remainder.
 *   one ≠ zero;  mul(x, y) = zero only where x = zero or y = zero
 *   x = add(mul(div(x, y), y), mod(x, y)) and mod(x, y) = zero, for y ≠ zero
 *
 * **Numerics** As `getRing`; `mul(div(x, y), y)` is `x` up to rounding, `div(x, x)` is `one` exactly. Products of
 * numbers that are tiny vanish. Division by zero gives an infinity or NaN, which are outside.
 *
 * **Throws** as `getRing`.
 *
 * **Example** (A mean over any field)
 *
 * ```ts run
 * const F = tensor.getField(Tensor.of(0))
 * await evaluate(F.div(F.add(Tensor.of(3), Tensor.of(4)), F.add(F.one, F.one))) // => 3.5
 * ```
 */
export const getField = <D extends Float>(like: Tensor<readonly [], D>): Field<Tensor<readonly [], D>> => {
  const ring = getRing(like)
  return { ...ring, degree: () => 1, div: closed(div), mod: () => ring.zero }
}

/**
 * The max-plus semiring of tensors of the type of `like`: sums are maxima, products are sums, zero is −∞, one is 0.
 * Shortest and longest paths, and the decoding of hidden Markov models, are linear algebra over it.
 *
 * **Numerics** Rounding is monotone, so `mul` distributes over `add` exactly; only `mul` is associative up to rounding.
 * +∞ is outside, as −∞ must absorb everything.
 *
 * **Throws** as `getRing`.
 */
export const getMaxPlus = <T extends Shape, D extends Float>(like: Tensor<T, D>): Semiring<Tensor<T, D>> => ({
  add: closed(max),
  mul: closed(add),
  zero: fullLike(like, -Infinity),
  one: zerosLike(like)
})

/** A strict operation on tensors of one type: its result has it too. */
const closed = <A extends Tensor>(operation: (x: Tensor, y: Tensor) => Tensor): ((x: A, y: A) => A) =>
  operation as (x: Tensor, y: Tensor) => A
