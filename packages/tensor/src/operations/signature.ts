/**
 * The typed signatures that several operations share. The first overload that fits is chosen, so plain dimension
 * variables come before computed shapes; errors are told of the last one that takes as many arguments, so that is where
 * shapes are checked. In a pipe, write `sum()` and not `sum`: the compiler keeps no types through the name of an
 * overloaded function.
 */
import type { DType } from "../DType.ts"
import type { Tensor } from "../Primitive.ts"
import type {
  Axes,
  Broadcast,
  CheckAxes,
  CheckBroadcast,
  CheckDType,
  Dim,
  Reduce,
  Shape,
  ShapeMismatch,
  ShapeText
} from "../ShapeType.ts"

/** The dtype `R` that a result always has, else (`never`) that of the operand. */
export type ResultOf<R extends DType, D extends DType> = [R] extends [never] ? D : R

/** A function of each element. */
export interface Unary {
  <S extends Shape, D extends DType>(self: Tensor<S, D>): Tensor<S, D>
}

/** A question about each element. */
export interface Predicate {
  <S extends Shape>(self: Tensor<S>): Tensor<S, "bool">
}

/** A function of pairs of elements; shapes are broadcast, a number takes the dtype of the tensor. */
export interface Binary<R extends DType = never> {
  <S extends Shape, D extends DType>(
    self: Tensor<S, D>,
    that: number | Tensor<readonly [], NoInfer<D>>
  ): Tensor<S, ResultOf<R, D>>
  <S extends Shape, D extends DType>(self: number, that: Tensor<S, D>): Tensor<S, ResultOf<R, D>>
  <S extends Shape, D extends DType>(
    self: Tensor<S, D>,
    that: Tensor<NoInfer<S>, NoInfer<D>>
  ): Tensor<S, ResultOf<R, D>>
  <L extends Shape, N extends Dim, D extends DType>(
    self: Tensor<readonly [...L, N], D>,
    that: Tensor<readonly [NoInfer<N>], NoInfer<D>>
  ): Tensor<readonly [...L, N], ResultOf<R, D>>
  <A extends Shape, B extends Shape, D extends DType, E extends DType>(
    self: Tensor<A, D>,
    that: Tensor<B, E> & CheckBroadcast<A, B> & CheckDType<D, E>
  ): Tensor<Broadcast<A, B>, ResultOf<R, D>>
  (that: number): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<S, ResultOf<R, D>>
  <B extends Shape, E extends DType>(
    that: Tensor<B, E>
  ): <A extends Shape, D extends DType>(
    self: Tensor<A, D> & CheckBroadcast<A, B> & CheckDType<D, E>
  ) => Tensor<Broadcast<A, B>, ResultOf<R, D>>
}

/** Whether a reduction leaves its axes behind as 1. */
export interface KeepDims<K extends boolean = boolean> {
  readonly keepDims?: K
}

/** A reduction over `axes`, over all where none are named. `O` are its other options. */
export interface Reduction<R extends DType = never, O = unknown> {
  <const A extends Axes = undefined, K extends boolean = false>(
    axes?: A,
    options?: KeepDims<K> & O
  ): <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckAxes<S, A>) => Tensor<Reduce<S, A, K>, ResultOf<R, D>>
  <L extends Shape, N extends Dim, D extends DType>(
    self: Tensor<readonly [...L, N], D>,
    axes: -1
  ): Tensor<readonly [...L], ResultOf<R, D>>
  <N extends Dim, L extends Shape, D extends DType>(
    self: Tensor<readonly [N, ...L], D>,
    axes: 0
  ): Tensor<readonly [...L], ResultOf<R, D>>
  <S extends Shape, D extends DType, const A extends Axes, K extends boolean = false>(
    self: Tensor<S, D>,
    axes: A & CheckAxes<S, A>,
    options?: KeepDims<K> & O
  ): Tensor<Reduce<S, A, K>, ResultOf<R, D>>
  <S extends Shape, D extends DType>(self: Tensor<S, D>): Tensor<readonly [], ResultOf<R, D>>
}

/** A function of the rows along one axis that keeps their length; the last axis unless stated. */
export interface Along {
  (axis?: number): <S extends Shape, D extends DType>(self: Tensor<S, D>) => Tensor<S, D>
  <S extends Shape, D extends DType>(self: Tensor<S, D>, axis?: number): Tensor<S, D>
}

/** Nothing to ask of square matrices, else the reason that they are none. */
export type CheckSquare<S extends Shape> = number extends S["length"]
  ? unknown
  : S extends readonly [...Shape, infer M extends Dim, infer N extends Dim]
    ? number extends M | N
      ? unknown
      : [M, N] extends [N, M]
        ? unknown
        : ShapeMismatch<`expected square matrices [..., n, n], received ${ShapeText<S>}`>
    : ShapeMismatch<`expected square matrices [..., n, n], received ${ShapeText<S>}`>

/** `S` without its last `1` or `2` axes. */
export type Leading<S extends Shape, Count extends 1 | 2> = number extends S["length"]
  ? Shape
  : Count extends 1
    ? S extends readonly [...infer L extends Shape, Dim]
      ? readonly [...L]
      : Shape
    : S extends readonly [...infer L extends Shape, Dim, Dim]
      ? readonly [...L]
      : Shape

/** A function from square matrices to square matrices. */
export interface SquareMatrices {
  <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>): Tensor<S, D>
}

/** A number for each square matrix. */
export interface OfSquareMatrix {
  <S extends Shape, D extends DType>(self: Tensor<S, D> & CheckSquare<S>): Tensor<Leading<S, 2>, D>
}
