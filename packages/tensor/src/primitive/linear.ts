/**
 * Linear operations, each beside its adjoint: the derivative of a linear map is the map itself, and its transpose is
 * the adjoint, ⟨A x, y⟩ = ⟨x, Aᵀ y⟩.
 */
import * as Affine from "../Affine.ts"
import * as DTypes from "../DType.ts"
import { DTypeError, ShapeError } from "../errors.ts"
import type { Arity, Cotangent, DeclarationWithout, Op, OpRule, Tensor, Tuple } from "../Primitive.ts"
import { make } from "../Primitive.ts"
import * as Scalar from "../Scalar.ts"
import type { Dims, TensorType } from "../Shape.ts"
import { equals, insert, size, without } from "../Shape.ts"
import { fillValue, full, zeros } from "./leaf.ts"

/** What a linear operation declares: its adjoint instead of both derivatives. */
type Linear<N extends Arity, P> = DeclarationWithout<"jvp" | "vjp", N, P> & {
  /** Linear in the first so many inputs; the others are data such as indices. All, unless stated. */
  readonly linearIn?: number
  readonly adjoint: (rule: OpRule<N, P> & { readonly cotangent: Tensor }) => Tuple<N, Cotangent>
}

/** An operation that is linear in its inputs. `jvp` is the operation itself, `vjp` its adjoint. */
export const linear = <N extends Arity, P = void>({ adjoint, linearIn, ...declaration }: Linear<N, P>): Op<N, P> => {
  const op: Op<N, P> = make<N, P>({
    ...declaration,
    jvp: ({ inputs, output, params, tangents }) => {
      const all = inputs as ReadonlyArray<Tensor>
      const given = tangents as ReadonlyArray<Cotangent>
      const count = linearIn ?? all.length
      if (!DTypes.isFloat(output.dtype) || given.slice(0, count).every((t) => t === undefined)) return undefined
      const moved = all.map((input, i) => (i < count ? (given[i] ?? zeros(input)) : input))
      // `Op` is variadic in types; here its arguments are data.
      const call = op as unknown as (...args: ReadonlyArray<unknown>) => Tensor
      return declaration.arity === "many" ? call(moved, params) : call(...moved, params)
    },
    vjp: (rule) => (DTypes.isFloat(rule.output.dtype) ? adjoint(rule) : (rule.inputs.map(() => undefined) as never))
  })
  return op
}

/** **Throws** unless both types agree; gives that type. */
export const sameType = (operation: string, [x, ...rest]: ReadonlyArray<TensorType>): TensorType => {
  for (const y of rest) {
    if (y.dtype !== x.dtype) {
      throw new DTypeError({
        operation,
        expected: "operands of one dtype",
        received: [x.dtype, y.dtype],
        hint: `convert one operand with cast(x, "${x.dtype}")`
      })
    }
    if (!equals(x.shape, y.shape)) {
      throw new ShapeError({ operation, expected: "operands of one shape", received: [x.shape, y.shape] })
    }
  }
  return { shape: x.shape, dtype: x.dtype }
}

/** **Throws** `DTypeError` where `x` does not count or measure. */
export const numeric = (operation: string, type: TensorType): TensorType => {
  if (type.dtype === "bool") {
    throw new DTypeError({ operation, expected: "numbers", received: [type.dtype], hint: `use cast(x, "f32")` })
  }
  return type
}

/** `inputs` with a leading batch axis each: those without one are repeated. */
export const batched = <T extends ReadonlyArray<Tensor>>(rule: {
  readonly inputs: T
  readonly mapped: { readonly [K in keyof T]: boolean }
  readonly size: number
}): T =>
  // Mapping a tuple keeps its length.
  rule.inputs.map((x, i) =>
    rule.mapped[i] ? x : broadcast(x, { shape: [rule.size, ...x.shape], axes: [0] })
  ) as unknown as T

