/**
 * One generator per primitive: inputs away from kinks, and the application under test. Elements are odd multiples of
 * 1/32, so that none is 0, a tie, or within the step of a difference of one.
 */
import type { DType } from "@cotangent/tensor/DType"
import type { Op, Tensor } from "@cotangent/tensor/Primitive"
import * as Bilinear from "@cotangent/tensor/primitive/bilinear"
import * as Discrete from "@cotangent/tensor/primitive/discrete"
import * as Elementwise from "@cotangent/tensor/primitive/elementwise"
import * as Linear from "@cotangent/tensor/primitive/linear"
import * as Routine from "@cotangent/tensor/primitive/routine"
import * as Selection from "@cotangent/tensor/primitive/selection"
import * as Window from "@cotangent/tensor/primitive/window"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"
import { of } from "./numeric.ts"

/** A function and a point. */
export interface Case {
  readonly inputs: ReadonlyArray<Tensor>
  readonly apply: (inputs: ReadonlyArray<Tensor>) => ReadonlyArray<Tensor>
}

interface Domain {
  readonly from: number
  readonly to: number
}

const all: Domain = { from: -2, to: 2 }
const positive: Domain = { from: 0.25, to: 3 }

const shape: fc.Arbitrary<Dims> = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 })

/** Elements of `domain`, no two alike; `offset` keeps two tensors apart. */
const floats = (dims: Dims, { from, to }: Domain = all, offset = 0): fc.Arbitrary<Tensor> => {
  const count = size(dims)
  const places = { min: Math.ceil(from * 16), max: Math.floor(to * 16) - 1 }
  return fc.uniqueArray(fc.integer(places), { minLength: count, maxLength: count }).map((numbers) =>
    of(
      dims,
      numbers.map((k) => (2 * k + 1) / 32 + offset)
    )
  )
}

const integers = (dims: Dims, min: number, max: number, dtype: DType = "i32"): fc.Arbitrary<Tensor> =>
  fc
    .array(fc.integer({ min, max }), { minLength: size(dims), maxLength: size(dims) })
    .map((numbers) => of(dims, numbers, dtype))

type Axes = { readonly axes: Dims }

const unary = (op: (x: Tensor) => Tensor, domain: Domain = all): fc.Arbitrary<Case> =>
  shape.chain((dims) => floats(dims, domain)).map((x) => ({ inputs: [x], apply: ([x]) => [op(x)] }))

const binary = (op: Op<2>, left: Domain = all, right: Domain = all): fc.Arbitrary<Case> =>
  shape
    .chain((dims) => fc.tuple(floats(dims, left), floats(dims, right, 1 / 64)))
    .map(([x, y]) => ({ inputs: [x, y], apply: ([x, y]) => [op(x, y)] }))

const counting = (op: Op<2>, dtype: DType): fc.Arbitrary<Case> =>
  shape
    .chain((dims) => fc.tuple(integers(dims, 0, 9, dtype), integers(dims, 1, 5, dtype)))
    .map(([x, y]) => ({ inputs: [x, y], apply: ([x, y]) => [op(x, y)] }))

const reduction = (op: Op<1, Axes>): fc.Arbitrary<Case> =>
  shape
    .chain((dims) => fc.tuple(floats(dims), fc.subarray(dims.map((_, axis) => axis))))
    .map(([x, axes]) => ({ inputs: [x], apply: ([x]) => [op(x, { axes })] }))

const permutation = (rank: number): fc.Arbitrary<Dims> => {
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  return fc.shuffledSubarray(axes, { minLength: rank, maxLength: rank })
}

const extent = fc.integer({ min: 1, max: 3 })

const dotGeneral: fc.Arbitrary<Case> = fc
  .tuple(extent, extent, extent, extent, permutation(3), permutation(3))
  .chain(([b, i, j, k, left, right]) => {
    // Axes of the operands before they are shuffled: shared, free, contracted.
    const [x, y] = [left.map((axis) => [b, i, k][axis]), right.map((axis) => [b, j, k][axis])]
    const params: Bilinear.Contraction = {
      batch: [[left.indexOf(0)], [right.indexOf(0)]],
      contract: [[left.indexOf(2)], [right.indexOf(2)]]
    }
    return fc.tuple(floats(x), floats(y)).map((inputs) => ({
      inputs,
      apply: ([x, y]: ReadonlyArray<Tensor>) => [Bilinear.dotGeneral(x, y, params)]
    }))
  })

const where: fc.Arbitrary<Case> = shape
  .chain((dims) => fc.tuple(integers(dims, 0, 1, "bool"), floats(dims), floats(dims)))
  .map((inputs) => ({ inputs, apply: ([c, x, y]) => [Selection.where(c, x, y)] }))

const slice: fc.Arbitrary<Case> = fc
  .tuple(fc.nat(2), fc.nat(2), fc.integer({ min: 1, max: 3 }), extent)
  .chain(([start, after, step, count]) =>
    floats([start + (count - 1) * step + 1 + after, 2]).map((x) => ({
      inputs: [x],
      apply: ([x]: ReadonlyArray<Tensor>) => [
        Window.slice(x, { start: [start, 0], stop: [start + (count - 1) * step + 1, 2], step: [step, 1] })
      ]
    }))
  )

