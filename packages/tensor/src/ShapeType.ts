/**
 * Shapes as types. A dimension is a literal size, a name such as `"batch"`, or `number` where it is not known before
 * the program runs; `Shape` alone leaves the rank open.
 *
 * Signatures use plain dimension variables where they can, because those compose inside generic code; the conditional
 * types of this module are the fallback that computes what variables cannot say, and the text that explains an error.
 * No type computes with sizes: axes are counted, extents never are.
 */
import type { DType } from "./DType.ts"

/** One dimension: a literal size, a name, or `number` when unknown. */
export type Dim = number | string

/** The dimensions of a tensor, outermost first. */
export type Shape = ReadonlyArray<Dim>

/** An axis or several, counted from the front, or from the back below 0; undefined stands for all. */
export type Axes = number | ReadonlyArray<number> | undefined

/** What a parameter must also be where shapes do not fit. Nothing is: the compiler shows `M` at the wrong argument. */
export interface ShapeMismatch<M extends string> {
  readonly shapeMismatch: M
}

/** What a parameter must also be where dtypes do not agree. */
export interface DTypeMismatch<M extends string> {
  readonly dtypeMismatch: M
}

/** Nothing to ask where operands of `D` and `E` agree, or where one is unknown, else the reason that they do not. */
export type CheckDType<D extends DType, E extends DType> = [E] extends [D]
  ? unknown
  : [D] extends [E]
    ? unknown
    : DTypeMismatch<`operands of ${D} and ${E}: cast one of them`>

type DimText<D> = D extends string ? D : number extends D ? "?" : D extends number ? `${D}` : "?"
type Tail<S> = S extends readonly [infer H, ...infer R] ? `, ${DimText<H>}${Tail<R>}` : ""

/** A shape as text, for errors. */
export type ShapeText<S> = S extends readonly []
  ? "[]"
  : S extends readonly [infer H, ...infer R]
    ? `[${DimText<H>}${Tail<R>}]`
    : "[...]"

/** Whether the rank of `S` is open. */
type Unranked<S extends Shape> = number extends S["length"] ? true : false

type JoinDim<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? A
    : A extends 1
      ? B
      : number extends B
        ? A
        : never
  : A extends 1
    ? B
    : B extends 1
      ? A
      : number extends A
        ? B
        : number extends B
          ? A
          : never

type Join<A extends Shape, B extends Shape, Out extends Shape = readonly []> = A extends readonly [
  ...infer AI extends Shape,
  infer AL extends Dim
]
  ? B extends readonly [...infer BI extends Shape, infer BL extends Dim]
    ? [JoinDim<AL, BL>] extends [never]
      ? never
      : Join<AI, BI, readonly [JoinDim<AL, BL> & Dim, ...Out]>
    : readonly [...A, ...Out]
  : readonly [...B, ...Out]

/**
 * The shape that `A` and `B` are broadcast to: dimensions aligned at the last, equal or 1; `never` if they differ.
 * Scalars and rows come first and are matched as a whole, which the compiler can do for dimension variables too.
 */
export type Broadcast<A extends Shape, B extends Shape> = true extends Unranked<A> | Unranked<B>
  ? Shape
  : B extends readonly []
    ? A
    : A extends readonly [...infer _ extends Shape, infer N]
      ? B extends readonly [N]
        ? A
        : Join<A, B>
      : B

/** Nothing to ask where `A` and `B` broadcast, else the reason that they do not. */
export type CheckBroadcast<A extends Shape, B extends Shape> = [Broadcast<A, B>] extends [never]
  ? ShapeMismatch<`cannot broadcast ${ShapeText<A>} with ${ShapeText<B>}`>
  : unknown

type SameDim<A, B> = [A] extends [B] ? true : number extends A | B ? true : false