/** `x + y`. Adjoint: `c ↦ (c, c)`. */
export const add: Op<2> = linear({
  name: "add",
  arity: 2,
  type: (inputs) => numeric("add", sameType("add", inputs)),
  element: ([x, y], index) => Scalar.add(x.at(index), y.at(index)),
  adjoint: ({ cotangent }) => [cotangent, cotangent],
  batch: (rule) => add(...batched(rule)),
  simplify: ({ inputs: [x, y] }) => (fillValue(x) === 0 ? y : fillValue(y) === 0 ? x : undefined)
})

/** `x − y`. Adjoint: `c ↦ (c, −c)`. */
export const sub: Op<2> = linear({
  name: "sub",
  arity: 2,
  type: (inputs) => numeric("sub", sameType("sub", inputs)),
  element: ([x, y], index) => Scalar.sub(x.at(index), y.at(index)),
  adjoint: ({ cotangent }) => [cotangent, neg(cotangent)],
  batch: (rule) => sub(...batched(rule)),
  simplify: ({ inputs: [x, y] }) => (fillValue(y) === 0 ? x : undefined)
})

/** `−x`. Its own adjoint. */
export const neg: Op<1> = linear({
  name: "neg",
  arity: 1,
  type: ([x]) => numeric("neg", { shape: x.shape, dtype: x.dtype }),
  element: ([x], index) => Scalar.neg(x.at(index)),
  adjoint: ({ cotangent }) => [neg(cotangent)],
  batch: ({ inputs: [x] }) => neg(x),
  simplify: ({ inputs: [x] }) => (x.application.primitive === neg.primitive ? x.application.inputs[0] : undefined)
})

/** The values of `x` as another dtype. Adjoint between floats: the cast back; none from or to integers. */
export const cast: Op<1, { readonly dtype: DTypes.DType }> = linear({
  name: "cast",
  arity: 1,
  type: ([x], { dtype }) => ({ shape: x.shape, dtype }),
  element: ([x], index, { dtype }) => Scalar.cast(x.at(index), dtype),
  adjoint: ({ inputs: [x], cotangent }) => [DTypes.isFloat(x.dtype) ? cast(cotangent, { dtype: x.dtype }) : undefined],
  batch: ({ inputs: [x], params }) => cast(x, params),
  simplify: ({ inputs: [x], params }) => (x.dtype === params.dtype ? x : undefined)
})

/** Sums over `axes` (ascending). Adjoint: `broadcast`. */
export const sum: Op<1, { readonly axes: Dims }> = linear({
  name: "sum",
  arity: 1,
  type: ([x], { axes }) => numeric("sum", { shape: without(x.shape, axes), dtype: x.dtype }),
  element: ([x], index, { axes }) =>
    Scalar.reduce(
      "add",
      axes.map((axis) => x.shape[axis]),
      (reduced) => x.at(insert(index, axes, reduced))
    ),
  adjoint: ({ inputs: [x], params: { axes }, cotangent }) => [broadcast(cotangent, { shape: x.shape, axes })],
  batch: ({ inputs: [x], params: { axes } }) => sum(x, { axes: axes.map((axis) => axis + 1) }),
  simplify: ({ inputs: [x], output, params: { axes } }) =>
    axes.every((axis) => x.shape[axis] === 1) ? reshape(x, { shape: output.shape }) : undefined
})

/** Repeats `x` along new `axes` (ascending, of the result). Adjoint: `sum`. */
export const broadcast: Op<1, { readonly shape: Dims; readonly axes: Dims }> = linear({
  name: "broadcast",
  arity: 1,
  type: ([x], { axes, shape }) => {
    if (!equals(without(shape, axes), x.shape)) {
      throw new ShapeError({
        operation: "broadcast",
        expected: "the shape less the new axes",
        received: [x.shape, shape]
      })
    }
    return { shape, dtype: x.dtype }
  },
  element: ([x], index, { axes }) => x.at(without(index, axes)),
  adjoint: ({ params: { axes }, cotangent }) => [sum(cotangent, { axes })],
  batch: ({ inputs: [x], params: { axes, shape }, size }) =>
    broadcast(x, { shape: [size, ...shape], axes: axes.map((axis) => axis + 1) }),
  simplify: ({ inputs: [x], output }) => {
    const value = fillValue(x)
    if (value !== undefined) return full({ shape: output.shape, dtype: x.dtype, value })
    return size(output.shape) === size(x.shape) ? reshape(x, { shape: output.shape }) : undefined
  }
})

