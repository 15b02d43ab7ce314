/**
 * Functions that keep the shape and dtype of a tensor, data-first and, in a pipe, data-last.
 */
import type { Float } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import type { Tensor } from "@cotangent/tensor/Tensor"
import { isTensor } from "@cotangent/tensor/Tensor"
import { dual } from "effect/Function"

/** Floats of which no more is known. */
export type Floats = Tensor<Shape, Float>

/** A function that keeps shape and dtype. */
export interface Pointwise {
  <S extends Shape, D extends Float>(self: Tensor<S, D>): Tensor<S, D>
}

/** A function that keeps shape and dtype, with options. */
export interface Adjustable<Options> {
  (options: Options): Pointwise
  <S extends Shape, D extends Float>(self: Tensor<S, D>, options?: Options): Tensor<S, D>
}

/** A function that keeps shape and dtype, with options of which some are needed. */
export interface Configured<Options> {
  (options: Options): Pointwise
  <S extends Shape, D extends Float>(self: Tensor<S, D>, options: Options): Tensor<S, D>
}

/** Whether a call is data-first. */
export const tensorFirst = (args: IArguments): boolean => isTensor(args[0])

/** Both forms of `rule`, which keeps the shape and the dtype of its argument. */
export const adjustable = <Options>(rule: (x: Floats, options: Partial<Options>) => Floats): Adjustable<Options> =>
  // What `rule` keeps, the signature says.
  dual(tensorFirst, (self: Floats, options: Partial<Options> = {}) => rule(self, options)) as Adjustable<Options>

/** The same where options are needed. */
export const configured = <Options>(rule: (x: Floats, options: Options) => Floats): Configured<Options> =>
  dual(2, rule) as Configured<Options>
