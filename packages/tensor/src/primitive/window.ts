/**
 * Linear operations that select or place parts of a tensor: slice ⇄ pad, concatenate, gather ⇄ scatterAdd.
 */
import { DTypeError, ShapeError } from "../errors.ts"
import { make } from "../HostArray.ts"
import type { HostArray } from "../HostArray.ts"
import type { Op, Tensor } from "../Primitive.ts"
import * as Scalar from "../Scalar.ts"
import type { Dims } from "../Shape.ts"
import { equals, size } from "../Shape.ts"
import * as Affine from "../Affine.ts"
import { mul } from "./bilinear.ts"
import { full, iota, zeros } from "./leaf.ts"
import { add, batched, broadcast, cast, linear, reshape, sameType } from "./linear.ts"
import { max, min } from "./selection.ts"
import { clampIndex } from "../internal/clampIndex.ts"

/** Where a slice begins and ends on each axis, and its step. */
export interface Window {
  readonly start: Dims
  readonly stop: Dims
  readonly step: Dims
}

/** Zeros put before, after and between the elements of each axis. */
export interface Padding {
  readonly before: Dims
  readonly after: Dims
  readonly interior: Dims
}

/** Elements `start, start + step, …` below `stop` of each axis. Adjoint: `pad`. */
export const slice: Op<1, Window> = linear({
  name: "slice",
  arity: 1,
  type: ([x], { start, step, stop }) => ({
    shape: x.shape.map((_, axis) => Math.max(0, Math.ceil((stop[axis] - start[axis]) / step[axis]))),
    dtype: x.dtype
  }),
  element: ([x], index, { start, step }) =>
    x.at(index.map((i, axis) => Scalar.add(Scalar.mul(i, Scalar.constant(step[axis])), Scalar.constant(start[axis])))),
  adjoint: ({ inputs: [x], output, params: { start, step }, cotangent }) => [
    pad(cotangent, {
      before: x.shape.map((_, axis) => (output.shape[axis] === 0 ? 0 : start[axis])),
      interior: step.map((s) => s - 1),
      after: x.shape.map((extent, axis) =>
        output.shape[axis] === 0 ? extent : extent - start[axis] - (output.shape[axis] - 1) * step[axis] - 1
      )
    })
  ],
  batch: ({ inputs: [x], params: { start, step, stop }, size }) =>
    slice(x, { start: [0, ...start], stop: [size, ...stop], step: [1, ...step] }),
  simplify: ({ inputs: [x], output, params: { step } }) =>
    equals(x.shape, output.shape) && step.every((s) => s === 1) ? x : undefined
})

const spread = (extent: number, interior: number): number => (extent === 0 ? 0 : (extent - 1) * (interior + 1) + 1)

/** `x` with zeros around and between its elements. Adjoint: `slice`. */
export const pad: Op<1, Padding> = linear({
  name: "pad",
  arity: 1,
  type: ([x], { after, before, interior }) => ({
    shape: x.shape.map((extent, axis) => before[axis] + spread(extent, interior[axis]) + after[axis]),
    dtype: x.dtype
  }),
  element: ([x], index, { before, interior, after }) => {
    const zero = Scalar.constant(0, x.dtype)
    if (size(x.shape) === 0) return zero
    let inside: Scalar.Scalar | undefined
    const require = (condition: Scalar.Scalar): void => {
      inside = inside === undefined ? condition : Scalar.and(inside, condition)
    }
    const places = index.map((i, axis) => {
      const extent = spread(x.shape[axis], interior[axis])
      if (before[axis] === 0 && after[axis] === 0 && interior[axis] === 0) return i
      const shifted = Affine.toScalar(Affine.of(Scalar.sub(i, Scalar.constant(before[axis]))))
      if (before[axis] > 0) require(Scalar.lessEqual(Scalar.constant(before[axis]), i))
      if (after[axis] > 0) require(Scalar.less(shifted, Scalar.constant(extent)))
      const position = clampIndex(shifted, extent)
      if (interior[axis] === 0) return position
      require(Scalar.equal(Affine.remainder(position, interior[axis] + 1), Scalar.constant(0)))
      return Affine.quotient(position, interior[axis] + 1)
    })
    const value = x.at(places)
    return inside === undefined ? value : Scalar.select(inside, value, zero)
  },
  adjoint: ({ inputs: [x], params: { before, interior }, cotangent }) => [
    slice(cotangent, {
      start: before,
      stop: x.shape.map((extent, axis) => before[axis] + spread(extent, interior[axis])),
      step: interior.map((i) => i + 1)
    })
  ],
  batch: ({ inputs: [x], params: { after, before, interior } }) =>
    pad(x, { before: [0, ...before], after: [0, ...after], interior: [0, ...interior] }),
  simplify: ({ inputs: [x], output }) => (equals(x.shape, output.shape) ? x : undefined)
})

