/**
 * Comparisons, truth values, bits, and choosing by a condition.
 */
import type { DType } from "../DType.ts"
import * as DTypes from "../DType.ts"
import { ArgumentError } from "../errors.ts"
import { forms, typed } from "../internal/forms.ts"
import type { Operand } from "../internal/operands.ts"
import { demand, fill, stretch, together } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import { isTensor } from "../Primitive.ts"
import * as Discrete from "../primitive/discrete.ts"
import { where as whereOf } from "../primitive/selection.ts"
import type { Dims } from "../Shape.ts"
import { broadcast } from "../Shape.ts"
import type { Broadcast, CheckBroadcast, CheckDType, Shape } from "../ShapeType.ts"
import type { Binary, Predicate, Unary } from "./signature.ts"

type Rule = (x: Tensor, y: Tensor) => Tensor

const comparison = (name: string, rule: Rule): Binary<"bool"> =>
  forms(2, (self: Operand, that: Operand) => {
    const [x, y] = together(name, [self, that])
    return rule(x, y)
  })

const restricted = (name: string, expected: string, accepts: (dtype: DType) => boolean) => (rule: Rule) =>
  comparison(name, (x, y) => {
    demand(name, x, expected, accepts)
    return rule(x, y)
  })

/**
 * Whether both are equal; NaN equals nothing.
 *
 * **Throws** `ShapeError` unless the shapes broadcast, `DTypeError` unless the dtypes agree.
 *
 * **Example** (Counting hits)
 *
 * ```ts run
 * await evaluate(Tensor.equal(Tensor.of([1, 2, 3]), 2)) // => [0, 1, 0]
 * ```
 */
export const equal: Binary<"bool"> = comparison("equal", Discrete.equal)
/** Whether both differ. **Throws** as `equal`. */
export const notEqual: Binary<"bool"> = comparison("notEqual", (x, y) => Discrete.not(Discrete.equal(x, y)))
/** Whether `self < that`. **Throws** as `equal`. */
export const less: Binary<"bool"> = comparison("less", Discrete.less)
/** Whether `self ≤ that`. **Throws** as `equal`. */
export const lessEqual: Binary<"bool"> = comparison("lessEqual", Discrete.lessEqual)
/** Whether `self > that`. **Throws** as `equal`. */
export const greater: Binary<"bool"> = comparison("greater", (x, y) => Discrete.less(y, x))
/** Whether `self ≥ that`. **Throws** as `equal`. */
export const greaterEqual: Binary<"bool"> = comparison("greaterEqual", (x, y) => Discrete.lessEqual(y, x))

const isBool = (dtype: DType): boolean => dtype === "bool"
const logical = (name: string, rule: Rule): Binary<"bool"> => restricted(name, "bool", isBool)(rule)

/** Whether both hold. **Throws** as `equal`. */
export const logicalAnd: Binary<"bool"> = logical("logicalAnd", Discrete.and)
/** Whether either holds. **Throws** as `equal`. */
export const logicalOr: Binary<"bool"> = logical("logicalOr", Discrete.or)
/** Whether one of both holds. **Throws** as `equal`. */
export const logicalXor: Binary<"bool"> = logical("logicalXor", Discrete.xor)
/** Whether `self` does not hold. **Throws** `DTypeError` unless it is of bool. */
export const logicalNot: Predicate = typed((self: Tensor) => {
  demand("logicalNot", self, "bool", isBool)
  return Discrete.not(self)
})

// Bits keep the dtype of their operands, comparisons do not.
const bitwise = (name: string, rule: Rule): Binary => typed(restricted(name, "integers", DTypes.isInteger)(rule))

