/**
 * Averages of the parameters over the steps of a training: often better than the last parameters, at no cost in steps.
 *
 * An average is the last transformation of a chain, since it looks at where the updates lead; it leaves them as they are.
 * Models that keep statistics of activations, such as batch normalization, have to collect them anew for the average, as by
 * `Statistics.collect` of `@cotangent/train`.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import type { Counter, GradientTransformation, Leaves } from "./GradientTransformation.ts"
import { floatStep, noSteps, times } from "./GradientTransformation.ts"
import type { Schedule } from "./Schedule.ts"

/** The state of an average. */
export interface AverageState {
  readonly step: Counter
  readonly mean: Leaves
}

/**
 * An average that moves by `weight` of the way to the parameters after each step, which counts from 1. A weight of 1 begins
 * it anew.
 */
export const by = (weight: Schedule): GradientTransformation<AverageState> => ({
  init: (params) => ({ step: noSteps(), mean: params }),
  update: (updates, state, params) => {
    const step = Tensor.add(state.step, 1)
    const factor = weight(floatStep(step, params))
    const mean = state.mean.map((leaf, i) =>
      Tensor.add(leaf, times(Tensor.sub(Tensor.add(params[i], updates[i]), leaf), factor))
    )
    return [updates, { step, mean }]
  }
})

/**
 * The decaying mean of the parameters after each step, unbiased: after `t` steps parameters of `k` steps ago have the weight
 * `decayᵏ (1 − decay) / (1 − decayᵗ)`.
 *
 * **Throws** `ArgumentError` unless `0 ≤ decay < 1`. **Source** Polyak & Juditsky 1992, with the weights of Kingma & Ba 2015,
 * section 7.2.
 *
 * **Example** (The mean of two steps)
 *
 * ```ts run
 * const { transformation } = Optimizer.sgd({ learningRate: 1 })
 * const optimizer = Optimizer.make(GradientTransformation.chain(transformation, Averaging.exponential(0.5)))
 * const step = ([params, state]: readonly [{ x: Tensor.Tensor<readonly [], "f32"> }, ReturnType<typeof optimizer.init>]) => {
 *   const next = optimizer.update({ x: Tensor.of(-3) }, state, params)
 *   return [next.params, next.state] as const
 * }
 * const [params, [, average]] = step(step([{ x: Tensor.of(0) }, optimizer.init({ x: Tensor.of(0) })]))
 * await evaluate(params.x) // => 6
 * await evaluate(Averaging.params(average, params).x) // => 5
 * ```
 */
export const exponential = (decay: number): GradientTransformation<AverageState> => {
  if (!(decay >= 0 && decay < 1)) {
    throw new ArgumentError({
      operation: "Averaging.exponential",
      expected: "a decay from 0 below 1",
      received: String(decay)
    })
  }
  // (1 − decay) / (1 − decayᵗ)
  return by((step) =>
    decay === 0 ? Tensor.onesLike(step) : Tensor.div(decay - 1, Tensor.expm1(Tensor.mul(step, Math.log(decay))))
  )
}

/**
 * The plain mean of the parameters after every `every` steps (1 unless stated) from step `start` on; until then the
 * parameters themselves.
 *
 * **Throws** `ArgumentError` unless `every` is a whole number from 1. **Source** Izmailov et al. 2018, algorithm 1.
 */
export const stochastic = ({
  every = 1,
  start
}: {
  readonly start: number
  readonly every?: number
}): GradientTransformation<AverageState> => {
  if (!Number.isInteger(every) || every < 1) {
    throw new ArgumentError({
      operation: "Averaging.stochastic",
      expected: "a number of steps from 1",
      received: String(every)
    })
  }
  return by((step) => {
    const cycles = Tensor.mul(Tensor.sub(step, start), 1 / every)
    const isDue = Tensor.equal(Tensor.remainder(Tensor.sub(step, start), every), 0)
    const weight = Tensor.where(isDue, Tensor.reciprocal(Tensor.add(Tensor.maximum(cycles, 0), 1)), 0)
    return Tensor.where(Tensor.lessEqual(step, start), 1, weight)
  })
}

/** The average as a tree like `params`. **Throws** `ArgumentError` where it is one of other parameters. */
export const params = <P>(state: AverageState, params: P): P => Tree.restore(Tree.structure(params), state.mean)