/** The inputs one after the other along `axis`. Adjoint: slices. */
export const concatenate: Op<"many", { readonly axis: number }> = linear({
  name: "concatenate",
  arity: "many",
  type: (inputs, { axis }) => {
    const rest = (shape: Dims): Dims => shape.map((extent, k) => (k === axis ? 0 : extent))
    if (inputs.some((x) => !equals(rest(x.shape), rest(inputs[0].shape)))) {
      throw new ShapeError({
        operation: "concatenate",
        expected: `shapes that differ along axis ${axis} only`,
        received: inputs.map((x) => x.shape)
      })
    }
    const { dtype } = sameType(
      "concatenate",
      inputs.map((x) => ({ dtype: x.dtype, shape: [] }))
    )
    const total = inputs.reduce((sum, x) => sum + x.shape[axis], 0)
    return { shape: inputs[0].shape.map((extent, k) => (k === axis ? total : extent)), dtype }
  },
  element: (inputs, index, { axis }) => {
    const present = inputs.filter((x) => x.shape[axis] > 0)
    let end = present.reduce((sum, x) => sum + x.shape[axis], 0)
    let value: Scalar.Scalar | undefined
    for (const x of present.toReversed()) {
      const start = (end -= x.shape[axis])
      const shifted = Affine.toScalar(Affine.of(Scalar.sub(index[axis], Scalar.constant(start))))
      const place = present.length === 1 ? shifted : clampIndex(shifted, x.shape[axis])
      const here = x.at(index.map((i, k) => (k === axis ? place : i)))
      const next = start + x.shape[axis]
      value = value === undefined ? here : Scalar.select(Scalar.less(index[axis], Scalar.constant(next)), here, value)
    }
    return value ?? Scalar.constant(0, inputs[0].dtype)
  },
  adjoint: ({ inputs, params: { axis }, cotangent }) => {
    let end = 0
    return inputs.map((x) => {
      const start = end
      end += x.shape[axis]
      return slice(cotangent, {
        start: x.shape.map((_, k) => (k === axis ? start : 0)),
        stop: x.shape.map((extent, k) => (k === axis ? start + x.shape[axis] : extent)),
        step: x.shape.map(() => 1)
      })
    })
  },
  batch: ({ params: { axis }, ...rule }) => concatenate(batched(rule), { axis: axis + 1 }),
  simplify: ({ inputs }) => (inputs.length === 1 ? inputs[0] : undefined)
})

const integral = (operation: string, indices: { readonly dtype: string }): void => {
  if (indices.dtype !== "i32" && indices.dtype !== "u32" && indices.dtype !== "u8") {
    throw new DTypeError({
      operation,
      expected: "integer indices",
      received: [indices.dtype as never],
      hint: 'convert them with cast(indices, "i32")'
    })
  }
}

/** Indices that look into the rows of their own example: example `b` into rows `b·n … (b + 1)·n`. */
const withinExample = (indices: Tensor, examples: number, rows: number): Tensor => {
  const type = { shape: indices.shape, dtype: "i32" } as const
  const clamped = min(
    max(cast(indices, { dtype: "i32" }), zeros(type)),
    full({ ...type, value: Math.max(rows - 1, 0) })
  )
  const starts = mul(iota({ shape: [examples], dtype: "i32" }), full({ shape: [examples], dtype: "i32", value: rows }))
  return add(clamped, broadcast(starts, { shape: indices.shape, axes: indices.shape.map((_, axis) => axis).slice(1) }))
}

/**
 * Rows of `x` by number: `[n, …rest]`, indices `[…i]` → `[…i, …rest]`. Indices are clamped to `[0, n)`.
 * Adjoint: `scatterAdd`.
 */
export const gather: Op<2> = linear({
  name: "gather",
  arity: 2,
  linearIn: 1,
  type: ([x, indices]) => {
    integral("gather", indices)
    return { shape: [...indices.shape, ...x.shape.slice(1)], dtype: x.dtype }
  },
  element: ([x, indices], index) => {
    const rank = indices.shape.length
    const row = Scalar.cast(indices.at(index.slice(0, rank)), "i32")
    return x.at([clampIndex(row, x.shape[0]), ...index.slice(rank)])
  },
  adjoint: ({ inputs: [x, indices], cotangent }) => [scatterAdd(zeros(x), cotangent, indices), undefined],
  batch: ({ inputs: [x, indices], mapped: [xMapped, indicesMapped], size }) => {
    if (!xMapped) return gather(x, indices)
    const [rows, ...rest] = x.shape.slice(1)
    const flat = reshape(x, { shape: [size * rows, ...rest] })
    const [all] = batched({ inputs: [indices], mapped: [indicesMapped], size })
    return gather(flat, withinExample(all, size, rows))
  }
})

/**
 * `x` plus each row of `updates` at the row that `indices` name; repeats add up.
 * `x: [n, …rest]`, `updates: […i, …rest]`, `indices: […i]` → `[n, …rest]`. Indices are clamped to `[0, n)`.
 * Adjoint: the cotangent itself, and `gather` of it.
 */
export const scatterAdd: Op<3> = linear({
  name: "scatterAdd",
  arity: 3,
  linearIn: 2,
  type: ([x, updates, indices]) => {
    integral("scatterAdd", indices)
    if (!equals(updates.shape, [...indices.shape, ...x.shape.slice(1)])) {
      throw new ShapeError({
        operation: "scatterAdd",
        expected: "updates of shape [...indices, ...rows]",
        received: [updates.shape, indices.shape, x.shape]
      })
    }
    return sameType("scatterAdd", [
      { shape: x.shape, dtype: x.dtype },
      { shape: x.shape, dtype: updates.dtype }
    ])
  },
  routine: ([x, updates, indices]) => addRows(x, updates, indices),
  adjoint: ({ inputs: [, , indices], cotangent }) => [cotangent, gather(cotangent, indices), undefined],
  batch: ({ size, ...rule }) => {
    const [x, updates, indices] = batched({ ...rule, size })
    const [rows, ...rest] = x.shape.slice(1)
    const flat = reshape(x, { shape: [size * rows, ...rest] })
    return reshape(scatterAdd(flat, updates, withinExample(indices, size, rows)), { shape: x.shape })
  }
})

const addRows = (x: HostArray, updates: HostArray, indices: HostArray): HostArray => {
  const width = size(x.shape.slice(1))
  const sums = Float64Array.from(x.data)
  indices.data.forEach((index, i) => {
    const row = Math.min(Math.max(index, 0), x.shape[0] - 1)
    for (let j = 0; j < width; j++) sums[row * width + j] += updates.data[i * width + j]
  })
  return make(x.shape, x.dtype, sums)
}
