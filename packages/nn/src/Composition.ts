/**
 * The types of composed models: which shapes pass from one to the next, and the message where they do not.
 *
 * A dimension that is `number` or a shape of unknown rank passes; the operations check it when the expression is built.
 */
import type { Float } from "@cotangent/tensor/DType"
import type { Key } from "@cotangent/tensor/Random"
import type { Dim, Shape, ShapeMismatch } from "@cotangent/tensor/ShapeType"
import type { Tensor } from "@cotangent/tensor/Tensor"
import type { Outline } from "./internal/walk.ts"

/** A model of any type: what composition asks for before it looks closer. */
export interface AnyModel {
  readonly init: (key: Key) => { readonly params: unknown; readonly state: unknown }
  readonly train: (
    params: never,
    state: never,
    input: never,
    key: Key
  ) => {
    readonly output: unknown
    readonly state: unknown
  }
  readonly predict: (params: never, state: never, input: never) => unknown
  readonly outline?: Outline
}

/** A model whose output has the shape of its input, whatever that is as long as it ends in `Last`. */
export interface ShapePreserving<Params, State, Last extends Shape = readonly []> {
  readonly init: (key: Key) => { readonly params: Params; readonly state: State }
  readonly train: <L extends Shape, D extends Float>(
    params: Params,
    state: State,
    input: Tensor<readonly [...L, ...Last], D>,
    key: Key
  ) => { readonly output: Tensor<readonly [...L, ...Last], D>; readonly state: State }
  readonly predict: <L extends Shape, D extends Float>(
    params: Params,
    state: State,
    input: Tensor<readonly [...L, ...Last], D>
  ) => Tensor<readonly [...L, ...Last], D>
  /** What it is and what it is made of, for those who look inside. */
  readonly outline?: Outline
}

/** A model whose output has the shape of its input, `[batch, channels, …]`, with `C` channels. */
export interface ChannelPreserving<Params, State, C extends number> {
  readonly init: (key: Key) => { readonly params: Params; readonly state: State }
  readonly train: <B extends Dim, R extends Shape, D extends Float>(
    params: Params,
    state: State,
    input: Tensor<readonly [B, C, ...R], D>,
    key: Key
  ) => { readonly output: Tensor<readonly [B, C, ...R], D>; readonly state: State }
  readonly predict: <B extends Dim, R extends Shape, D extends Float>(
    params: Params,
    state: State,
    input: Tensor<readonly [B, C, ...R], D>
  ) => Tensor<readonly [B, C, ...R], D>
  /** What it is and what it is made of, for those who look inside. */
  readonly outline?: Outline
}

/** The parameters of a model that has none, and the state of one that keeps none. */
export type Empty = Readonly<Record<string, never>>

/** The parameters of `M`. */
export type ParamsOf<M extends AnyModel> = ReturnType<M["init"]>["params"]

/** The state of `M`. */
export type StateOf<M extends AnyModel> = ReturnType<M["init"]>["state"]

/** What `M` accepts. */
export type InputOf<M extends AnyModel> = Parameters<M["predict"]>[2]

/** What `M` gives for inputs it knows no more about than its own type says. */
export type OutputOf<M extends AnyModel> = ReturnType<M["predict"]>

/** What `M` gives for an input of type `I`: `I` itself where `M` preserves shapes. */
export type Through<I, M extends AnyModel> = Narrowed<I, OutputOf<M>, M["predict"] extends Endo<I> ? true : false>

type Endo<T> = (params: never, state: never, input: T) => T

type Narrowed<I, O, Preserved> = [O] extends [I] ? O : Preserved extends true ? I : O

/** `unknown` where an `O` can be given to what accepts an `I`, else a type that nothing has. */
export type Fits<O, I> = [O] extends [I]
  ? unknown
  : [O, I] extends [Tensor<infer A, infer D>, Tensor<infer B, infer E>]
    ? [D & E] extends [never]
      ? ShapeMismatch<`cannot feed ${D} into a model of ${E}`>
      : ShapeFits<A, B> extends true
        ? unknown
        : ShapeMismatch<`cannot feed ${ShapeText<A>} into a model of ${ShapeText<B>}`>
    : ShapeMismatch<"the output of the first model is no input of the second">

