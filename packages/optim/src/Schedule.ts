/**
 * Schedules: the learning rate as a function of the step, counted from 0.
 *
 * A schedule computes in the dtype of the step it is given, a float, so that steps are data and a program is compiled
 * once.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Tensor from "@cotangent/tensor/Tensor"

/** A number as a tensor. */
export type Scalar<D extends Float = Float> = Tensor.Tensor<readonly [], D>

/** The rate at a step. */
export type Schedule = <D extends Float>(step: Scalar<D>) => Scalar<D>

const positive = (operation: string, name: string, value: number): void => {
  if (!(value > 0)) throw new ArgumentError({ operation, expected: `${name} above 0`, received: String(value) })
}

/** The same rate at every step. */
export const constant =
  (learningRate: number): Schedule =>
  (step) =>
    Tensor.fullLike(step, learningRate)

/** The part of `steps` that is done, at most 1. */
const progress = <D extends Float>(step: Scalar<D>, steps: number): Scalar<D> =>
  Tensor.minimum(Tensor.mul(step, 1 / steps), 1)

/** `from + (to − from) · weight` */
const between = <D extends Float>(weight: Scalar<D>, from: number, to: number): Scalar<D> =>
  Tensor.add(Tensor.mul(weight, to - from), from)

/** `½ (1 − cos πx)`: from 0 to 1 as `x` goes from 0 to 1, level at both ends. */
const cosineRamp = <D extends Float>(x: Scalar<D>): Scalar<D> =>
  Tensor.mul(Tensor.sub(1, Tensor.cos(Tensor.mul(x, Math.PI))), 0.5)

/** `learningRate · gamma^⌊step / stepSize⌋`. **Throws** `ArgumentError` unless `stepSize` and `gamma` are above 0. */
export const step = ({
  gamma,
  learningRate,
  stepSize
}: {
  readonly learningRate: number
  readonly stepSize: number
  readonly gamma: number
}): Schedule => {
  positive("Schedule.step", "stepSize", stepSize)
  return (step) => exponential({ learningRate, gamma })(Tensor.floor(Tensor.div(step, stepSize)))
}

/** `learningRate · gamma^step`. **Throws** `ArgumentError` unless `gamma` is above 0. */
export const exponential = ({
  gamma,
  learningRate
}: {
  readonly learningRate: number
  readonly gamma: number
}): Schedule => {
  positive("Schedule.exponential", "gamma", gamma)
  return (step) => Tensor.mul(Tensor.exp(Tensor.mul(step, Math.log(gamma))), learningRate)
}

/**
 * From `learningRate` to `minimum` (0 unless stated) along half a cosine of `steps` steps, after which it rises again.
 *
 * **Source** Loshchilov & Hutter 2017, equation 5, without restarts.
 */
export const cosine = ({
  learningRate,
  minimum = 0,
  steps
}: {
  readonly learningRate: number
  readonly steps: number
  readonly minimum?: number
}): Schedule => {
  positive("Schedule.cosine", "steps", steps)
  return (step) => between(cosineRamp(Tensor.div(step, steps)), learningRate, minimum)
}

/** From `startFactor · learningRate` to `endFactor · learningRate` (1 unless stated) in `steps` steps; then it stays. */
export const linearWarmup = ({
  endFactor = 1,
  learningRate,
  startFactor,
  steps
}: {
  readonly learningRate: number
  readonly startFactor: number
  readonly endFactor?: number
  readonly steps: number
}): Schedule => {
  positive("Schedule.linearWarmup", "steps", steps)
  return (step) => between(progress(step, steps), startFactor * learningRate, endFactor * learningRate)
}

/** `learningRate · (1 − step/steps)^power` down to 0; then it stays. */
export const polynomial = ({
  learningRate,
  power = 1,
  steps
}: {
  readonly learningRate: number
  readonly steps: number
  readonly power?: number
}): Schedule => {
  positive("Schedule.polynomial", "steps", steps)
  return (step) => Tensor.mul(Tensor.pow(Tensor.sub(1, progress(step, steps)), power), learningRate)
}

/** `before` for `steps` steps, then `after`, which counts from 0 again. */
export const andThen =
  (before: Schedule, steps: number, after: Schedule): Schedule =>
  (step) =>
    Tensor.where(Tensor.less(step, steps), before(step), after(Tensor.maximum(Tensor.sub(step, steps), 0)))

/**
 * A linear warm-up from 0 in `warmup` steps, then half a cosine down to `minimum` (0 unless stated) at `steps`.
 *
 * **Source** Loshchilov & Hutter 2017; the warm-up of Goyal et al. 2017.
 */
export const warmupCosine = ({
  learningRate,
  minimum = 0,
  steps,
  warmup
}: {
  readonly learningRate: number
  readonly warmup: number
  readonly steps: number
  readonly minimum?: number
}): Schedule => {
  positive("Schedule.warmupCosine", "steps − warmup", steps - warmup)
  const decay = cosine({ learningRate, minimum, steps: steps - warmup })
  const held: Schedule = (step) => decay(Tensor.minimum(step, steps - warmup))
  return warmup === 0 ? held : andThen(linearWarmup({ learningRate, startFactor: 0, steps: warmup }), warmup, held)
}

/**
 * From `maximum / divFactor` up to `maximum` in the first part of the steps, then down to the start over
 * `finalDivFactor`.
 *
 * **Source** Smith & Topin 2018. Both parts follow half a cosine, or a line.
 */
export const oneCycle = (options: {
  readonly maximum: number
  readonly totalSteps: number
  readonly warmupFraction?: number
  readonly divFactor?: number
  readonly finalDivFactor?: number
  readonly anneal?: "cosine" | "linear"
}): Schedule => {
  const { anneal = "cosine", divFactor = 25, finalDivFactor = 1e4, maximum, totalSteps, warmupFraction = 0.3 } = options
  const peak = warmupFraction * totalSteps - 1
  positive("Schedule.oneCycle", "warmupFraction · totalSteps − 1", peak)
  positive("Schedule.oneCycle", "(1 − warmupFraction) · totalSteps", totalSteps - 1 - peak)
  const initial = maximum / divFactor
  const ramp =
    (steps: number, from: number, to: number): Schedule =>
    (step) => {
      const done = progress(step, steps)
      return between(anneal === "cosine" ? cosineRamp(done) : done, from, to)
    }
  return andThen(ramp(peak, initial, maximum), peak, ramp(totalSteps - 1 - peak, maximum, initial / finalDivFactor))
}
