/**
 * A function of tensors with arrays to call it with: what laws are about.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant, zeros } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import { size } from "@cotangent/tensor/Shape"

/** A function and its inputs. */
export interface Point {
  readonly apply: (inputs: ReadonlyArray<Tensor>) => ReadonlyArray<Tensor>
  readonly inputs: ReadonlyArray<HostArray>
  /** Inputs by which every output of floats has a derivative here. */
  readonly differentiable: ReadonlyArray<number>
}

/** A point with directions. */
export interface Directed extends Point {
  /** Where each differentiable input moves to; undefined where one stands still. */
  readonly tangents: ReadonlyArray<HostArray | undefined>
  /** Of each output; undefined where one is not of floats. */
  readonly cotangents: ReadonlyArray<HostArray | undefined>
  /** What the gradient is weighed with before it is differentiated again, for each differentiable input. */
  readonly weights: ReadonlyArray<HostArray>
}

/** The function at its point. */
export interface Opened {
  readonly all: ReadonlyArray<Tensor>
  /** The inputs that derivatives are taken by. */
  readonly free: ReadonlyArray<Tensor>
  readonly outputs: ReadonlyArray<Tensor>
}

/** Calls the function on its inputs. */
export const open = ({ apply, differentiable, inputs }: Point): Opened => {
  const all = inputs.map(constant)
  return { all, free: differentiable.map((i) => all[i]), outputs: apply(all) }
}

/** The outputs that have derivatives, by position. */
export const smoothOutputs = (outputs: ReadonlyArray<Tensor>): ReadonlyArray<number> =>
  outputs.flatMap(({ dtype }, i) => (DTypes.isFloat(dtype) ? [i] : []))

/** The values of derivatives, zeros where there are none. */
export const evaluateLike = (
  derivatives: ReadonlyArray<Tensor | undefined>,
  like: ReadonlyArray<Tensor>
): ReadonlyArray<HostArray> => Reference.evaluate(derivatives.map((x, i) => x ?? zeros(like[i])))

/** How many elements `tensors` have. */
export const countOf = (tensors: ReadonlyArray<{ readonly shape: ReadonlyArray<number> }>): number =>
  tensors.reduce((total, { shape }) => total + size(shape), 0)