/** Bits set in both, for integers. **Throws** as `equal`. */
export const bitwiseAnd: Binary = bitwise("bitwiseAnd", Discrete.and)
/** Bits set in either, for integers. **Throws** as `equal`. */
export const bitwiseOr: Binary = bitwise("bitwiseOr", Discrete.or)
/** Bits set in one of both, for integers. **Throws** as `equal`. */
export const bitwiseXor: Binary = bitwise("bitwiseXor", Discrete.xor)
/** Bits that are not set, for integers. **Throws** `DTypeError` for others. */
export const bitwiseNot: Unary = typed((self: Tensor) => {
  demand("bitwiseNot", self, "integers", DTypes.isInteger)
  return Discrete.not(self)
})
/** `self · 2^that` by moving bits up, for integers; `that` counts modulo the width. **Throws** as `equal`. */
export const shiftLeft: Binary = bitwise("shiftLeft", Discrete.shiftLeft)
/** `self / 2^that` by moving bits down, for integers; the sign of `i32` is kept. **Throws** as `equal`. */
export const shiftRight: Binary = bitwise("shiftRight", Discrete.shiftRight)

/**
 * `x` where `condition` holds, `y` elsewhere. The side that was not chosen contributes nothing to the gradient.
 *
 * **Throws** `ShapeError` unless the shapes broadcast, `DTypeError` unless the condition is of bool and both sides
 * agree in dtype.
 *
 * **Example** (Choosing)
 *
 * ```ts run
 * const x = Tensor.of([-1, 2])
 * await evaluate(Tensor.where(Tensor.greater(x, 0), x, 0)) // => [0, 2]
 * ```
 */
export const where: {
  <S extends Shape, D extends DType>(
    condition: Tensor<NoInfer<S>>,
    x: Tensor<S, D>,
    y: number | Tensor<readonly [], NoInfer<D>> | Tensor<NoInfer<S>, NoInfer<D>>
  ): Tensor<S, D>
  <S extends Shape, D extends DType>(
    condition: Tensor<NoInfer<S>>,
    x: number | Tensor<readonly [], NoInfer<D>>,
    y: Tensor<S, D>
  ): Tensor<S, D>
  <C extends Shape, S extends Shape, D extends DType>(
    condition: Tensor<C>,
    x: Tensor<S, D> & CheckBroadcast<S, C>,
    y: number
  ): Tensor<Broadcast<C, S>, D>
  <C extends Shape, S extends Shape, D extends DType>(
    condition: Tensor<C>,
    x: number,
    y: Tensor<S, D> & CheckBroadcast<S, C>
  ): Tensor<Broadcast<C, S>, D>
  <C extends Shape, A extends Shape, B extends Shape, D extends DType, E extends DType>(
    condition: Tensor<C>,
    x: Tensor<A, D> & CheckBroadcast<A, C>,
    y: Tensor<B, E> & CheckBroadcast<B, A> & CheckBroadcast<B, C> & CheckDType<D, E>
  ): Tensor<Broadcast<C, Broadcast<A, B>>, D>
  <A extends Shape, B extends Shape, D extends DType, E extends DType>(
    x: Tensor<A, D>,
    y: Tensor<B, E> & CheckBroadcast<B, A> & CheckDType<D, E>
  ): <C extends Shape>(condition: Tensor<C>) => Tensor<Broadcast<C, Broadcast<A, B>>, D>
} = forms(3, (condition: Tensor, x: Operand, y: Operand) => {
  demand("where", condition, "bool", isBool)
  if (!isTensor(x) && !isTensor(y)) {
    throw new ArgumentError({
      operation: "where",
      expected: "a tensor on one side, which gives the dtype",
      received: `${x} and ${y}`,
      hint: "use full or scalar"
    })
  }
  const sides = together("where", [x, y])
  const shape: Dims = broadcast("where", condition.shape, sides[0].shape)
  const [self, that] = [x, y].map((side, i) =>
    isTensor(side) ? stretch("where", sides[i], shape) : fill("where", { shape, dtype: sides[i].dtype }, side)
  )
  return whereOf(stretch("where", condition, shape), self, that)
})
