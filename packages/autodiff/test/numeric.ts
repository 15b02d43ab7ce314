import * as DTypes from "@cotangent/tensor/DType"
import type { DType } from "@cotangent/tensor/DType"
import * as HostArray from "@cotangent/tensor/HostArray"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { constant, zeros } from "@cotangent/tensor/primitive/leaf"
import { broadcast, reshape } from "@cotangent/tensor/primitive/linear"
import { slice } from "@cotangent/tensor/primitive/window"
import * as Reference from "@cotangent/tensor/Reference"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import { assert } from "vitest"

/** A tensor of `shape` that holds `values`. */
export const of = (shape: Dims, values: ReadonlyArray<number>, dtype: DType = "f64"): Tensor =>
  constant(HostArray.make(shape, dtype, values))

/** The elements of each tensor. */
export const values = (tensors: ReadonlyArray<Tensor>): ReadonlyArray<ReadonlyArray<number>> =>
  Reference.evaluate(tensors).map(({ data }) => [...data])

/** The sum of products of float elements; integers and what is zero count for nothing. */
export const dot = (xs: ReadonlyArray<Cotangent>, ys: ReadonlyArray<Cotangent>): number => {
  const pairs = xs.flatMap((x, i) => {
    const y = ys[i]
    return x === undefined || y === undefined || !DTypes.isFloat(x.dtype) ? [] : [[x, y] as const]
  })
  const all = values(pairs.flat())
  return pairs.reduce((sum, _, i) => sum + all[2 * i].reduce((part, x, k) => part + x * all[2 * i + 1][k], 0), 0)
}

/** Holds where `actual` is within `tolerance` of `expected`, relative to the larger of 1 and their magnitude. */
export const assertNear = (actual: number, expected: number, tolerance: number, what = "value"): void => {
  const scale = Math.max(1, Math.abs(expected), Math.abs(actual))
  assert.isAtMost(Math.abs(actual - expected) / scale, tolerance, `${what}: ${actual} is not close to ${expected}`)
}

/** Holds where all elements of `actual` are close to those of `expected`, and the shapes are equal. */
export const assertClose = (
  actual: ReadonlyArray<Tensor>,
  expected: ReadonlyArray<Tensor>,
  tolerance = 1e-10
): void => {
  assert.deepStrictEqual(
    actual.map(({ dtype, shape }) => ({ dtype, shape: [...shape] })),
    expected.map(({ dtype, shape }) => ({ dtype, shape: [...shape] }))
  )
  const [left, right] = [values(actual), values(expected)]
  left.forEach((row, i) =>
    row.forEach((x, k) => same(x, right[i][k]) || assertNear(x, right[i][k], tolerance, `[${i}][${k}]`))
  )
}

const same = (x: number, y: number): boolean => Object.is(x, y) || x === y

/** Zeros where there is nothing. */
export const filled = (cotangents: ReadonlyArray<Cotangent>, types: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> =>
  cotangents.map((cotangent, i) => cotangent ?? zeros(types[i]))

/** Slice `k` along the first axis. */
export const row = (x: Tensor, k: number): Tensor => {
  const rest = x.shape.slice(1)
  const one = slice(x, { start: [k, ...rest.map(() => 0)], stop: [k + 1, ...rest], step: x.shape.map(() => 1) })
  return reshape(one, { shape: rest })
}

/** `x` once for each of `count` examples. */
export const repeat = (x: Tensor, count: number): Tensor => broadcast(x, { shape: [count, ...x.shape], axes: [0] })

/** Deterministic numbers between −1 and 1 that follow no pattern. */
export const noise = (shape: Dims, seed: number): Tensor =>
  of(
    shape,
    Array.from({ length: size(shape) }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed))
  )