/** A row, a matrix, or a batch of matrices on the left; by a vector or a batch of matrices on the right. */
type MatMulBatches<A extends Shape, B extends Shape> = A extends readonly [infer K]
  ? B extends readonly [...infer R extends Shape, infer H, infer N extends Dim]
    ? SameDim<K, H> extends true
      ? readonly [...R, N]
      : never
    : B extends readonly [infer H]
      ? SameDim<K, H> extends true
        ? readonly []
        : never
      : never
  : A extends readonly [...infer L extends Shape, infer M extends Dim, infer K]
    ? B extends readonly [infer H]
      ? SameDim<K, H> extends true
        ? readonly [...L, M]
        : never
      : B extends readonly [...infer R extends Shape, infer H, infer N extends Dim]
        ? SameDim<K, H> extends true
          ? [Broadcast<L, R>] extends [never]
            ? never
            : readonly [...Broadcast<L, R>, M, N]
          : never
        : never
    : never

/**
 * The shape of a matrix product, batched and broadcast; `never` if the inner dimensions differ. One matrix on the right
 * comes first and is matched as a whole, which the compiler can do for dimension variables too.
 */
export type MatMul<A extends Shape, B extends Shape> = true extends Unranked<A> | Unranked<B>
  ? Shape
  : B extends readonly [infer K, infer N extends Dim]
    ? A extends readonly [...infer L extends Shape, K]
      ? readonly [...L, N]
      : MatMulBatches<A, B>
    : MatMulBatches<A, B>

/** Nothing to ask where `A` and `B` multiply, else the reason that they do not. */
export type CheckMatMul<A extends Shape, B extends Shape> = [MatMul<A, B>] extends [never]
  ? ShapeMismatch<`cannot multiply ${ShapeText<A>} with ${ShapeText<B>}: expected [..., m, k] and [..., k, n]`>
  : unknown

/** The names of the axis at the front of `S`, when the axes in `Before` precede it. */
type AxisNames<S extends Shape, Before extends Shape> = `${Before["length"]}` | `-${S["length"]}`

type SpliceRest<
  S extends Shape,
  Names extends string,
  With extends Shape,
  Before extends Shape = readonly [],
  Out extends Shape = readonly []
> = S extends readonly [infer H extends Dim, ...infer R extends Shape]
  ? SpliceRest<
      R,
      Names,
      With,
      readonly [...Before, H],
      [Names & AxisNames<S, Before>] extends [never] ? readonly [...Out, H] : readonly [...Out, ...With]
    >
  : Out

/** `S` with the dimensions `With` in place of each axis in `A`. */
export type Splice<S extends Shape, A extends number, With extends Shape> =
  true extends Unranked<S> ? Shape : number extends A ? Shape : SpliceRest<S, `${A}`, With>

/** `S` with the dimensions `With` before the axis `A` of the result. */
export type Insert<S extends Shape, A extends number, With extends Shape> =
  true extends Unranked<S>
    ? Shape
    : A extends 0
      ? readonly [...With, ...S]
      : A extends -1
        ? readonly [...S, ...With]
        : number extends A
          ? Shape
          : InsertRest<S, `${A}`, With>

type InsertRest<S extends Shape, Name extends string, With extends Shape, Before extends Shape = readonly []> =
  Name extends AxisNames<readonly [...S, 1], Before>
    ? readonly [...Before, ...With, ...S]
    : S extends readonly [infer H extends Dim, ...infer R extends Shape]
      ? InsertRest<R, Name, With, readonly [...Before, H]>
      : Shape

type AllAxes<S extends Shape, Before extends Shape = readonly []> = S extends readonly [
  infer H extends Dim,
  ...infer R extends Shape
]
  ? AxisNames<S, Before> | AllAxes<R, readonly [...Before, H]>
  : never

type AxisIn<A extends Axes> = A extends number ? A : A extends ReadonlyArray<number> ? A[number] : never

