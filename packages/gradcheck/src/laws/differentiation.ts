/**
 * Laws of first derivatives, for `f` with Jacobian `J`:
 *
 * - `jvp`: `J t` is `(f(x + h t) − f(x − h t)) / 2h`
 * - `vjp`: `⟨Jᵀ c, t⟩` is `⟨c, (f(x + h t) − f(x − h t)) / 2h⟩`
 * - `adjoint`: `⟨J t, c⟩ = ⟨t, Jᵀ c⟩`
 * - `modes`: `J` built of columns by `jvp` is `J` built of rows by `vjp`
 *
 * Where `J` is small, the first two are checked for each of its entries.
 */
import { pushforward } from "@cotangent/autodiff/Jvp"
import { pullback } from "@cotangent/autodiff/Vjp"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { constant, zeros } from "@cotangent/tensor/primitive/leaf"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import { size } from "@cotangent/tensor/Shape"
import { largest } from "../Comparison.ts"
import type { Measurement, Pair, Place } from "../Measurement.ts"
import { compare, compareArrays, indexAt, nothing, worst } from "../Measurement.ts"
import type { Directed, Point } from "../Point.ts"
import { countOf, evaluateLike, open, smoothOutputs } from "../Point.ts"
import type { Tolerances } from "../tolerances.ts"
import { tolerances } from "../tolerances.ts"
import type { Difference } from "./difference.ts"
import { differenceAlong, stepAt, stepOf } from "./difference.ts"
import { courseOf, roundingOf } from "./rounding.ts"

/** The most entries of a Jacobian of which each is looked at. */
const mostEntries = 64

/** Absent directions are zero. */
export const optional = (array: HostArray | undefined): Cotangent => (array === undefined ? undefined : constant(array))

/** `⟨x, y⟩`. */
export const dot = (x: HostArray, y: HostArray): number =>
  Array.from(x.data).reduce((total, value, i) => total + value * y.data[i], 0)

/** `Σ |x y|`: what rounding errors of `⟨x, y⟩` are relative to. */
export const weight = (x: HostArray, y: HostArray): number =>
  Array.from(x.data).reduce((total, value, i) => total + Math.abs(value * y.data[i]), 0)

/** The outputs of floats. */
const smooth =
  ({ apply }: Point) =>
  (inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
    const outputs = apply(inputs)
    return smoothOutputs(outputs).map((i) => outputs[i])
  }

/** An element of one of `tensors`, and the array that is 1 there and 0 elsewhere. */
interface Basis {
  readonly place: Place
  readonly unit: HostArray
}

const basisOf = (tensors: ReadonlyArray<Tensor>): ReadonlyArray<Basis> =>
  tensors.flatMap(({ dtype, shape }, leaf) =>
    Array.from({ length: size(shape) }, (_, at) => {
      const unit = make(shape, dtype, new Float64Array(size(shape)))
      unit.data[at] = 1
      return { place: { leaf, index: indexAt(shape, at) }, unit }
    })
  )

/** `arrays` one after the other. */
const flat = (arrays: ReadonlyArray<HostArray>): ReadonlyArray<number> => arrays.flatMap(({ data }) => [...data])

/** The Jacobian of the outputs of floats, by entry; undefined where it is large. */
interface Jacobian {
  readonly inputs: ReadonlyArray<Basis>
  readonly outputs: ReadonlyArray<Basis>
  readonly free: ReadonlyArray<Tensor>
  readonly values: ReadonlyArray<Tensor>
}

const jacobianOf = (point: Point): Jacobian | undefined => {
  const { free, outputs } = open(point)
  const values = smoothOutputs(outputs).map((i) => outputs[i])
  const entries = countOf(free) * countOf(values)
  return entries === 0 || entries > mostEntries
    ? undefined
    : { free, values, inputs: basisOf(free), outputs: basisOf(values) }
}

const only = (bases: number, { place, unit }: Basis): ReadonlyArray<HostArray | undefined> =>
  Array.from({ length: bases }, (_, leaf) => (leaf === place.leaf ? unit : undefined))