const pad: fc.Arbitrary<Case> = fc
  .tuple(floats([3, 2]), fc.tuple(fc.nat(2), fc.nat(2)), fc.tuple(fc.nat(2), fc.nat(2)), fc.tuple(fc.nat(2), fc.nat(2)))
  .map(([x, before, after, interior]) => ({
    inputs: [x],
    apply: ([x]) => [Window.pad(x, { before, after, interior })]
  }))

const concatenate: fc.Arbitrary<Case> = fc
  .tuple(floats([2, 2]), floats([1, 2]), floats([3, 2]))
  .map((inputs) => ({ inputs, apply: (xs) => [Window.concatenate(xs, { axis: 0 })] }))

const gather: fc.Arbitrary<Case> = fc
  .tuple(floats([3, 2]), integers([2, 2], -1, 4))
  .map((inputs) => ({ inputs, apply: ([x, indices]) => [Window.gather(x, indices)] }))

const scatterAdd: fc.Arbitrary<Case> = fc
  .tuple(floats([3, 2]), floats([4, 2]), integers([4], -1, 4))
  .map((inputs) => ({ inputs, apply: ([x, updates, indices]) => [Window.scatterAdd(x, updates, indices)] }))

const argSort = (descending: boolean): fc.Arbitrary<Case> =>
  floats([2, 4]).map((x) => ({ inputs: [x], apply: ([x]) => [Routine.argSort(x, { descending })] }))

const randomBits: fc.Arbitrary<Case> = fc
  .tuple(integers([2], 0, 1000, "u32"), integers([3, 2], 0, 9, "u32"))
  .map((inputs) => ({
    inputs,
    apply: ([key, counter]) => [
      Routine.randomBits(key, counter, { words: 1 }),
      Routine.randomBits(key, counter, { words: 2 })
    ]
  }))

/** Primitives that have a derivative, which central differences confirm. */
export const smooth: Record<string, fc.Arbitrary<Case>> = {
  add: binary(Linear.add),
  sub: binary(Linear.sub),
  neg: unary(Linear.neg),
  sum: reduction(Linear.sum),
  broadcast: floats([2, 3]).map((x) => ({
    inputs: [x],
    apply: ([x]) => [Linear.broadcast(x, { shape: [2, 4, 3, 1], axes: [1, 3] })]
  })),
  reshape: floats([2, 6]).map((x) => ({ inputs: [x], apply: ([x]) => [Linear.reshape(x, { shape: [3, 1, 4] })] })),
  transpose: fc.tuple(floats([2, 3, 4]), permutation(3)).map(([x, permutation]) => ({
    inputs: [x],
    apply: ([x]) => [Linear.transpose(x, { permutation })]
  })),
  reverse: reduction(Linear.reverse),
  mul: binary(Bilinear.mul),
  dotGeneral,
  div: binary(Elementwise.div, all, positive),
  sqrt: unary(Elementwise.sqrt, positive),
  exp: unary(Elementwise.exp),
  expm1: unary(Elementwise.expm1),
  log: unary(Elementwise.log, positive),
  log1p: unary(Elementwise.log1p, positive),
  sin: unary(Elementwise.sin),
  cos: unary(Elementwise.cos),
  tanh: unary(Elementwise.tanh),
  logistic: unary(Elementwise.logistic),
  atan2: binary(Elementwise.atan2, all, positive),
  pow: binary(Elementwise.pow, positive, all),
  erf: unary(Elementwise.erf),
  erfc: unary(Elementwise.erfc),
  erfInv: unary(Elementwise.erfInv, { from: -0.875, to: 0.875 }),
  lgamma: unary(Elementwise.lgamma, { from: 0.5, to: 3 }),
  polygamma: unary((x) => Elementwise.polygamma(x, { order: 1 }), { from: 1, to: 3 }),
  where,
  max: binary(Selection.max),
  min: binary(Selection.min),
  abs: unary(Selection.abs),
  reduceMax: reduction(Selection.reduceMax),
  reduceMin: reduction(Selection.reduceMin),
  slice,
  pad,
  concatenate,
  gather,
  scatterAdd,
  floor: unary(Discrete.floor),
  ceil: unary(Discrete.ceil),
  round: unary(Discrete.round),
  sign: unary(Discrete.sign)
}

/** Primitives whose value jumps, or whose derivative is not that of their value. */
export const discrete: Record<string, fc.Arbitrary<Case>> = {
  cast: unary((x) => Linear.cast(Linear.cast(x, { dtype: "f32" }), { dtype: "f64" })),
  "cast to integers": unary((x) => Linear.cast(x, { dtype: "i32" })),
  stopGradient: unary(Linear.stopGradient),
  equal: binary(Discrete.equal),
  less: binary(Discrete.less),
  lessEqual: binary(Discrete.lessEqual),
  quotient: counting(Discrete.quotient, "i32"),
  modulo: counting(Discrete.modulo, "i32"),
  and: counting(Discrete.and, "u32"),
  or: counting(Discrete.or, "u8"),
  xor: counting(Discrete.xor, "i32"),
  not: integers([3], 0, 1, "bool").map((x) => ({ inputs: [x], apply: ([x]) => [Discrete.not(x)] })),
  shiftLeft: counting(Discrete.shiftLeft, "u32"),
  shiftRight: counting(Discrete.shiftRight, "i32"),
  bitcast: integers([3], 0, 1000, "u32").map((x) => ({
    inputs: [x],
    apply: ([x]) => [Discrete.bitcast(x, { dtype: "f32" })]
  })),
  argSort: argSort(false),
  "argSort, descending": argSort(true),
  randomBits
}
