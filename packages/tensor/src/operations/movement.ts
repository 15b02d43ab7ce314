/**
 * The same elements under another shape or order.
 */
import type { DType } from "../DType.ts"
import { ArgumentError, AxisError, ShapeError } from "../errors.ts"
import { moved, permute, range } from "../internal/axes.ts"
import { forms, tensorFirst, typed } from "../internal/forms.ts"
import { stretch } from "../internal/operands.ts"
import type { Tensor } from "../Primitive.ts"
import * as Linear from "../primitive/linear.ts"
import type { Dims } from "../Shape.ts"
import { check, equals, normalizeAxes, normalizeAxis, size, without } from "../Shape.ts"
import type {
  Axes,
  CheckAxes,
  CheckBroadcast,
  Dim,
  Insert,
  Reduce,
  Requested,
  Reversed,
  Shape,
  Squeeze,
  SwapAxes,
  Transpose
} from "../ShapeType.ts"

const reshaped = (self: Tensor, shape: Dims): Tensor =>
  equals(self.shape, shape) ? self : Linear.reshape(self, { shape })

/**
 * The same elements in row-major order under `shape`; one extent may be −1 and follows from the others.
 *
 * **Throws** `ShapeError` unless the number of elements stays.
 *
 * **Example** (Flat images)
 *
 * ```ts run
 * await evaluate(Tensor.reshape(Tensor.arange(6), [2, -1])) // => [[0, 1, 2], [3, 4, 5]]
 * ```
 */
export const reshape: {
  <const S extends Dims, D extends DType>(self: Tensor<Shape, D>, shape: S): Tensor<Requested<S>, D>
  <const S extends Dims>(shape: S): <D extends DType>(self: Tensor<Shape, D>) => Tensor<Requested<S>, D>
} = forms(2, (self: Tensor, shape: Dims) => {
  const open = shape.filter((extent) => extent === -1).length
  const known = size(shape.filter((extent) => extent !== -1))
  const rest = open === 0 ? 1 : size(self.shape) / known
  const resolved = shape.map((extent) => (extent === -1 ? rest : extent))
  if (
    open > 1 ||
    !resolved.every((extent) => Number.isSafeInteger(extent) && extent >= 0) ||
    size(resolved) !== size(self.shape)
  ) {
    throw new ShapeError({
      operation: "reshape",
      expected: `a shape of ${size(self.shape)} elements, at most one extent −1`,
      received: [self.shape, shape]
    })
  }
  return reshaped(self, resolved)
})

/** All elements in row-major order along one axis. */
export const flatten: {
  <D extends DType>(self: Tensor<Shape, D>): Tensor<readonly [number], D>
} = typed((self: Tensor) => reshaped(self, [size(self.shape)]))

const orderOf = (operation: string, permutation: Dims, rank: number): Dims => {
  const order = permutation.map((axis) => normalizeAxis(operation, axis, rank))
  const repeated = order.find((axis, i) => order.indexOf(axis) !== i)
  if (repeated !== undefined) throw new AxisError({ operation, axis: repeated, rank, repeated: true })
  if (order.length === rank) return order
  throw new ArgumentError({
    operation,
    expected: `each of ${rank} axes once`,
    received: `[${permutation.join(", ")}]`,
    hint: "to exchange two axes of many, use swapAxes"
  })
}

/**
 * Axis `i` of the result is axis `permutation[i]` of `self`; without a permutation, axes are reversed.
 *
 * **Throws** `AxisError`, `ArgumentError` unless the permutation names each axis once.
 *
 * **Example** (A transposed matrix)
 *
 * ```ts run
 * await evaluate(Tensor.transpose(Tensor.of([[1, 2], [3, 4]]))) // => [[1, 3], [2, 4]]
 * ```
 */
export const transpose: {
  <const P extends Dims>(
    permutation: P
  ): <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckAxes<S, P>) => Tensor<Transpose<S, P>, D>
  (): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Reversed<S>, D>
  <S extends Shape, const P extends Dims, D extends DType>(
    self: Tensor<S, D>,
    permutation: P & CheckAxes<S, P>
  ): Tensor<Transpose<S, P>, D>
  <M extends Dim, N extends Dim, D extends DType>(self: Tensor<readonly [M, N], D>): Tensor<readonly [N, M], D>
  <S extends Shape, D extends DType>(self: Tensor<S, D>): Tensor<Reversed<S>, D>
} = forms(tensorFirst, (self: Tensor, permutation?: Dims) => {
  const rank = self.shape.length
  return permute(self, permutation === undefined ? range(rank).toReversed() : orderOf("transpose", permutation, rank))
})

