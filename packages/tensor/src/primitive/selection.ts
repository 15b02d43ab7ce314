/**
 * Piecewise linear operations: the value is one of the inputs, and so is the derivative.
 * Ties of max and min share the gradient equally.
 */
import * as DTypes from "../DType.ts"
import { DTypeError, ShapeError } from "../errors.ts"
import type { Cotangent, Op, Tensor } from "../Primitive.ts"
import { make } from "../Primitive.ts"
import type { Combine } from "../Scalar.ts"
import * as S from "../Scalar.ts"
import type { Dims } from "../Shape.ts"
import { equals, insert, size, without } from "../Shape.ts"
import { mul } from "./bilinear.ts"
import { equal, less } from "./discrete.ts"
import { div } from "./elementwise.ts"
import { full, zeros } from "./leaf.ts"
import { add, batched, broadcast, cast, neg, reshape, sameType, sum } from "./linear.ts"

/** `x` where `condition` holds, `y` elsewhere. The side that was not chosen contributes nothing to the gradient. */
export const where: Op<3> = make({
  name: "where",
  arity: 3,
  type: ([condition, x, y]) => {
    if (condition.dtype !== "bool") {
      throw new DTypeError({
        operation: "where",
        expected: "a condition of bool",
        received: [condition.dtype],
        hint: "compare first, as in where(greater(x, 0), x, y)"
      })
    }
    if (!equals(condition.shape, x.shape)) {
      throw new ShapeError({
        operation: "where",
        expected: "operands of one shape",
        received: [condition.shape, x.shape]
      })
    }
    return sameType("where", [x, y])
  },
  element: ([condition, x, y], index) => S.select(condition.at(index), x.at(index), y.at(index)),
  jvp: ({ inputs: [condition], output, tangents: [, dx, dy] }) =>
    (dx === undefined && dy === undefined) || !DTypes.isFloat(output.dtype)
      ? undefined
      : where(condition, dx ?? zeros(output), dy ?? zeros(output)),
  vjp: ({ inputs: [condition], output, cotangent }) =>
    DTypes.isFloat(output.dtype)
      ? [undefined, where(condition, cotangent, zeros(output)), where(condition, zeros(output), cotangent)]
      : [undefined, undefined, undefined],
  batch: (rule) => where(...batched(rule))
})

/** 1 where `x` alone wins, ½ at a tie, 0 elsewhere. */
const share = (wins: Tensor, ties: Tensor, type: Tensor): Tensor => {
  const fill = (value: number): Tensor => full({ shape: type.shape, dtype: type.dtype, value })
  return where(wins, fill(1), where(ties, fill(0.5), fill(0)))
}

const extremum = (name: string, combine: "max" | "min"): Op<2> => {
  const shares = (x: Tensor, y: Tensor): readonly [Tensor, Tensor] => {
    const [above, below] = combine === "max" ? [less(y, x), less(x, y)] : [less(x, y), less(y, x)]
    const ties = equal(x, y)
    return [share(above, ties, x), share(below, ties, x)]
  }
  const op: Op<2> = make({
    name,
    arity: 2,
    type: (inputs) => sameType(name, inputs),
    element: ([x, y], index) => S[combine](x.at(index), y.at(index)),
    jvp: ({ inputs: [x, y], output, tangents: [dx, dy] }) => {
      if (!DTypes.isFloat(output.dtype)) return undefined
      const [sx, sy] = shares(x, y)
      const left = dx === undefined ? undefined : mul(dx, sx)
      const right = dy === undefined ? undefined : mul(dy, sy)
      return left === undefined ? right : right === undefined ? left : add(left, right)
    },
    vjp: ({ inputs: [x, y], output, cotangent }) => {
      if (!DTypes.isFloat(output.dtype)) return [undefined, undefined]
      const [sx, sy] = shares(x, y)
      return [mul(cotangent, sx), mul(cotangent, sy)]
    },
    batch: (rule) => op(...batched(rule))
  })
  return op
}

/** The greater of `x` and `y`; NaN if either is. */
export const max: Op<2> = extremum("max", "max")
/** The lesser of `x` and `y`; NaN if either is. */
export const min: Op<2> = extremum("min", "min")

/** `|x|`. Derivative: the sign of `x`, 0 at 0. */
export const abs: Op<1> = make({
  name: "abs",
  arity: 1,
  type: ([x]) => {
    if (x.dtype === "bool") throw new DTypeError({ operation: "abs", expected: "numbers", received: [x.dtype] })
    return { shape: x.shape, dtype: x.dtype }
  },
  element: ([x], index) => S.abs(x.at(index)),
  jvp: ({ inputs: [x], tangents: [dx] }) => (dx === undefined || !DTypes.isFloat(x.dtype) ? undefined : signed(x, dx)),
  vjp: ({ inputs: [x], cotangent }) => [DTypes.isFloat(x.dtype) ? signed(x, cotangent) : undefined],
  batch: ({ inputs: [x] }) => abs(x)
})

/** `value` with the sign of `x`, 0 where `x` is 0. */
const signed = (x: Tensor, value: Tensor): Tensor =>
  where(less(zeros(x), x), value, where(less(x, zeros(x)), neg(value), zeros(x)))

const reduction = (name: string, combine: Exclude<Combine, "add">): Op<1, { readonly axes: Dims }> => {
  /** 1 / ties where `x` is the extremum of its row, 0 elsewhere. */
  const shares = (x: Tensor, output: Tensor, axes: Dims): Tensor => {
    const spread = (row: Tensor): Tensor => broadcast(row, { shape: x.shape, axes })
    const wins = cast(equal(x, spread(output)), { dtype: x.dtype })
    return div(wins, spread(sum(wins, { axes })))
  }
  const op: Op<1, { readonly axes: Dims }> = make<1, { readonly axes: Dims }>({
    name,
    arity: 1,
    type: ([x], { axes }) => {
      if (axes.some((axis) => x.shape[axis] === 0) && size(without(x.shape, axes)) > 0) {
        throw new ShapeError({
          operation: name,
          expected: `at least one element along axes [${axes.join(", ")}]`,
          received: [x.shape]
        })
      }
      return { shape: without(x.shape, axes), dtype: x.dtype }
    },
    element: ([x], index, { axes }) =>
      S.reduce(
        combine,
        axes.map((axis) => x.shape[axis]),
        (reduced) => x.at(insert(index, axes, reduced))
      ),
    jvp: ({ inputs: [x], output, params: { axes }, tangents: [dx] }): Cotangent =>
      dx === undefined || !DTypes.isFloat(x.dtype) ? undefined : sum(mul(dx, shares(x, output, axes)), { axes }),
    vjp: ({ inputs: [x], output, params: { axes }, cotangent }) => [
      DTypes.isFloat(x.dtype) ? mul(broadcast(cotangent, { shape: x.shape, axes }), shares(x, output, axes)) : undefined
    ],
    batch: ({ inputs: [x], params: { axes } }) => op(x, { axes: axes.map((axis) => axis + 1) }),
    simplify: ({ inputs: [x], output, params: { axes } }) =>
      axes.every((axis) => x.shape[axis] === 1) ? reshape(x, { shape: output.shape }) : undefined
  })
  return op
}

/** The greatest value along `axes` (ascending); NaN if any is. For `bool`, whether any holds. */
export const reduceMax: Op<1, { readonly axes: Dims }> = reduction("reduceMax", "max")
/** The least value along `axes` (ascending); NaN if any is. For `bool`, whether all hold. */
export const reduceMin: Op<1, { readonly axes: Dims }> = reduction("reduceMin", "min")