/** `J[input][output]` by forward mode. */
const columns = ({ free, inputs, values }: Jacobian): ReadonlyArray<ReadonlyArray<number>> => {
  const pushed = inputs.flatMap((basis) => pushforward(values, free, only(free.length, basis).map(optional)))
  const arrays = evaluateLike(
    pushed,
    inputs.flatMap(() => values)
  )
  return inputs.map((_, i) => flat(arrays.slice(i * values.length, (i + 1) * values.length)))
}

/** `J[output][input]` by reverse mode. */
const rows = ({ free, outputs, values }: Jacobian): ReadonlyArray<ReadonlyArray<number>> => {
  const pulled = outputs.flatMap((basis) => pullback(values, free, only(values.length, basis).map(optional)))
  const arrays = evaluateLike(
    pulled,
    outputs.flatMap(() => free)
  )
  return outputs.map((_, i) => flat(arrays.slice(i * free.length, (i + 1) * free.length)))
}

/** `J[input][output]` by central differences. */
const differences = (
  point: Point,
  { inputs, values }: Jacobian
): { readonly table: ReadonlyArray<ReadonlyArray<number>>; readonly rounding: number } => {
  let rounding = 0
  const table = inputs.map((basis) => {
    const at = basis.unit.data.indexOf(1)
    const x = point.inputs[point.differentiable[basis.place.leaf]].data[at]
    const tangents = only(point.differentiable.length, basis)
    const found = differenceAlong(point, smooth(point), tangents, stepAt(Math.abs(x)))
    rounding = Math.max(rounding, found.rounding)
    return values.length === 0 ? [] : flat(found.arrays)
  })
  return { table, rounding }
}

/** All entries of two Jacobians, with their places in the inputs and outputs of the point. */
const pairs = (
  point: Point,
  { inputs, outputs }: Jacobian,
  expected: (input: number, output: number) => number,
  received: (input: number, output: number) => number
): ReadonlyArray<Pair> => {
  const outputLeaves = smoothOutputs(open(point).outputs)
  return inputs.flatMap(({ place: input }, i) =>
    outputs.map(({ place: output }, j) => ({
      expected: expected(i, j),
      received: received(i, j),
      input: { ...input, leaf: point.differentiable[input.leaf] },
      output: { ...output, leaf: outputLeaves[output.leaf] }
    }))
  )
}

/** What is allowed of numbers as large as `tables`. */
const scaleOf = (tables: ReadonlyArray<ReadonlyArray<number>>): number =>
  Math.max(1, ...tables.map((row) => largest(row)))

const allowedOf = (tolerance: number, scale: number, rounding: number): number => tolerance * scale + rounding

/** `J t` agrees with central differences. */
export const jvpIsDifference = (directed: Directed, { difference }: Tolerances): Measurement => {
  const jacobian = jacobianOf(directed)
  if (jacobian !== undefined) {
    const pushed = columns(jacobian)
    const { rounding, table } = differences(directed, jacobian)
    const of = (rows: ReadonlyArray<ReadonlyArray<number>>) => (i: number, j: number) => rows[i][j]
    return compare(
      "jvp",
      pairs(directed, jacobian, of(table), of(pushed)),
      allowedOf(difference, scaleOf(table), rounding)
    )
  }
  const { free, outputs } = open(directed)
  const values = smoothOutputs(outputs).map((i) => outputs[i])
  const received = evaluateLike(pushforward(values, free, directed.tangents.map(optional)), values)
  const expected = differenceAlong(directed, smooth(directed), directed.tangents, stepOf(directed))
  return inOutputs(
    outputs,
    compareArrays("jvp", expected.arrays, received, ({ data }) =>
      allowedOf(difference, largest(data, 1), expected.rounding)
    )
  )
}

/** Of outputs of floats to all outputs. */
const inOutputs = (outputs: ReadonlyArray<Tensor>, found: Measurement): Measurement =>
  found.output === undefined
    ? found
    : { ...found, output: { ...found.output, leaf: smoothOutputs(outputs)[found.output.leaf] } }

/** The cotangents of the outputs of floats. */
const smoothCotangents = ({ cotangents }: Directed): ReadonlyArray<HostArray> =>
  cotangents.filter((each) => each !== undefined)

