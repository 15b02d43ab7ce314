/**
 * Laws of second derivatives, for `s(x) = ⟨c, f(x)⟩` with gradient `g` and Hessian `H`:
 *
 * - `second`: `⟨H t, w⟩`, by forward over reverse, forward over forward and reverse over reverse, is
 *   `(⟨g(x + h t), w⟩ − ⟨g(x − h t), w⟩) / 2h`
 * - `symmetry`: `⟨H t, w⟩ = ⟨H w, t⟩`
 *
 * A function that has no reverse mode is held to the same by forward mode alone, where `⟨g, w⟩` is `⟨c, J w⟩`.
 */
import { pushforward } from "@cotangent/autodiff/Jvp"
import { pullback } from "@cotangent/autodiff/Vjp"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full, zeros } from "@cotangent/tensor/primitive/leaf"
import { add, sum } from "@cotangent/tensor/primitive/linear"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import type { Measurement } from "../Measurement.ts"
import { compare, worst } from "../Measurement.ts"
import type { Directed, Opened } from "../Point.ts"
import { evaluateLike, open } from "../Point.ts"
import type { Tolerances } from "../tolerances.ts"
import type { Difference } from "./difference.ts"
import { differenceAlong, stepOf } from "./difference.ts"
import { dot, optional, weight } from "./differentiation.ts"

const scalar = { shape: [], dtype: "f64" } as const

/** `⟨x, weights⟩` as an expression. */
const weighed = (values: ReadonlyArray<Cotangent>, weights: ReadonlyArray<HostArray | undefined>): Tensor =>
  values.reduce((total: Tensor, value, i) => {
    const w = weights[i]
    if (value === undefined || w === undefined) return total
    return add(total, sum(mul(value, constant(w)), { axes: value.shape.map((_, axis) => axis) }))
  }, zeros(scalar))

/** `⟨g, weights⟩` at `inputs`. */
const gradientAlong =
  ({ apply, cotangents, differentiable, weights }: Directed) =>
  (inputs: ReadonlyArray<Tensor>): Tensor => {
    const by = differentiable.map((i) => inputs[i])
    return weighed(pullback(apply(inputs), by, cotangents.map(optional)), weights)
  }

const zero = ({ shape }: { readonly shape: Dims }): HostArray => make(shape, "f64", new Float64Array(size(shape)))

/** The tangents, zeros where there are none. */
const known = ({ tangents, weights }: Directed): ReadonlyArray<HostArray> =>
  tangents.map((tangent, i) => tangent ?? zero(weights[i]))

const sumOf = (
  xs: ReadonlyArray<HostArray>,
  ys: ReadonlyArray<HostArray>,
  f: (x: HostArray, y: HostArray) => number
): number => xs.reduce((total, x, i) => total + f(x, ys[i]), 0)

/** The derivative of the gradient, in all modes, agrees with central differences. */
export const secondIsDifference = (directed: Directed, { secondDifference }: Tolerances): Measurement => {
  const { all, free, outputs } = open(directed)
  const { cotangents, tangents, weights } = directed
  const gradient = gradientAlong(directed)
  const reverse = gradient(all)
  const forward = weighed(pushforward(outputs, free, weights.map(constant)), cotangents)
  const directions = tangents.map(optional)
  const second = pullback([reverse], free, [full({ ...scalar, value: 1 })]).map((t, i) => t ?? zeros(free[i]))
  const moves = known(directed)
  const [forwardOverReverse, forwardOverForward, reverseOverReverse, ...gradients] = Reference.evaluate([
    pushforward([reverse], free, directions)[0] ?? zeros(scalar),
    pushforward([forward], free, directions)[0] ?? zeros(scalar),
    weighed(second, moves),
    ...second
  ])
  const expected = differenceAlong(directed, (inputs) => [gradient(inputs)], tangents, stepOf(directed))
  const allowed = secondDifference * (1 + sumOf(gradients, moves, weight)) + expected.rounding
  const against = (what: string, received: HostArray): Measurement =>
    compare(what, [{ expected: expected.arrays[0].data[0], received: received.data[0] }], allowed)
  return worst([
    against("forward over reverse", forwardOverReverse),
    against("forward over forward", forwardOverForward),
    against("reverse over reverse", reverseOverReverse)
  ])
}

/** The Hessian is symmetric. */
export const hessianIsSymmetric = (directed: Directed, { equality }: Tolerances): Measurement => {
  const { free, outputs } = open(directed)
  const gradient = pullback(outputs, free, directed.cotangents.map(optional)).map((t, i) => t ?? zeros(free[i]))
  const moves = known(directed)
  const along = (directions: ReadonlyArray<HostArray>): ReadonlyArray<HostArray> =>
    evaluateLike(pushforward(gradient, free, directions.map(constant)), free)
  const [left, right] = [along(moves), along(directed.weights)]
  const scale = Math.max(sumOf(left, directed.weights, weight), sumOf(right, moves, weight), 1)
  const pair = { expected: sumOf(left, directed.weights, dot), received: sumOf(right, moves, dot) }
  return compare("⟨H w, t⟩ against ⟨H t, w⟩", [pair], 100 * equality * scale)
}

/** `⟨c, D²f(v, w)⟩` by forward mode over itself, and what its rounding is relative to. */
const curvature = (
  { cotangents }: Directed,
  { free, outputs }: Opened,
  [v, w]: readonly [ReadonlyArray<HostArray>, ReadonlyArray<HostArray>]
): { readonly value: number; readonly weight: number } => {
  const inner = pushforward(outputs, free, w.map(constant)).map((x, i) => x ?? zeros(outputs[i]))
  const against = cotangents.map((c, i) => c ?? zero(outputs[i]))
  const second = evaluateLike(pushforward(inner, free, v.map(constant)), outputs)
  return { value: sumOf(second, against, dot), weight: sumOf(second, against, weight) }
}

/** `⟨c, J w⟩` agrees in its derivative, by forward mode over itself, with central differences. */
export const forwardIsDifference = (directed: Directed, { secondDifference }: Tolerances): Measurement => {
  const { cotangents, differentiable, tangents, weights } = directed
  const along = (inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
    const by = differentiable.map((i) => inputs[i])
    return [weighed(pushforward(directed.apply(inputs), by, weights.map(constant)), cotangents)]
  }
  const received = curvature(directed, open(directed), [known(directed), weights])
  const { arrays, rounding }: Difference = differenceAlong(directed, along, tangents, stepOf(directed))
  return compare(
    "forward over forward",
    [{ expected: arrays[0].data[0], received: received.value }],
    secondDifference * (1 + received.weight) + rounding
  )
}

/** The second derivative by forward mode over itself is symmetric. */
export const forwardIsSymmetric = (directed: Directed, { equality }: Tolerances): Measurement => {
  const opened = open(directed)
  const [v, w] = [known(directed), directed.weights]
  const [left, right] = [curvature(directed, opened, [w, v]), curvature(directed, opened, [v, w])]
  const scale = Math.max(left.weight, right.weight, 1)
  const pair = { expected: left.value, received: right.value }
  return compare("⟨c, D²f(t, w)⟩ against ⟨c, D²f(w, t)⟩", [pair], 100 * equality * scale)
}
