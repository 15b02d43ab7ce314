/**
 * Arbitrary applications of every primitive, with inputs from its domain. Laws are tested on them.
 *
 * The record is total: a primitive without a row does not compile.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Bilinear from "@cotangent/tensor/primitive/bilinear"
import * as Convolution from "@cotangent/tensor/primitive/convolution"
import * as Discrete from "@cotangent/tensor/primitive/discrete"
import * as Elementwise from "@cotangent/tensor/primitive/elementwise"
import * as Leaf from "@cotangent/tensor/primitive/leaf"
import * as Linalg from "@cotangent/tensor/primitive/linalg"
import * as Linear from "@cotangent/tensor/primitive/linear"
import * as PseudoInverse from "@cotangent/tensor/primitive/pseudoInverse"
import * as Routine from "@cotangent/tensor/primitive/routine"
import * as Selection from "@cotangent/tensor/primitive/selection"
import * as Window from "@cotangent/tensor/primitive/window"
import type { AnyPrimitive, Arity, Op } from "@cotangent/tensor/Primitive"
import { size, without, type Dims } from "@cotangent/tensor/Shape"
import * as fc from "fast-check"
import * as Arrays from "@cotangent/gradcheck/arrays"
import { draw, signature, type Case, type Signature } from "./Case.ts"
import { factorizations } from "./factorizations.ts"
import { convolutions, overlaps, windows as allWindows } from "./convolutions.ts"

/** The modules that declare primitives, by file name. */
export const modules = {
  bilinear: Bilinear,
  convolution: Convolution,
  discrete: Discrete,
  elementwise: Elementwise,
  leaf: Leaf,
  linalg: Linalg,
  linear: Linear,
  pseudoInverse: PseudoInverse,
  routine: Routine,
  selection: Selection,
  window: Window
}

type Operations<M> = { [K in keyof M]: M[K] extends { readonly primitive: AnyPrimitive } ? K : never }[keyof M]

/** The names under which primitives are exported. */
export type PrimitiveName = { [K in keyof typeof modules]: Operations<(typeof modules)[K]> }[keyof typeof modules]

// --- one element at a time

/** Operands of one shape. */
type Operands = (shape: Dims) => fc.Arbitrary<Pick<Signature, "inputs" | "differentiable">>

/** Numbers at which there is a derivative. */
const smooth =
  (...entries: ReadonlyArray<fc.Arbitrary<number>>): Operands =>
  (shape) =>
    fc.constant({
      inputs: entries.map((entry) => Arrays.array(shape, "f64", entry)),
      differentiable: Arrays.range(entries.length)
    })

/** Numbers at some of which there is no derivative. */
const rough =
  (...entries: ReadonlyArray<fc.Arbitrary<number>>): Operands =>
  (shape) =>
    smooth(...entries)(shape).map(({ inputs }) => ({ inputs, differentiable: [] }))

type Counting = keyof typeof Arrays.counts
const integers: ReadonlyArray<Counting> = ["i32", "u32", "u8"]
const bits: ReadonlyArray<Counting> = [...integers, "bool"]

/** `arity` operands of one of `dtypes`. */
const counted =
  (arity: number, dtypes: ReadonlyArray<Counting>): Operands =>
  (shape) =>
    fc.constantFrom(...dtypes).map((dtype) => ({
      inputs: Arrays.range(arity).map(() => Arrays.array(shape, dtype, Arrays.counts[dtype])),
      differentiable: []
    }))

const pointwise = <N extends Arity>(op: Op<N>, ...kinds: ReadonlyArray<Operands>): fc.Arbitrary<Signature> =>
  fc
    .tuple(Arrays.shape, fc.constantFrom(...kinds))
    .chain(([shape, operands]) => operands(shape))
    .map(({ differentiable, inputs }) => signature(op, undefined, inputs, differentiable))

const { betweenHalves, fractions, halves, nonzeros, positives, reals, specials } = Arrays
const comparison = (op: Op<2>): fc.Arbitrary<Signature> =>
  pointwise(op, rough(reals, reals), rough(halves, halves), rough(specials, specials), counted(2, bits))
const rounding = (op: Op<1>): fc.Arbitrary<Signature> =>
  pointwise(op, smooth(betweenHalves), rough(halves), rough(specials))
/** `k/100` and `k/100 + 1/200` never tie. */
const offGrid = reals.map((value) => value + 0.005)
const extremum = (op: Op<2>): fc.Arbitrary<Signature> =>
  pointwise(op, smooth(reals, offGrid), rough(halves, halves), rough(specials, specials), counted(2, bits))

// --- arrays of any dtype

