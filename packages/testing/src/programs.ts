/**
 * Arbitrary programs: chains of element-wise functions, reductions, rows normalized, contractions, movement, rows by
 * number. Every value stays moderate and depends continuously on the inputs, so that devices that round differently agree.
 */
import { checkpoint } from "@cotangent/autodiff/Checkpoint"
import type { Truth } from "@cotangent/autodiff/Control"
import { cond } from "@cotangent/autodiff/Control"
import { scan } from "@cotangent/autodiff/Scan"
import { dotGeneral, mul } from "@cotangent/tensor/primitive/bilinear"
import { less } from "@cotangent/tensor/primitive/discrete"
import { cos, div, exp, log1p, logistic, sin, sqrt, tanh } from "@cotangent/tensor/primitive/elementwise"
import { full, iota } from "@cotangent/tensor/primitive/leaf"
import { add, broadcast, neg, reshape, reverse, sub, sum, transpose } from "@cotangent/tensor/primitive/linear"
import { argSort } from "@cotangent/tensor/primitive/routine"
import { abs, max, min, reduceMax, where } from "@cotangent/tensor/primitive/selection"
import { concatenate, gather, pad, scatterAdd, slice } from "@cotangent/tensor/primitive/window"
import type { Tensor } from "@cotangent/tensor/Primitive"
import type { Dims } from "@cotangent/tensor/Shape"
import { equals, size, without } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"
import * as Arrays from "@cotangent/gradcheck/arrays"
import type { Signature } from "./Case.ts"

/** One step of a program: `x` and `y` are earlier tensors, `choice` picks axes and extents. */
type Move = (x: Tensor, y: Tensor, choice: number) => Tensor

const fill = (x: Tensor, value: number): Tensor => full({ shape: x.shape, dtype: x.dtype, value })
const scale = (x: Tensor, factor: number): Tensor => mul(x, fill(x, factor))
const square = (x: Tensor): Tensor => mul(x, x)

/** `y` under the shape of `x`: repeated along leading axes where it can be, else its mean. */
const like = (x: Tensor, y: Tensor): Tensor => {
  const leading = x.shape.length - y.shape.length
  if (leading >= 0 && equals(x.shape.slice(leading), y.shape)) {
    return leading === 0 ? y : broadcast(y, { shape: x.shape, axes: Arrays.range(leading) })
  }
  return broadcast(mean(y, Arrays.range(y.shape.length)), { shape: x.shape, axes: Arrays.range(x.shape.length) })
}

const binary =
  (f: (x: Tensor, y: Tensor) => Tensor): Move =>
  (x, y) =>
    f(x, like(x, y))

const mean = (x: Tensor, axes: Dims): Tensor => {
  const row = sum(x, { axes })
  return scale(row, size(row.shape) / Math.max(size(x.shape), 1))
}

/** The axis that `choice` names; scalars are given one. */
const withAxis =
  (f: (x: Tensor, axis: number, choice: number) => Tensor): Move =>
  (x, _, choice) =>
    x.shape.length === 0
      ? f(reshape(x, { shape: [1] }), 0, choice)
      : f(x, choice % x.shape.length, Math.floor(choice / x.shape.length))

const spread = (row: Tensor, x: Tensor, axis: number): Tensor => broadcast(row, { shape: x.shape, axes: [axis] })

const softmax = withAxis((x, axis) => {
  const e = exp(sub(x, spread(reduceMax(x, { axes: [axis] }), x, axis)))
  return div(e, spread(sum(e, { axes: [axis] }), x, axis))
})

const normalize = withAxis((x, axis) => {
  const centered = sub(x, spread(mean(x, [axis]), x, axis))
  const variance = mean(square(centered), [axis])
  return div(centered, sqrt(add(spread(variance, x, axis), fill(x, 0.1))))
})