type DimFits<A, B> = [A] extends [B] ? true : number extends A | B ? true : false

/** Compares dimensions from the last one, as far as both shapes are known, then from the first one. */
type ShapeFits<A extends Shape, B extends Shape> = A extends readonly [...infer R extends Shape, infer X]
  ? B extends readonly [...infer S extends Shape, infer Y]
    ? DimFits<X, Y> extends true
      ? ShapeFits<R, S>
      : false
    : HeadFits<A, B>
  : A extends readonly []
    ? B extends readonly [...Shape, Dim]
      ? false
      : HeadFits<A, B>
    : HeadFits<A, B>

/** Compares dimensions from the first one, as far as both shapes are known. */
type HeadFits<A extends Shape, B extends Shape> = A extends readonly [infer X, ...infer R extends Shape]
  ? B extends readonly [infer Y, ...infer S extends Shape]
    ? DimFits<X, Y> extends true
      ? HeadFits<R, S>
      : false
    : B extends readonly []
      ? false
      : true
  : A extends readonly []
    ? B extends readonly [Dim, ...Shape]
      ? false
      : true
    : true

type DimText<D> = [D] extends [string] ? D : number extends D ? "?" : [D] extends [number] ? `${D}` : "?"

type Texts<S extends Shape, Text extends string = ""> = S extends readonly []
  ? Text
  : S extends readonly [...infer R extends Shape, infer D]
    ? Texts<R, Text extends "" ? DimText<D> : `${DimText<D>}, ${Text}`>
    : Text extends ""
      ? HeadTexts<S>
      : `${HeadTexts<S>}, ${Text}`

/** The dimensions before an open end. */
type HeadTexts<S extends Shape> = S extends readonly [infer D, ...infer R extends Shape]
  ? `${DimText<D>}, ${HeadTexts<R>}`
  : "..."

/** A shape as text: `[?, 784]`. */
export type ShapeText<S extends Shape> = `[${Texts<S>}]`

/** A layer of `sequential`: a named model, a model without parameters and state, or a function. */
export type Entry = readonly [name: string, model: AnyModel] | Bare | ((input: never) => unknown)

/** A model that needs no name because it has neither parameters nor state. */
export interface Bare extends AnyModel {
  readonly init: (key: Key) => { readonly params: Empty; readonly state: Empty }
}

type EntryInput<E> = E extends readonly [string, infer M extends AnyModel]
  ? InputOf<M>
  : E extends AnyModel
    ? InputOf<E>
    : E extends (input: infer I) => unknown
      ? I
      : never

type EntryOutput<I, E> = E extends readonly [string, infer M extends AnyModel]
  ? Through<I, M>
  : E extends AnyModel
    ? Through<I, E>
    : E extends (input: never) => infer O
      ? Narrowed<I, O, E extends (input: I) => I ? true : false>
      : never

/** What the first of `layers` accepts. */
export type FirstInput<L> = L extends readonly [infer E, ...ReadonlyArray<unknown>] ? EntryInput<E> : never

/** What the last of `layers` gives when the first receives an `I`. */
export type LastOutput<I, L> = L extends readonly [infer E, ...infer R] ? LastOutput<EntryOutput<I, E>, R> : I

/** For each layer, `unknown` where it accepts what the layers before it give. */
export type EntriesFit<I, L, Checked extends ReadonlyArray<unknown> = readonly []> = L extends readonly [
  infer E,
  ...infer R
]
  ? EntriesFit<
      EntryOutput<I, E>,
      R,
      readonly [...Checked, E extends (input: I) => unknown ? unknown : Fits<I, EntryInput<E>>]
    >
  : Checked

/** The parameters or states of the named layers. */
export type Named<L extends ReadonlyArray<unknown>, Part extends "params" | "state"> = {
  readonly [E in L[number] as E extends readonly [infer N extends string, AnyModel] ? N : never]: E extends readonly [
    string,
    infer M extends AnyModel
  ]
    ? ReturnType<M["init"]>[Part]
    : never
}