/** A dtype and its elements; `f64` most often. */
type Elements = fc.Arbitrary<readonly [DTypes.DType, fc.Arbitrary<number>]>
const counts: Elements = fc.constantFrom(...bits).map((dtype) => [dtype, Arrays.counts[dtype]] as const)
const elements: Elements = fc.oneof(
  { weight: 4, arbitrary: fc.constant(["f64", reals] as const) },
  { weight: 1, arbitrary: counts }
)

const numbers = elements.filter(([dtype]) => dtype !== "bool")

type OneInput<P> = (shape: Dims) => fc.Arbitrary<P>

/** `op` on one array of any shape, with parameters that fit the shape. */
const unary = <P>(
  op: Op<1, P>,
  params: OneInput<P>,
  { of = elements, shapes = Arrays.shape }: { readonly of?: Elements; readonly shapes?: fc.Arbitrary<Dims> } = {}
): fc.Arbitrary<Signature> =>
  fc
    .tuple(shapes, of)
    .chain(([shape, [dtype, entry]]) => params(shape).map((p) => signature(op, p, [Arrays.array(shape, dtype, entry)])))

const someAxes: OneInput<{ readonly axes: Dims }> = ({ length }) => Arrays.axesOf(length).map((axes) => ({ axes }))

/** The extremum of no elements is an error. Without ties there is a derivative. */
const reduction = (op: Op<1, { readonly axes: Dims }>): fc.Arbitrary<Signature> => {
  const distinct = Arrays.someShape.chain((shape) =>
    someAxes(shape).map((params) => signature(op, params, [Arrays.distinct(shape, "f64", reals)]))
  )
  const tied = fc
    .tuple(Arrays.someShape, fc.constantFrom(halves, specials))
    .chain(([shape, entry]) =>
      someAxes(shape).map((params) => signature(op, params, [Arrays.array(shape, "f64", entry)], []))
    )
  return fc.oneof(distinct, tied, unary(op, someAxes, { of: counts, shapes: Arrays.someShape }))
}

/** Shapes of as many elements as `shape` has. */
const regroupings = (shape: Dims): ReadonlyArray<Dims> => [
  [size(shape)],
  [...shape, 1],
  [1, ...shape],
  shape.toReversed(),
  shape.length < 2 ? shape : [shape[0] * shape[1], ...shape.slice(2)],
  size(shape) % 2 === 0 ? [2, size(shape) / 2] : shape,
  ...(size(shape) === 0
    ? [
        [0, 3],
        [5, 0]
      ]
    : [])
]

const perAxis = (shape: Dims, entry: fc.Arbitrary<number>): fc.Arbitrary<Dims> =>
  fc.array(entry, { minLength: shape.length, maxLength: shape.length })

const windows: OneInput<Window.Window> = (shape) =>
  fc
    .tuple(
      fc.tuple(...shape.map((extent) => fc.tuple(fc.nat(extent), fc.nat(extent)))),
      perAxis(shape, Arrays.someExtent)
    )
    .map(([ends, step]) => ({
      start: ends.map((pair) => Math.min(...pair)),
      stop: ends.map((pair) => Math.max(...pair)),
      step
    }))

const paddings: OneInput<Window.Padding> = (shape) => {
  const amount = perAxis(shape, fc.nat(2))
  return fc.record({ before: amount, after: amount, interior: amount })
}

const concatenations: fc.Arbitrary<Signature> = fc
  .tuple(Arrays.someShape, fc.array(Arrays.extent, { minLength: 1, maxLength: 3 }), elements)
  .filter(([shape]) => shape.length > 0)
  .chain(([shape, extents, [dtype, entry]]) =>
    fc.nat(shape.length - 1).map((axis) => {
      const shapes = extents.map((extent) => shape.with(axis, extent))
      return signature(
        Window.concatenate,
        { axis },
        shapes.map((s) => Arrays.array(s, dtype, entry))
      )
    })
  )

// --- contraction, rows by number, order, random bits

const atMost = (rank: number): fc.Arbitrary<Dims> => fc.array(Arrays.extent, { maxLength: rank })