/** Nothing to ask where `S` has the axes `A`, else the reason that it has not. */
export type CheckAxes<S extends Shape, A extends Axes> =
  true extends Unranked<S>
    ? unknown
    : number extends AxisIn<A>
      ? unknown
      : [Exclude<`${AxisIn<A>}`, AllAxes<S>>] extends [never]
        ? unknown
        : ShapeMismatch<`${ShapeText<S>} has no axis ${Exclude<`${AxisIn<A>}`, AllAxes<S>>}`>

/** The shape of a reduction over `A`: without those axes, or with 1 in their place where `K` keeps them. */
export type Reduce<S extends Shape, A extends Axes, K extends boolean = false> = boolean extends K
  ? Shape
  : A extends undefined
    ? K extends true
      ? { readonly [I in keyof S]: 1 }
      : readonly []
    : Splice<S, AxisIn<A>, K extends true ? readonly [1] : readonly []>

/** `S` with every dimension unknown. */
export type Loose<S extends Shape> = { readonly [I in keyof S]: number }

/** The dimension of `S` at the axis `A`. */
export type At<S extends Shape, A extends number> =
  true extends Unranked<S> ? Dim : number extends A ? S[number] : AtRest<S, `${A}`>

type AtRest<S extends Shape, Name extends string, Before extends Shape = readonly []> = S extends readonly [
  infer H extends Dim,
  ...infer R extends Shape
]
  ? Name extends AxisNames<S, Before>
    ? H
    : AtRest<R, Name, readonly [...Before, H]>
  : never

/** Axis `i` of the result is axis `P[i]` of `S`. */
export type Transpose<S extends Shape, P extends ReadonlyArray<number>> = { readonly [I in keyof P]: At<S, P[I]> }

/** `S` from back to front. */
export type Reversed<S extends Shape, Out extends Shape = readonly []> =
  true extends Unranked<S>
    ? Shape
    : S extends readonly [infer H extends Dim, ...infer R extends Shape]
      ? Reversed<R, readonly [H, ...Out]>
      : Out

/** `S` with the axes `A` and `B` exchanged. */
export type SwapAxes<S extends Shape, A extends number, B extends number> =
  true extends Unranked<S>
    ? Shape
    : number extends A | B
      ? { readonly [I in keyof S]: S[number] }
      : SwapRest<S, readonly [`${A}`, At<S, B>], readonly [`${B}`, At<S, A>]>

type SwapRest<
  S extends Shape,
  A extends readonly [string, Dim],
  B extends readonly [string, Dim],
  Before extends Shape = readonly [],
  Out extends Shape = readonly []
> = S extends readonly [infer H extends Dim, ...infer R extends Shape]
  ? SwapRest<
      R,
      A,
      B,
      readonly [...Before, H],
      readonly [...Out, A[0] extends AxisNames<S, Before> ? A[1] : B[0] extends AxisNames<S, Before> ? B[1] : H]
    >
  : Out

/** `S` without its dimensions 1; the rank is open where a dimension is unknown. */
export type Squeeze<S extends Shape, Out extends Shape = readonly []> =
  true extends Unranked<S>
    ? Shape
    : S extends readonly [infer H extends Dim, ...infer R extends Shape]
      ? number extends H
        ? Shape
        : Squeeze<R, H extends 1 ? Out : readonly [...Out, H]>
      : Out

/** The shape asked of a reshape, where −1 stands for a dimension that follows from the others. */
export type Requested<S extends ReadonlyArray<number>> = { readonly [I in keyof S]: S[I] extends -1 ? number : S[I] }

/** Numbers or truth values in arrays of arrays. */
export type Nested = number | boolean | ReadonlyArray<Nested>

/** The shape of nested arrays, as far as their lengths are literal. */
export type NestedShape<A, Out extends Shape = readonly []> =
  A extends ReadonlyArray<infer E> ? (Nested extends E ? Shape : NestedShape<E, readonly [...Out, A["length"]]>) : Out
