/**
 * Laws of derivatives: `jvp` is the derivative, `vjp` is its adjoint, and the same holds once more for the gradient.
 */
import { pushforward } from "@cotangent/autodiff/Jvp"
import { pullback } from "@cotangent/autodiff/Vjp"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full, zeros } from "@cotangent/tensor/primitive/leaf"
import { add, sum } from "@cotangent/tensor/primitive/linear"
import type { Cotangent, Tensor } from "@cotangent/tensor/Primitive"
import { describe } from "@cotangent/tensor/Primitive"
import * as Reference from "@cotangent/tensor/Reference"
import { largest, near, ofLargest } from "../Comparison.ts"
import type { Case } from "../Case.ts"
import { agree, first } from "./Violation.ts"
import type { Violation } from "./Violation.ts"

/** A case with directions: `tangents`, `cotangent` and `weights` stand for one array each per differentiable input. */
export interface Directed extends Case {
  /** Where the inputs move to; undefined where one stands still. */
  readonly tangents: ReadonlyArray<HostArray | undefined>
  /** Of the output. */
  readonly cotangent: HostArray
  /** What the gradient is weighed with before it is differentiated again. */
  readonly weights: ReadonlyArray<HostArray>
}

/** The step that balances truncation against rounding, by the size of what it is added to. */
const stepOf = (inputs: ReadonlyArray<HostArray>): number =>
  Math.cbrt(Number.EPSILON) * Math.max(1, ...inputs.map(({ data }) => largest(data)))

/** The inputs moved by `step` along the tangents. */
const moved = ({ differentiable, inputs, tangents }: Directed, step: number): ReadonlyArray<HostArray> =>
  inputs.map((input, i) => {
    const tangent = tangents[differentiable.indexOf(i)]
    if (tangent === undefined) return input
    return make(
      input.shape,
      input.dtype,
      Array.from(input.data, (x, k) => x + step * tangent.data[k])
    )
  })

/**
 * The central differences `D(h) = (f(x + h t) − f(x − h t)) / 2h` at `h` and `h/2`, put together so that their errors of
 * second order cancel: `(4 D(h/2) − D(h)) / 3`.
 */
const centralDifference = (directed: Directed, f: (inputs: ReadonlyArray<Tensor>) => Tensor): HostArray => {
  const step = stepOf(directed.inputs)
  const at = (distance: number): Tensor => f(moved(directed, distance).map(constant))
  const [right, left, nearRight, nearLeft] = Reference.evaluate([at(step), at(-step), at(step / 2), at(-step / 2)])
  const values = Array.from(right.data, (value, k) => {
    const far = (value - left.data[k]) / (2 * step)
    const near = (nearRight.data[k] - nearLeft.data[k]) / step
    return (4 * near - far) / 3
  })
  return make(right.shape, right.dtype, values)
}

const optional = (array: HostArray | undefined): Cotangent => (array === undefined ? undefined : constant(array))

/** The inputs as tensors, and those of them that derivatives are taken by. */
const leaves = ({ differentiable, inputs }: Directed) => {
  const all = inputs.map(constant)
  return { all, free: differentiable.map((i) => all[i]) }
}

/** `jvp` agrees with central differences. */
export const jvpIsDifference = (directed: Directed): Violation => {
  const { all, free } = leaves(directed)
  const output = directed.apply(all)
  const [tangent = zeros(output)] = pushforward([output], free, directed.tangents.map(optional))
  const [received] = Reference.evaluate([tangent])
  const expected = centralDifference(directed, directed.apply)
  return agree("jvp", expected, received, ofLargest(1e-6, received.data, 1))
}

const dot = (x: HostArray, y: HostArray): number =>
  Array.from(x.data).reduce((total, value, i) => total + value * y.data[i], 0)
const absolute = (x: HostArray): HostArray => make(x.shape, x.dtype, Array.from(x.data, Math.abs))

/** `⟨J t, c⟩ = ⟨t, Jᵀ c⟩`, and derivatives have the types of what they are derivatives of. */
export const vjpIsAdjoint = (directed: Directed): Violation => {
  const { all, free } = leaves(directed)
  const output = directed.apply(all)
  const [tangent = zeros(output)] = pushforward([output], free, directed.tangents.map(optional))
  const pulled = pullback([output], free, [constant(directed.cotangent)]).map((t, i) => t ?? zeros(free[i]))
  const typed = (what: string, derivative: Tensor, of: Tensor): Violation =>
    describe(derivative) === describe(of)
      ? undefined
      : `${what}: expected ${describe(of)}, received ${describe(derivative)}`
  const wrong = first(typed("jvp", tangent, output), ...pulled.map((t, i) => typed("vjp", t, free[i])))
  if (wrong !== undefined) return wrong
  const [pushed, ...gradients] = Reference.evaluate([tangent, ...pulled])
  let [forward, reverse, scale] = [
    dot(pushed, directed.cotangent),
    0,
    dot(absolute(pushed), absolute(directed.cotangent))
  ]
  gradients.forEach((gradient, i) => {
    const direction = directed.tangents[i]
    if (direction !== undefined) {
      reverse += dot(gradient, direction)
      scale += dot(absolute(gradient), absolute(direction))
    }
  })
  return near(forward, reverse, { absolute: 1e-12 * Math.max(scale, 1e-3), relative: 0 })
    ? undefined
    : `⟨J t, c⟩ is ${forward}, ⟨t, Jᵀ c⟩ is ${reverse}`
}

const scalar = { shape: [], dtype: "f64" } as const

/** `⟨x, weights⟩` as an expression. */
const weighed = (values: ReadonlyArray<Cotangent>, weights: ReadonlyArray<HostArray>): Tensor =>
  values.reduce((total: Tensor, value, i) => {
    if (value === undefined) return total
    return add(total, sum(mul(value, constant(weights[i])), { axes: value.shape.map((_, axis) => axis) }))
  }, zeros(scalar))

/** The derivative of the gradient: forward over reverse, reverse over reverse and forward over forward agree with
 * central differences. */
export const secondOrder = (directed: Directed): Violation => {
  const { all, free } = leaves(directed)
  const { apply, cotangent, differentiable, tangents, weights } = directed
  const gradientAlong = (inputs: ReadonlyArray<Tensor>): Tensor => {
    const by = differentiable.map((i) => inputs[i])
    return weighed(pullback([apply(inputs)], by, [constant(cotangent)]), weights)
  }
  const reverse = gradientAlong(all)
  const forward = weighed(pushforward([apply(all)], free, weights.map(constant)), [cotangent])
  const directions = tangents.map(optional)
  const second = pullback([reverse], free, [full({ ...scalar, value: 1 })]).map((t, i) => t ?? zeros(free[i]))
  const known = tangents.map(
    (tangent, i) => tangent ?? make(free[i].shape, "f64", new Float64Array(weights[i].data.length))
  )
  const [forwardOverReverse, forwardOverForward, reverseOverReverse, ...gradients] = Reference.evaluate([
    pushforward([reverse], free, directions)[0] ?? zeros(scalar),
    pushforward([forward], free, directions)[0] ?? zeros(scalar),
    weighed(second, known),
    ...second
  ])
  const scale = gradients.reduce((total, g, i) => total + dot(absolute(g), absolute(known[i])), 1)
  const expected = centralDifference(directed, gradientAlong)
  const tolerance = { absolute: 1e-5 * scale, relative: 0 }
  return first(
    agree("forward over reverse", expected, forwardOverReverse, tolerance),
    agree("forward over forward", expected, forwardOverForward, tolerance),
    agree("reverse over reverse", expected, reverseOverReverse, tolerance)
  )
}