/** Axes of four kinds with an extent each, in any order in each operand. */
const contractions: fc.Arbitrary<Signature> = fc
  .tuple(atMost(1), atMost(2), atMost(1), atMost(1), numbers)
  .chain(([batch, contract, left, right, [dtype, entry]]) => {
    const extents = [...batch, ...contract, ...left, ...right]
    const starts = [0, batch.length, batch.length + contract.length, extents.length - right.length]
    const labels = (kind: number, count: number): Dims => Arrays.range(count).map((i) => starts[kind] + i)
    const paired = [...labels(0, batch.length), ...labels(1, contract.length)]
    const all = [
      [...paired, ...labels(2, left.length)],
      [...paired, ...labels(3, right.length)]
    ] as const
    const order = (axes: Dims): fc.Arbitrary<Dims> =>
      Arrays.permutationOf(axes.length).map((p) => p.map((i) => axes[i]))
    return fc.tuple(order(all[0]), order(all[1])).map(([a, b]) => {
      const places = (axes: Dims): readonly [Dims, Dims] => [
        axes.map((l) => a.indexOf(l)),
        axes.map((l) => b.indexOf(l))
      ]
      const params = { contract: places(labels(1, contract.length)), batch: places(labels(0, batch.length)) }
      const operand = (axes: Dims): fc.Arbitrary<HostArray> =>
        Arrays.array(
          axes.map((label) => extents[label]),
          dtype,
          entry
        )
      return signature(Bilinear.dotGeneral, params, [operand(a), operand(b)])
    })
  })

/** Rows, and indices of which some are out of range. */
const rows = fc.tuple(Arrays.someExtent, atMost(2), atMost(2), numbers).chain(([count, rest, places, [dtype, entry]]) =>
  fc.constantFrom("i32" as const, "u32" as const, "u8" as const).map((indexType) => ({
    x: Arrays.array([count, ...rest], dtype, entry),
    updates: Arrays.array([...places, ...rest], dtype, entry),
    indices: Arrays.array(places, indexType, fc.integer({ min: indexType === "i32" ? -2 : 0, max: count + 1 }))
  }))
)

const randomWords: fc.Arbitrary<Signature> = fc
  .tuple(atMost(1), Arrays.shape, fc.constantFrom(1 as const, 2 as const))
  .map(([examples, shape, words]) =>
    signature(Routine.randomBits, { words }, [
      Arrays.array([...examples, 2], "u32", Arrays.counts.u32),
      Arrays.array([...examples, ...shape], "u32", Arrays.counts.u32)
    ])
  )

const orders: fc.Arbitrary<Signature> = fc
  .tuple(
    Arrays.shape,
    fc.boolean(),
    fc.oneof(elements, fc.constantFrom(["f64", halves] as const, ["f64", specials] as const))
  )
  .map(([shape, descending, [dtype, entry]]) =>
    signature(Routine.argSort, { descending }, [Arrays.array(shape, dtype, entry)], [])
  )

const types = fc.record({ shape: Arrays.shape, dtype: fc.constantFrom(...DTypes.all) })

const casts: fc.Arbitrary<Signature> = fc
  .tuple(Arrays.shape, fc.oneof(elements, fc.constant(["f64", specials] as const)), fc.constantFrom(...DTypes.all))
  .map(([shape, [dtype, entry], to]) =>
    signature(
      Linear.cast,
      { dtype: to },
      [Arrays.array(shape, dtype, entry)],
      to === dtype && entry === reals ? [0] : []
    )
  )

const words = ["f32", "i32", "u32"] as const
const bitcasts: fc.Arbitrary<Signature> = fc
  .tuple(Arrays.shape, fc.constantFrom(...words), fc.constantFrom(...words))
  .map(([shape, from, to]) =>
    signature(
      Discrete.bitcast,
      { dtype: to },
      [Arrays.array(shape, from, from === "f32" ? reals : Arrays.counts[from])],
      []
    )
  )

