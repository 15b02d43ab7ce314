/**
 * Laws of second derivatives, for `s(x) = ⟨c, f(x)⟩` with gradient `g` and Hessian `H`:
 *
 * - `second`: `⟨H t, w⟩`, by forward over reverse, forward over forward and reverse over reverse, is
 *   `(⟨g(x + h t), w⟩ − ⟨g(x − h t), w⟩) / 2h`
 * - `symmetry`: `⟨H t, w⟩ = ⟨H w, t⟩`
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
import type { Measurement } from "../Measurement.ts"
import { compare, worst } from "../Measurement.ts"
import type { Directed } from "../Point.ts"
import { evaluateLike, open } from "../Point.ts"
import type { Tolerances } from "../tolerances.ts"
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

/** The tangents, zeros where there are none. */
const known = ({ tangents, weights }: Directed): ReadonlyArray<HostArray> =>
  tangents.map((tangent, i) => tangent ?? make(weights[i].shape, "f64", new Float64Array(weights[i].data.length)))

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
