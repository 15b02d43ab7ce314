/**
 * Functions without a derivative: comparisons, rounding, integer and bit arithmetic.
 * Where they are constant their derivative is 0; where they jump it does not exist, and 0 stands for it.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { DTypeError } from "../errors.ts"
import type { Op, Tensor, Tuple } from "../Primitive.ts"
import { make } from "../Primitive.ts"
import type { Scalar } from "../Scalar.ts"
import * as S from "../Scalar.ts"
import type { TensorType } from "../Shape.ts"
import { batched, sameType } from "./linear.ts"

interface Discrete<N extends 1 | 2, P> {
  readonly name: string
  readonly arity: N
  readonly accepts: (dtype: DType) => boolean
  readonly expected: string
  readonly scalar: (inputs: Tuple<N, Scalar>, params: P) => Scalar
  readonly dtype?: (dtype: DType, params: P) => DType
}

const discrete = <N extends 1 | 2, P = void>({
  accepts,
  dtype,
  expected,
  name,
  scalar,
  arity
}: Discrete<N, P>): Op<N, P> => {
  const op: Op<N, P> = make<N, P>({
    name,
    arity,
    type: (inputs, params) => {
      const type = sameType(name, inputs as ReadonlyArray<TensorType>)
      if (!accepts(type.dtype)) throw new DTypeError({ operation: name, expected, received: [type.dtype] })
      return { shape: type.shape, dtype: dtype === undefined ? type.dtype : dtype(type.dtype, params) }
    },
    element: (inputs, index, params) =>
      // Mapping a tuple keeps its length.
      scalar((inputs as ReadonlyArray<S.Accessor>).map((x) => x.at(index)) as unknown as Tuple<N, Scalar>, params),
    jvp: () => undefined,
    vjp: ({ inputs }) => (inputs as ReadonlyArray<Tensor>).map(() => undefined) as unknown as Tuple<N, undefined>,
    batch: ({ params, ...rule }) => {
      // `Op` is variadic in types; here its arguments are data.
      const call = op as unknown as (...args: ReadonlyArray<unknown>) => Tensor
      return call(...(batched(rule as never) as ReadonlyArray<Tensor>), params)
    }
  })
  return op
}

const everything = { accepts: () => true, expected: "any dtype" }
const floats = { accepts: DTypes.isFloat, expected: "floats" }
const numbers = { accepts: (dtype: DType) => dtype !== "bool", expected: "numbers" }
const integers = { accepts: DTypes.isInteger, expected: "integers" }
const bits = { accepts: (dtype: DType) => !DTypes.isFloat(dtype), expected: "integers or bool" }
const truth = { ...everything, dtype: (): DType => "bool" }

/** Whether `x = y`; NaN equals nothing. */
export const equal: Op<2> = discrete({ name: "equal", arity: 2, ...truth, scalar: ([x, y]) => S.equal(x, y) })
/** Whether `x < y`; false for NaN. */
export const less: Op<2> = discrete({ name: "less", arity: 2, ...truth, scalar: ([x, y]) => S.less(x, y) })
/** Whether `x ≤ y`; false for NaN. */
export const lessEqual: Op<2> = discrete({
  name: "lessEqual",
  arity: 2,
  ...truth,
  scalar: ([x, y]) => S.lessEqual(x, y)
})

/** The greatest whole number that is not above `x`. */
export const floor: Op<1> = discrete({ name: "floor", arity: 1, ...floats, scalar: ([x]) => S.floor(x) })
/** The least whole number that is not below `x`. */
export const ceil: Op<1> = discrete({ name: "ceil", arity: 1, ...floats, scalar: ([x]) => S.ceil(x) })
/** The nearest whole number; halves go to the even one. */
export const round: Op<1> = discrete({ name: "round", arity: 1, ...floats, scalar: ([x]) => S.round(x) })
/** −1, 0 or 1 by the sign of `x`; NaN for NaN. */
export const sign: Op<1> = discrete({
  name: "sign",
  arity: 1,
  ...numbers,
  scalar: ([x]) => {
    const zero = S.like(x, 0)
    const below = x.dtype === "u32" || x.dtype === "u8" ? zero : S.like(x, -1)
    return S.select(S.less(zero, x), S.like(x, 1), S.select(S.less(x, zero), below, x))
  }
})

/** The whole part of `x / y`, toward zero. */
export const quotient: Op<2> = discrete({
  name: "quotient",
  arity: 2,
  ...integers,
  scalar: ([x, y]) => S.quotient(x, y)
})
/** `x − y · quotient(x, y)`; it has the sign of `x`. */
export const modulo: Op<2> = discrete({ name: "modulo", arity: 2, ...integers, scalar: ([x, y]) => S.remainder(x, y) })
/** Bits set in both; for `bool`, conjunction. */
export const and: Op<2> = discrete({ name: "and", arity: 2, ...bits, scalar: ([x, y]) => S.and(x, y) })
/** Bits set in either; for `bool`, disjunction. */
export const or: Op<2> = discrete({ name: "or", arity: 2, ...bits, scalar: ([x, y]) => S.or(x, y) })
/** Bits set in one of both. */
export const xor: Op<2> = discrete({ name: "xor", arity: 2, ...bits, scalar: ([x, y]) => S.xor(x, y) })
/** Bits that are not set; for `bool`, negation. */
export const not: Op<1> = discrete({ name: "not", arity: 1, ...bits, scalar: ([x]) => S.not(x) })
/** `x · 2ʸ` by moving bits up; `y` counts modulo the width. */
export const shiftLeft: Op<2> = discrete({
  name: "shiftLeft",
  arity: 2,
  ...integers,
  scalar: ([x, y]) => S.shiftLeft(x, y)
})
/** `x / 2ʸ` by moving bits down; the sign of `i32` is kept. */
export const shiftRight: Op<2> = discrete({
  name: "shiftRight",
  arity: 2,
  ...integers,
  scalar: ([x, y]) => S.shiftRight(x, y)
})

/** The bits of `x` read as another dtype of the same width. **Throws** `DTypeError` for another width. */
export const bitcast: Op<1, { readonly dtype: DType }> = discrete<1, { readonly dtype: DType }>({
  name: "bitcast",
  arity: 1,
  ...everything,
  dtype: (from, { dtype }) => {
    if (DTypes.bytes(from) !== 4 || DTypes.bytes(dtype) !== 4) {
      throw new DTypeError({ operation: "bitcast", expected: "two of f32, i32, u32", received: [from, dtype] })
    }
    return dtype
  },
  scalar: ([x], { dtype }) => S.bitcast(x, dtype)
})
