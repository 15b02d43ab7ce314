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

const whole = (operation: string, name: string, value: number): void => {
  if (Number.isInteger(value) && value > 0) return
  throw new ArgumentError({ operation, expected: `${name} to be a whole number from 1`, received: String(value) })
}

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

/**
 * `schedule`, but smaller in the first `steps` steps: by a factor that goes from `1 / steps` to 1 in a line.
 *
 * **Throws** `ArgumentError` unless `steps` is above 0. **Source** Goyal et al. 2017, section 2.2.
 */
export const warmup = (steps: number, schedule: Schedule): Schedule => {
  positive("Schedule.warmup", "steps", steps)
  return (step) => Tensor.mul(schedule(step), progress(Tensor.add(step, 1), steps))
}

/**
 * `learningRate`, times `gamma` for each of the `milestones` that the step has reached.
 *
 * **Throws** `ArgumentError` unless `gamma` is above 0.
 */
export const multiStep = ({
  gamma,
  learningRate,
  milestones
}: {
  readonly learningRate: number
  readonly milestones: ReadonlyArray<number>
  readonly gamma: number
}): Schedule => {
  positive("Schedule.multiStep", "gamma", gamma)
  return (step) =>
    milestones.reduce(
      (rate, milestone) => Tensor.where(Tensor.less(step, milestone), rate, Tensor.mul(rate, gamma)),
      Tensor.fullLike(step, learningRate)
    )
}

/** `learningRate / (1 + decay · step)`. **Source** Robbins & Monro 1951: such rates sum to infinity, their squares do not. */
export const inverseTime =
  ({ decay, learningRate }: { readonly learningRate: number; readonly decay: number }): Schedule =>
  (step) =>
    Tensor.div(learningRate, Tensor.add(Tensor.mul(step, decay), 1))

/**
 * Up to `learningRate` in a line of `warmup` steps, then down with the root of the step.
 *
 * **Throws** `ArgumentError` unless `warmup` is above 0. **Source** Vaswani et al. 2017, equation 3, with its greatest rate as
 * parameter.
 */
export const inverseSquareRoot = ({
  learningRate,
  warmup
}: {
  readonly learningRate: number
  readonly warmup: number
}): Schedule => {
  positive("Schedule.inverseSquareRoot", "warmup", warmup)
  return (step) => {
    const t = Tensor.mul(Tensor.add(step, 1), 1 / warmup)
    return Tensor.mul(Tensor.minimum(t, Tensor.rsqrt(t)), learningRate)
  }
}

/**
 * Half a cosine from `learningRate` down to `minimum` (0 unless stated), again and again: the first takes `period` steps,
 * each other `growth` times as many as the one before it (1 unless stated).
 *
 * **Throws** `ArgumentError` unless `period` is above 0 and `growth` a whole number. **Source** Loshchilov & Hutter 2017,
 * equation 5.
 */
export const cosineRestarts = ({
  growth = 1,
  learningRate,
  minimum = 0,
  period
}: {
  readonly learningRate: number
  readonly period: number
  readonly growth?: number
  readonly minimum?: number
}): Schedule => {
  positive("Schedule.cosineRestarts", "period", period)
  whole("Schedule.cosineRestarts", "growth", growth)
  const wave = <D extends Float>(x: Scalar<D>): Scalar<D> => between(cosineRamp(x), learningRate, minimum)
  if (growth === 1) {
    return (step) => {
      const x = Tensor.mul(step, 1 / period)
      return wave(Tensor.sub(x, Tensor.floor(x)))
    }
  }
  // Beginnings and lengths of all periods that a counter of steps can reach.
  const periods: Array<{ readonly start: number; readonly length: number }> = []
  for (let [start, length] = [0, period]; start < 2 ** 31; start += length, length *= growth) {
    periods.push({ start, length })
  }
  return (step) => {
    const initial = Tensor.mul(step, 1 / period)
    const x = periods
      .slice(1)
      .reduce(
        (x, { length, start }) =>
          Tensor.where(Tensor.less(step, start), x, Tensor.mul(Tensor.sub(step, start), 1 / length)),
        initial
      )
    return wave(x)
  }
}

/**
 * Up from `minimum` to `maximum` in `stepSize` steps and down again in as many, again and again; the height of the triangles
 * shrinks by `gamma` in each step (1 unless stated).
 *
 * **Throws** `ArgumentError` unless `stepSize` and `gamma` are above 0. **Source** Smith 2017, sections 3.1 and 3.2.
 */
export const cyclic = ({
  gamma = 1,
  maximum,
  minimum,
  stepSize
}: {
  readonly minimum: number
  readonly maximum: number
  readonly stepSize: number
  readonly gamma?: number
}): Schedule => {
  positive("Schedule.cyclic", "stepSize", stepSize)
  positive("Schedule.cyclic", "gamma", gamma)
  const height = exponential({ learningRate: maximum - minimum, gamma })
  return (step) => {
    const x = Tensor.mul(step, 1 / (2 * stepSize))
    const done = Tensor.sub(x, Tensor.floor(x))
    const rise = Tensor.sub(1, Tensor.abs(Tensor.sub(Tensor.mul(done, 2), 1)))
    return Tensor.add(Tensor.mul(rise, height(step)), minimum)
  }
}
