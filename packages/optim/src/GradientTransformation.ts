/**
 * Rewritings of gradients: the parts that optimizers are made of.
 *
 * A transformation sees the leaves of a tree of gradients in order. Its state is a tree of tensors, so that a step can
 * be compiled, its memory donated, and its progress written to a checkpoint; counters are `i32` scalars.
 *
 * Transformations form a monoid up to the nesting of states:
 *   chain(identity, t) = t = chain(t, identity)
 *   chain(chain(a, b), c) = chain(a, chain(b, c))
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Scalar, Schedule } from "./Schedule.ts"

/** A parameter, or a gradient of its shape and dtype. */
export type Leaf = Tensor.Tensor<Shape, Float>

/** Tensors in the leaf order of a tree of parameters. */
export type Leaves = ReadonlyArray<Leaf>

/** A pure rewriting of gradients that may carry state from step to step. */
export interface GradientTransformation<State> {
  readonly init: (params: Leaves) => State
  readonly update: (gradients: Leaves, state: State, params: Leaves) => readonly [updates: Leaves, state: State]
}

/** The state of a transformation that keeps none. */
export type Stateless = readonly []

/** A counter of steps. */
export type Counter = Tensor.Tensor<readonly [], "i32">

/** No steps yet. */
export const noSteps = (): Counter => Tensor.full([], 0, "i32")

/** A rewriting of each gradient, given its parameter. */
export const stateless = (rule: (gradient: Leaf, param: Leaf) => Leaf): GradientTransformation<Stateless> => ({
  init: () => [],
  update: (gradients, state, params) => [gradients.map((gradient, i) => rule(gradient, params[i])), state]
})

/** Leaves gradients as they are. */
export const identity: GradientTransformation<Stateless> = stateless((gradient) => gradient)

/** Applies `transformations` from first to last. */
export const chain = <const States extends ReadonlyArray<unknown>>(
  ...transformations: { readonly [K in keyof States]: GradientTransformation<States[K]> }
): GradientTransformation<States> => ({
  // Mapping a tuple keeps its length, and each state its place.
  init: (params) => transformations.map(({ init }) => init(params)) as ReadonlyArray<unknown> as States,
  update: (gradients, state, params) => {
    let updates = gradients
    const next = transformations.map(({ update }, i) => {
      const [rewritten, after] = update(updates, state[i], params)
      updates = rewritten
      return after
    })
    return [updates, next as ReadonlyArray<unknown> as States]
  }
})

/** A factor: a number, a scalar tensor, or a function of the step. */
export type Rate = number | Scalar | Schedule

/** The step as a float that is at least as precise as every leaf. */
export const floatStep = (step: Counter, leaves: Leaves): Scalar =>
  Tensor.cast(step, leaves.some(({ dtype }) => dtype === "f64") ? "f64" : "f32")

/** `leaf · factor`, in the dtype of the leaf. */
export const times = (leaf: Leaf, factor: number | Scalar): Leaf =>
  Tensor.mul(leaf, typeof factor === "number" ? factor : Tensor.cast(factor, leaf.dtype))

/** Multiplies gradients by `factor`. */
export const scale = (factor: number | Scalar): GradientTransformation<Stateless> =>
  stateless((gradient) => times(gradient, factor))

/** Multiplies gradients by `rate`, which counts steps from 0 if it is a schedule. */
export const scaleBy = (rate: Rate): GradientTransformation<Counter> => ({
  init: noSteps,
  update: (gradients, step) => {
    const factor = typeof rate === "function" ? rate(floatStep(step, gradients)) : rate
    return [gradients.map((gradient) => times(gradient, factor)), Tensor.add(step, 1)]
  }
})

/**
 * The last part of an optimizer: moves against the gradient by the learning rate.
 *
 * **Throws** `ArgumentError` for a number below 0.
 */
export const descend = (learningRate: Rate): GradientTransformation<Counter> => {
  if (typeof learningRate === "function") return scaleBy((step) => Tensor.neg(learningRate(step)))
  if (typeof learningRate !== "number") return scaleBy(Tensor.neg(learningRate))
  if (learningRate >= 0) return scaleBy(-learningRate)
  throw new ArgumentError({ operation: "descend", expected: "a learning rate from 0", received: String(learningRate) })
}

/** Adds `weightDecay · parameter`, the gradient of `weightDecay/2 · |parameter|²`. */
export const addWeightDecay = (weightDecay: number): GradientTransformation<Stateless> =>
  weightDecay === 0 ? identity : stateless((gradient, param) => Tensor.add(gradient, Tensor.mul(param, weightDecay)))

/** Moves each element into `[-limit, limit]`. **Throws** `ArgumentError` unless `limit` is above 0. */
export const clipByValue = (limit: number): GradientTransformation<Stateless> => {
  checkLimit("clipByValue", limit)
  return stateless((gradient) => Tensor.clamp(gradient, -limit, limit))
}

/**
 * Scales all gradients by one factor where their common norm exceeds `limit`, so that it becomes `limit`.
 *
 * **Throws** `ArgumentError` unless `limit` is above 0. **Source** Pascanu et al. 2013, algorithm 1.
 */
export const clipByGlobalNorm = (limit: number): GradientTransformation<Stateless> => {
  checkLimit("clipByGlobalNorm", limit)
  return {
    init: () => [],
    update: (gradients, state) => {
      const factor = Tensor.div(limit, Tensor.maximum(globalNorm(gradients), limit))
      return [gradients.map((gradient) => times(gradient, factor)), state]
    }
  }
}

const checkLimit = (operation: string, limit: number): void => {
  if (!(limit > 0)) throw new ArgumentError({ operation, expected: "a limit above 0", received: String(limit) })
}

/** The Euclidean norm of all elements of all leaves together, in the precision of `floatStep`. */
export const globalNorm = (leaves: Leaves): Scalar => {
  const dtype = floatStep(noSteps(), leaves).dtype
  const squares = leaves.map((leaf) => Tensor.sum(Tensor.square(Tensor.cast(leaf, dtype))))
  return Tensor.sqrt(squares.reduce((total, part) => Tensor.add(total, part), Tensor.full([], 0, dtype)))
}

/**
 * Accumulates gradients with `decay`, unless it is 0: the momentum of gradient descent, `b ← decay · b + g`; with `nesterov` the update
 * looks one step ahead, `g + decay · b`.
 *
 * **Source** Sutskever et al. 2013, section 2; a learning rate applied afterwards, as in most libraries.
 */
export const trace = (
  decay: number,
  { nesterov = false }: { readonly nesterov?: boolean } = {}
): GradientTransformation<Leaves> => ({
  init: (params) => (decay === 0 ? [] : params.map((param) => Tensor.zerosLike(param))),
  update: (gradients, state) => {
    if (decay === 0) return [gradients, state]
    const next = gradients.map((gradient, i) => Tensor.add(Tensor.mul(state[i], decay), gradient))
    if (!nesterov) return [next, next]
    return [gradients.map((gradient, i) => Tensor.add(gradient, Tensor.mul(next[i], decay))), next]
  }
})