/** `x · yᵀ` over their last axes, or `x · xᵀ` where these differ; divided by the number of terms. */
const contract: Move = (x, y) => {
  const row = x.shape.length === 0 ? reshape(x, { shape: [1] }) : x
  const last = row.shape.length - 1
  const other = y.shape.length > 0 && y.shape.at(-1) === row.shape[last] ? y : row
  const product = dotGeneral(row, other, { contract: [[last], [other.shape.length - 1]], batch: [[], []] })
  return scale(product, 1 / Math.max(row.shape[last], 1))
}

/** The products of all rows of a matrix, for each index of the first axis. */
const contractBatch: Move = (x) => {
  const last = x.shape.length - 1
  if (last < 1) return square(x)
  const product = dotGeneral(x, tanh(x), { contract: [[last], [last]], batch: [[0], [0]] })
  return scale(product, 1 / x.shape[last])
}

const window =
  (choose: (extent: number, choice: number) => readonly [start: number, stop: number, step: number]) =>
  (x: Tensor, axis: number, choice: number): Tensor => {
    const [start, stop, step] = choose(x.shape[axis], choice)
    return slice(x, {
      start: x.shape.map((_, k) => (k === axis ? start : 0)),
      stop: x.shape.map((extent, k) => (k === axis ? stop : extent)),
      step: x.shape.map((_, k) => (k === axis ? step : 1))
    })
  }

const at = (x: Tensor, axis: number, amount: number): Dims => x.shape.map((_, k) => (k === axis ? amount : 0))

/** A recurrence over the rows of the first axis, forward or backward: its last state, or all of them by their rows. */
const recur = withAxis((x, _, choice) => {
  const start = full({ shape: x.shape.slice(1), dtype: x.dtype, value: 0.5 })
  const step = (state: Tensor, row: Tensor): readonly [Tensor, Tensor] => {
    const next = tanh(add(scale(state, 0.5), row))
    return [next, mul(state, row)]
  }
  const [last, items] = scan(step, start, x, { reverse: choice % 4 > 1 })
  return choice % 2 === 0 ? last : items
})

/** `tanh`, by one of two formulas: the choice depends on all elements, the value does not depend on the choice. */
const choose: Move = (x) => {
  // The mean of all axes is a scalar.
  const isNegative = less(mean(x, Arrays.range(x.shape.length)), full({ shape: [], dtype: x.dtype, value: 0 })) as Truth
  return cond(
    isNegative,
    (y) => tanh(y),
    (y) => sub(scale(logistic(scale(y, 2)), 2), fill(y, 1)),
    x
  )
}

/** Two rounds of what its derivative computes again. */
const again: Move = (x) => {
  const round = (y: Tensor): Tensor => tanh(add(sin(y), square(scale(y, 0.3))))
  return checkpoint((y: Tensor) => round(round(y)))(x)
}

/** Row numbers `choice, choice + 3, …` of the first axis. */
const rowNumbers = (x: Tensor, count: number, choice: number): Tensor => {
  const positions = iota({ shape: [count], dtype: "i32" })
  const scaled = mul(positions, full({ shape: [count], dtype: "i32", value: 3 }))
  const shifted = add(scaled, full({ shape: [count], dtype: "i32", value: choice % 5 }))
  // Indices past the end are clamped.
  return min(shifted, full({ shape: [count], dtype: "i32", value: x.shape[0] }))
}

