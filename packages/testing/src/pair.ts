/**
 * Functions beside others of the same meaning, and what they are given.
 */
import * as HostArray from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Tensor as AnyTensor } from "@cotangent/tensor/Primitive"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"

export type Vector = Tensor.Tensor<readonly [3], "f64">
export type Matrices = Tensor.Tensor<readonly [number, 2, 2], "f64">

/** What functions are given. */
export interface Point {
  readonly w: Vector
  readonly x: Vector
  readonly matrices: Matrices
}

export type Function1 = (point: Point) => unknown

/** A function twice. */
export interface Pair {
  readonly received: Function1
  readonly expected: Function1
  /** Has no reverse mode. */
  readonly isForward?: boolean
}

/** Numbers between −1 and 1 that follow no pattern. */
export const noise = (shape: Dims, seed: number): AnyTensor =>
  constant(
    HostArray.make(
      shape,
      "f64",
      Array.from({ length: size(shape) }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed))
    )
  )

/** The slices along the first axis. */
export const rowsOf = (xs: AnyTensor): ReadonlyArray<AnyTensor> =>
  Array.from({ length: xs.shape[0] }, (_, i) =>
    Tensor.reshape(Tensor.slice(xs, { start: [i], stop: [i + 1] }), xs.shape.slice(1))
  )