const pair = (
  xs: ReadonlyArray<HostArray>,
  ys: ReadonlyArray<HostArray | undefined>
): { readonly value: number; readonly weight: number } =>
  xs.reduce(
    (total, x, i) => {
      const y = ys[i]
      return y === undefined ? total : { value: total.value + dot(x, y), weight: total.weight + weight(x, y) }
    },
    { value: 0, weight: 0 }
  )

/** `Jᵀ c` agrees with central differences. */
export const vjpIsDifference = (directed: Directed, { difference }: Tolerances): Measurement => {
  const jacobian = jacobianOf(directed)
  if (jacobian !== undefined) {
    const pulled = rows(jacobian)
    const { rounding, table } = differences(directed, jacobian)
    const all = pairs(
      directed,
      jacobian,
      (i, j) => table[i][j],
      (i, j) => pulled[j][i]
    )
    return compare("vjp", all, allowedOf(difference, scaleOf(table), rounding))
  }
  const { free, outputs } = open(directed)
  const gradients = evaluateLike(pullback(outputs, free, directed.cotangents.map(optional)), free)
  const moved: Difference = differenceAlong(directed, smooth(directed), directed.tangents, stepOf(directed))
  const cotangents = smoothCotangents(directed)
  const [expected, received] = [pair(moved.arrays, cotangents), pair(gradients, directed.tangents)]
  const scale = Math.max(1, expected.weight, received.weight)
  const rounding = moved.rounding * cotangents.reduce((total, { data }) => total + largest(data) * data.length, 1)
  return compare(
    "⟨t, vjp(c)⟩",
    [{ expected: expected.value, received: received.value }],
    allowedOf(difference, scale, rounding)
  )
}

/** Derivatives have the types of what they are derivatives of. */
const typed = (
  what: string,
  derivatives: ReadonlyArray<Cotangent>,
  of: ReadonlyArray<Tensor>,
  place: (leaf: number) => Pick<Measurement, "input" | "output">
): Measurement => {
  const leaf = derivatives.findIndex((x, i) => x !== undefined && describe(x) !== describe(of[i]))
  if (leaf < 0) return nothing
  const types = { expected: describe(of[leaf]), received: describe(derivatives[leaf]!) }
  return { what, error: Infinity, ...types, ...place(leaf) }
}

/** `⟨J t, c⟩ = ⟨t, Jᵀ c⟩`, and derivatives have the types of what they are derivatives of. */
export const vjpIsAdjoint = (directed: Directed, { equality }: Tolerances): Measurement => {
  const { free, outputs } = open(directed)
  const tangents = pushforward(outputs, free, directed.tangents.map(optional))
  const pulled = pullback(outputs, free, directed.cotangents.map(optional))
  const wrong = worst([
    typed("the type of jvp", tangents, outputs, (leaf) => ({ output: { leaf, index: [] } })),
    typed("the type of vjp", pulled, free, (leaf) => ({ input: { leaf: directed.differentiable[leaf], index: [] } }))
  ])
  if (wrong.error > 0) return wrong
  const results = [...tangents.map((x, i) => x ?? zeros(outputs[i])), ...pulled.map((x, i) => x ?? zeros(free[i]))]
  const course = courseOf({ parameters: [], results }, [])
  const forward = pair(course.values.slice(0, outputs.length), directed.cotangents)
  const reverse = pair(course.values.slice(outputs.length), directed.tangents)
  // Where large numbers cancel, what is left of them is rounding.
  const allowed = equality * Math.max(forward.weight, reverse.weight) + roundingOf(course, tolerances.f64.rounding)
  return compare("⟨t, Jᵀ c⟩ against ⟨J t, c⟩", [{ expected: forward.value, received: reverse.value }], allowed)
}

/** The Jacobian of forward mode is that of reverse mode, where it is small. */
export const modesAgree = (directed: Directed, { equality }: Tolerances): Measurement => {
  const jacobian = jacobianOf(directed)
  if (jacobian === undefined) return nothing
  const [forward, reverse] = [columns(jacobian), rows(jacobian)]
  const all = pairs(
    directed,
    jacobian,
    (i, j) => forward[i][j],
    (i, j) => reverse[j][i]
  )
  return compare("vjp against jvp", all, equality * scaleOf(forward))
}