/** Moves that have a derivative everywhere. */
const smooth = {
  tanh,
  sin,
  cos,
  logistic,
  neg,
  half: (x) => scale(x, 0.5),
  gaussian: (x) => exp(neg(square(x))),
  log: (x) => log1p(square(x)),
  root: (x) => sqrt(add(square(x), fill(x, 0.5))),
  add: binary((x, y) => scale(add(x, y), 0.6)),
  sub: binary((x, y) => scale(sub(x, y), 0.6)),
  mul: binary((x, y) => mul(x, tanh(y))),
  div: binary((x, y) => div(x, add(square(y), fill(y, 1)))),
  mean: withAxis((x, axis) => mean(x, [axis])),
  meanOfAll: (x) => mean(x, Arrays.range(x.shape.length)),
  softmax,
  normalize,
  contract,
  contractBatch,
  transpose: withAxis((x, axis) =>
    transpose(x, { permutation: [axis, ...without(Arrays.range(x.shape.length), [axis])] })
  ),
  reverse: withAxis((x, axis) => reverse(x, { axes: [axis] })),
  flatten: (x) => reshape(x, { shape: [size(x.shape)] }),
  column: (x) => reshape(x, { shape: [size(x.shape), 1] }),
  repeat: (x, _, choice) => broadcast(x, { shape: [2 + (choice % 3), ...x.shape], axes: [0] }),
  slice: withAxis(window((extent, choice) => [extent > 1 ? 1 : 0, extent, 1 + (choice % 2)])),
  pad: withAxis((x, axis, choice) =>
    pad(x, { before: at(x, axis, 1), after: at(x, axis, 2), interior: at(x, axis, choice % 2) })
  ),
  concatenate: withAxis((x, axis) => concatenate([x, tanh(x)], { axis })),
  gather: withAxis((x, _, choice) => gather(x, rowNumbers(x, 1 + (choice % 4), choice))),
  recur,
  choose,
  again,
  scatterAdd: withAxis((x, _, choice) => scale(scatterAdd(x, x, rowNumbers(x, x.shape[0], choice)), 1 / x.shape[0]))
} satisfies Readonly<Record<string, Move>>

/** All moves: those of which some places have no derivative, too. */
const moves: Readonly<Record<string, Move>> = {
  ...smooth,
  abs,
  max: binary(max),
  min: binary(min),
  where: binary((x, y) => where(less(x, y), y, x)),
  reduceMax: withAxis((x, axis) => reduceMax(x, { axes: [axis] })),
  sort: (x) => {
    const flat = reshape(x, { shape: [size(x.shape)] })
    return gather(flat, argSort(flat, { descending: false }))
  }
}

interface Step {
  readonly move: string
  readonly x: number
  readonly y: number
  readonly choice: number
}

/** Tensors beyond this many elements or this rank are not built on. */
const isModest = ({ shape }: Tensor): boolean => size(shape) <= 2000 && shape.length <= 4

const run = (steps: ReadonlyArray<Step>, inputs: ReadonlyArray<Tensor>): Tensor => {
  const pool = [...inputs]
  for (const { choice, move, x, y } of steps) {
    const next = moves[move](pool[pool.length - 1 - (x % pool.length)], pool[y % pool.length], choice)
    if (isModest(next)) pool.push(next)
  }
  return pool[pool.length - 1]
}

const stepsOf = (names: ReadonlyArray<string>): fc.Arbitrary<ReadonlyArray<Step>> =>
  fc.array(
    fc.record({
      move: fc.constantFrom(...names),
      // The last tensor most often, so that chains grow.
      x: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(9) }),
      y: fc.nat(9),
      choice: fc.nat(11)
    }),
    { minLength: 1, maxLength: 12 }
  )

/** What a generator of programs can be told. */
export interface Options {
  /** Leaves out what has no derivative somewhere. */
  readonly isSmooth?: boolean
  /** Extents of axes; around the widths of vectors unless stated. */
  readonly extents?: ReadonlyArray<number>
  /** The most elements of an input. */
  readonly largest?: number
}

/** Arbitrary programs of three inputs, of which the second has the shape of a row of the others. */
export const programs = ({
  extents = [1, 2, 3, 4, 5, 8, 9, 16, 17],
  isSmooth = false,
  largest = 600
}: Options = {}): fc.Arbitrary<Signature> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...extents), { maxLength: 3 }).filter((shape) => size(shape) <= largest),
      stepsOf(Object.keys(isSmooth ? smooth : moves))
    )
    .map(([shape, steps]) => ({
      name: steps.map(({ choice, move, x, y }) => `${move}[${x}, ${y}, ${choice}]`).join(" "),
      inputs: [shape, shape.slice(1), shape].map((s) => Arrays.array(s, "f64", Arrays.reals)),
      apply: (inputs) => run(steps, inputs),
      differentiable: [0, 1, 2]
    }))