/** Arbitrary applications of each primitive. */
export const signatures: Readonly<Record<PrimitiveName, fc.Arbitrary<Signature>>> = {
  full: fc.tuple(types, reals).map(([type, value]) => signature(Leaf.full, { ...type, value }, [])),
  iota: types.map((type) => signature(Leaf.iota, type, [])),

  add: pointwise(Linear.add, smooth(reals, reals), rough(specials, specials), counted(2, integers)),
  sub: pointwise(Linear.sub, smooth(reals, reals), rough(specials, specials), counted(2, integers)),
  neg: pointwise(Linear.neg, smooth(reals), rough(specials), counted(1, integers)),
  cast: casts,
  sum: unary(Linear.sum, someAxes, { of: numbers }),
  broadcast: fc
    .tuple(Arrays.shape, elements)
    .chain(([shape, [dtype, entry]]) =>
      Arrays.axesOf(shape.length).map((axes) =>
        signature(Linear.broadcast, { shape, axes }, [Arrays.array(without(shape, axes), dtype, entry)])
      )
    ),
  reshape: unary(Linear.reshape, (shape) => fc.constantFrom(...regroupings(shape)).map((to) => ({ shape: to }))),
  transpose: unary(Linear.transpose, ({ length }) =>
    Arrays.permutationOf(length).map((permutation) => ({ permutation }))
  ),
  reverse: unary(Linear.reverse, someAxes),
  stopGradient: pointwise(Linear.stopGradient, rough(reals), counted(1, bits)),

  mul: pointwise(Bilinear.mul, smooth(reals, reals), rough(specials, specials), counted(2, integers)),
  dotGeneral: contractions,

  windows: allWindows,
  overlapAdd: overlaps,
  convolution: convolutions,

  div: pointwise(Elementwise.div, smooth(reals, nonzeros), rough(specials, specials)),
  sqrt: pointwise(Elementwise.sqrt, smooth(positives), rough(specials)),
  exp: pointwise(Elementwise.exp, smooth(reals), rough(specials)),
  expm1: pointwise(Elementwise.expm1, smooth(reals), rough(specials)),
  log: pointwise(Elementwise.log, smooth(positives), rough(specials)),
  log1p: pointwise(Elementwise.log1p, smooth(fractions), rough(specials)),
  sin: pointwise(Elementwise.sin, smooth(reals), rough(specials)),
  cos: pointwise(Elementwise.cos, smooth(reals), rough(specials)),
  tanh: pointwise(Elementwise.tanh, smooth(reals), rough(specials)),
  logistic: pointwise(Elementwise.logistic, smooth(reals), rough(specials)),
  atan2: pointwise(Elementwise.atan2, smooth(nonzeros, reals), rough(specials, specials)),
  pow: pointwise(Elementwise.pow, smooth(positives, reals)),
  erf: pointwise(Elementwise.erf, smooth(reals), rough(specials)),
  erfc: pointwise(Elementwise.erfc, smooth(reals), rough(specials)),
  erfInv: pointwise(Elementwise.erfInv, smooth(fractions)),
  lgamma: pointwise(Elementwise.lgamma, smooth(positives)),
  polygamma: fc
    .tuple(Arrays.shape, fc.nat(2))
    .map(([shape, order]) => signature(Elementwise.polygamma, { order }, [Arrays.array(shape, "f64", positives)])),

  equal: comparison(Discrete.equal),
  less: comparison(Discrete.less),
  lessEqual: comparison(Discrete.lessEqual),
  floor: rounding(Discrete.floor),
  ceil: rounding(Discrete.ceil),
  round: rounding(Discrete.round),
  sign: pointwise(Discrete.sign, smooth(nonzeros), rough(halves), rough(specials), counted(1, integers)),
  quotient: pointwise(Discrete.quotient, counted(2, integers)),
  modulo: pointwise(Discrete.modulo, counted(2, integers)),
  and: pointwise(Discrete.and, counted(2, bits)),
  or: pointwise(Discrete.or, counted(2, bits)),
  xor: pointwise(Discrete.xor, counted(2, bits)),
  not: pointwise(Discrete.not, counted(1, bits)),
  shiftLeft: pointwise(Discrete.shiftLeft, counted(2, integers)),
  shiftRight: pointwise(Discrete.shiftRight, counted(2, integers)),
  bitcast: bitcasts,

  where: fc.tuple(Arrays.shape, elements).map(([shape, [dtype, entry]]) => {
    const operand = Arrays.array(shape, dtype, entry)
    return signature(Selection.where, undefined, [Arrays.array(shape, "bool", Arrays.counts.bool), operand, operand])
  }),
  max: extremum(Selection.max),
  min: extremum(Selection.min),
  abs: pointwise(Selection.abs, smooth(nonzeros), rough(halves), rough(specials), counted(1, integers)),
  reduceMax: reduction(Selection.reduceMax),
  reduceMin: reduction(Selection.reduceMin),

  slice: unary(Window.slice, windows),
  pad: unary(Window.pad, paddings),
  concatenate: concatenations,
  gather: rows.map(({ indices, x }) => signature(Window.gather, undefined, [x, indices])),
  scatterAdd: rows.map(({ indices, updates, x }) => signature(Window.scatterAdd, undefined, [x, updates, indices])),

  argSort: orders,
  randomBits: randomWords,

  ...factorizations
}

/** The names of all primitives. */
// The keys of a record of exactly these names.
export const names = Object.keys(signatures) as ReadonlyArray<PrimitiveName>

/** Arbitrary applications of each primitive with their inputs. */
// The names of `signatures` again.
export const cases = Object.fromEntries(names.map((name) => [name, signatures[name].chain(draw)])) as Readonly<
  Record<PrimitiveName, fc.Arbitrary<Case>>
>