/** The same elements in row-major order under another shape. Adjoint: the reshape back. */
export const reshape: Op<1, { readonly shape: Dims }> = linear({
  name: "reshape",
  arity: 1,
  type: ([x], { shape }) => {
    if (size(shape) !== size(x.shape)) {
      throw new ShapeError({
        operation: "reshape",
        expected: `a shape of ${size(x.shape)} elements`,
        received: [x.shape, shape]
      })
    }
    return { shape, dtype: x.dtype }
  },
  element: ([x], index, { shape }) => x.at(Affine.unflatten(Affine.flatten(index, shape), x.shape)),
  adjoint: ({ inputs: [x], cotangent }) => [reshape(cotangent, { shape: x.shape })],
  batch: ({ inputs: [x], params: { shape }, size }) => reshape(x, { shape: [size, ...shape] }),
  simplify: ({ inputs: [x], params: { shape } }) => {
    const value = fillValue(x)
    if (value !== undefined) return full({ shape, dtype: x.dtype, value })
    if (equals(x.shape, shape)) return x
    return x.application.primitive === reshape.primitive ? reshape(x.application.inputs[0], { shape }) : undefined
  }
})

const inverse = (permutation: Dims): Dims => permutation.map((_, axis) => permutation.indexOf(axis))

/** Axis `i` of the result is axis `permutation[i]` of `x`. Adjoint: the inverse permutation. */
export const transpose: Op<1, { readonly permutation: Dims }> = linear({
  name: "transpose",
  arity: 1,
  type: ([x], { permutation }) => ({ shape: permutation.map((axis) => x.shape[axis]), dtype: x.dtype }),
  element: ([x], index, { permutation }) => x.at(inverse(permutation).map((axis) => index[axis])),
  adjoint: ({ params: { permutation }, cotangent }) => [transpose(cotangent, { permutation: inverse(permutation) })],
  batch: ({ inputs: [x], params: { permutation } }) =>
    transpose(x, { permutation: [0, ...permutation.map((axis) => axis + 1)] }),
  simplify: ({ inputs: [x], output, params: { permutation } }) => {
    const value = fillValue(x)
    if (value !== undefined) return full({ shape: output.shape, dtype: x.dtype, value })
    if (permutation.every((axis, i) => axis === i)) return x
    if (x.application.primitive !== transpose.primitive) return undefined
    const inner = (x.application.params as { readonly permutation: Dims }).permutation
    return transpose(x.application.inputs[0], { permutation: permutation.map((axis) => inner[axis]) })
  }
})

/** `x` read backwards along `axes`. Its own adjoint. */
export const reverse: Op<1, { readonly axes: Dims }> = linear({
  name: "reverse",
  arity: 1,
  type: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  element: ([x], index, { axes }) =>
    x.at(index.map((i, axis) => (axes.includes(axis) ? Scalar.sub(Scalar.constant(x.shape[axis] - 1), i) : i))),
  adjoint: ({ params, cotangent }) => [reverse(cotangent, params)],
  batch: ({ inputs: [x], params: { axes } }) => reverse(x, { axes: axes.map((axis) => axis + 1) })
})

/** The value of `x`, without a derivative. */
export const stopGradient: Op<1> = make({
  name: "stopGradient",
  arity: 1,
  type: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  element: ([x], index) => x.at(index),
  jvp: () => undefined,
  vjp: () => [undefined],
  batch: ({ inputs: [x] }) => stopGradient(x),
  simplify: ({ inputs: [x] }) => x
})