/** `self` with the axes `first` and `second` exchanged. **Throws** `AxisError` for axes that `self` has not. */
export const swapAxes: {
  <S extends Shape, const A extends number, const B extends number, D extends DType>(
    self: Tensor<S, D>,
    first: A & CheckAxes<S, A>,
    second: B & CheckAxes<S, B>
  ): Tensor<SwapAxes<S, A, B>, D>
  <const A extends number, const B extends number>(
    first: A,
    second: B
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<SwapAxes<S, A, B>, D>
} = forms(3, (self: Tensor, first: number, second: number) => {
  const rank = self.shape.length
  const [a, b] = [first, second].map((axis) => normalizeAxis("swapAxes", axis, rank))
  return permute(
    self,
    range(rank).map((axis) => (axis === a ? b : axis === b ? a : axis))
  )
})

/** `self` with the axis `from` at the place `to`, the others in order. **Throws** as `swapAxes`. */
export const moveAxis: {
  <S extends Shape, D extends DType>(
    self: Tensor<S, D>,
    from: number,
    to: number
  ): Tensor<{ readonly [I in keyof S]: S[number] }, D>
  (
    from: number,
    to: number
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<{ readonly [I in keyof S]: S[number] }, D>
} = forms(3, (self: Tensor, from: number, to: number) => {
  const rank = self.shape.length
  return permute(self, moved(rank, normalizeAxis("moveAxis", from, rank), normalizeAxis("moveAxis", to, rank)))
})

/**
 * `self` with a new axis of extent 1 at `axis` of the result.
 *
 * **Throws** `AxisError` where the result has no such axis.
 *
 * **Example** (A column)
 *
 * ```ts run
 * await evaluate(Tensor.expandDims(Tensor.of([1, 2]), -1)) // => [[1], [2]]
 * ```
 */
export const expandDims: {
  <S extends Shape, const A extends number, D extends DType>(
    self: Tensor<S, D>,
    axis: A
  ): Tensor<Insert<S, A, readonly [1]>, D>
  <const A extends number>(
    axis: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Insert<S, A, readonly [1]>, D>
} = forms(2, (self: Tensor, axis: number) =>
  reshaped(self, self.shape.toSpliced(normalizeAxis("expandDims", axis, self.shape.length + 1), 0, 1))
)

/**
 * `self` without `axes`, which have extent 1; without all such axes where none are named.
 *
 * **Throws** `AxisError` for axes that `self` has not, `ShapeError` where an extent is not 1.
 */
export const squeeze: {
  <const A extends Axes>(
    axes: A
  ): <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckAxes<S, A>) => Tensor<Reduce<S, A>, D>
  (): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<Squeeze<S>, D>
  <S extends Shape, const A extends Axes, D extends DType>(
    self: Tensor<S, D>,
    axes: A & CheckAxes<S, A>
  ): Tensor<Reduce<S, A>, D>
  <S extends Shape, D extends DType>(self: Tensor<S, D>): Tensor<Squeeze<S>, D>
} = forms(tensorFirst, (self: Tensor, axes?: number | Dims) => {
  if (axes === undefined)
    return reshaped(
      self,
      self.shape.filter((extent) => extent !== 1)
    )
  const normal = normalizeAxes("squeeze", axes, self.shape.length)
  if (normal.every((axis) => self.shape[axis] === 1)) return reshaped(self, without(self.shape, normal))
  throw new ShapeError({
    operation: "squeeze",
    expected: `extents 1 along axes [${normal.join(", ")}]`,
    received: [self.shape]
  })
})

/**
 * `self` repeated to `shape`, along new leading axes and axes of extent 1.
 *
 * **Throws** `ShapeError` where `self` does not broadcast to `shape`.
 */
export const broadcastTo: {
  <S extends Shape, const T extends Dims, D extends DType>(
    self: Tensor<S, D>,
    shape: T & CheckBroadcast<S, T>
  ): Tensor<T, D>
  <const T extends Dims>(
    shape: T
  ): <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckBroadcast<S, T>) => Tensor<T, D>
} = forms(2, (self: Tensor, shape: Dims) => {
  check("broadcastTo", shape)
  return stretch("broadcastTo", self, shape)
})

/** `self` read backwards along `axes`, along all where none are named. **Throws** `AxisError` for axes it has not. */
export const reverse: {
  (axes?: Axes): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<S, D>
  <S extends Shape, D extends DType>(self: Tensor<S, D>, axes?: Axes): Tensor<S, D>
} = forms(tensorFirst, (self: Tensor, axes?: number | Dims) =>
  Linear.reverse(self, { axes: normalizeAxes("reverse", axes, self.shape.length) })
)
