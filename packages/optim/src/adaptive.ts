/**
 * Transformations that scale each element by what its past gradients were.
 *
 * In the equations `g` is the gradient, `t` the number of the step from 1, `m` a decaying mean of gradients and `v` of
 * their squares; both begin at 0.
 */
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Counter, GradientTransformation, Leaf, Leaves } from "./GradientTransformation.ts"
import { floatStep, noSteps, times } from "./GradientTransformation.ts"
import type { Scalar } from "./Schedule.ts"

/** `decay · mean + (1 − decay) · x` */
const averaged = (decay: number, mean: Leaf, x: Leaf): Leaf =>
  Tensor.add(Tensor.mul(mean, decay), Tensor.mul(x, 1 - decay))

const averages = (decay: number, means: Leaves, xs: Leaves): Leaves =>
  means.map((mean, i) => averaged(decay, mean, xs[i]))

const zerosLike = (params: Leaves): Leaves => params.map((param) => Tensor.zerosLike(param))
const squares = (leaves: Leaves): Leaves => leaves.map((leaf) => Tensor.square(leaf))
const damped = (spread: Leaf, epsilon: number): Leaf => Tensor.add(spread, epsilon)

/** `betaᵗ` */
const power = (beta: number, step: Scalar): Scalar => Tensor.exp(Tensor.mul(step, Math.log(beta)))

/** `1 / (1 − betaᵗ)`, what makes a mean that began at 0 unbiased; accurate for a beta near 1. */
const unbias = (beta: number, step: Scalar): Scalar =>
  Tensor.div(-1, beta === 0 ? Tensor.fullLike(step, -1) : Tensor.expm1(Tensor.mul(step, Math.log(beta))))

/** Decay rates and the number that keeps a quotient finite. */
export interface Moments {
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
}

/** The state of Adam and its kin. */
export interface MomentState {
  readonly step: Counter
  /** Decaying means of the gradients. */
  readonly mean: Leaves
  /** Decaying means of the squared gradients. */
  readonly variance: Leaves
}

const moments = (params: Leaves): MomentState => ({
  step: noSteps(),
  mean: zerosLike(params),
  variance: zerosLike(params)
})

interface Advanced extends MomentState {
  /** The number of the step as a float. */
  readonly t: Scalar
}

const advance = (
  gradients: Leaves,
  state: MomentState,
  { beta1, beta2 }: Required<Omit<Moments, "epsilon">>
): Advanced => {
  const step = Tensor.add(state.step, 1)
  return {
    step,
    t: floatStep(step, gradients),
    mean: averages(beta1, state.mean, gradients),
    variance: averages(beta2, state.variance, squares(gradients))
  }
}

/** The state of Adam; `greatest` is empty unless AMSGrad keeps the greatest variance. */
export interface AdamState extends MomentState {
  readonly greatest: Leaves
}

/**
 * `m̂ / (√v̂ + epsilon)`, with unbiased means. With `amsgrad` the greatest `v` so far takes the place of `v`.
 *
 * **Source** Kingma & Ba 2015, algorithm 1; Reddi et al. 2018, algorithm 2.
 */
export const scaleByAdam = ({
  amsgrad = false,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8
}: Moments & { readonly amsgrad?: boolean } = {}): GradientTransformation<AdamState> => ({
  init: (params) => ({ ...moments(params), greatest: amsgrad ? zerosLike(params) : [] }),
  update: (gradients, state) => {
    const { mean, step, t, variance } = advance(gradients, state, { beta1, beta2 })
    const greatest = state.greatest.map((leaf, i) => Tensor.maximum(leaf, variance[i]))
    const [first, second] = [unbias(beta1, t), unbias(beta2, t)]
    const updates = mean.map((m, i) => {
      const spread = Tensor.sqrt(times(amsgrad ? greatest[i] : variance[i], second))
      return Tensor.div(times(m, first), damped(spread, epsilon))
    })
    return [updates, { step, mean, variance, greatest }]
  }
})

/** The state of NAdam; `product` multiplies the momenta of all steps. */
export interface NadamState extends MomentState {
  readonly product: Scalar
}

/**
 * Adam with Nesterov's momentum: the mean looks one step ahead, under a momentum that warms up,
 * `μₜ = beta1 (1 − ½ 0.96^(t · momentumDecay))`.
 *
 * **Source** Dozat 2016, algorithm 2.
 */
export const scaleByNadam = ({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  momentumDecay = 0.004
}: Moments & { readonly momentumDecay?: number } = {}): GradientTransformation<NadamState> => ({
  init: (params) => ({ ...moments(params), product: Tensor.onesLike(floatStep(noSteps(), params)) }),
  update: (gradients, state) => {
    const { mean, step, t, variance } = advance(gradients, state, { beta1, beta2 })
    const momentum = (at: Scalar): Scalar =>
      Tensor.mul(Tensor.sub(1, Tensor.mul(power(0.96, Tensor.mul(at, momentumDecay)), 0.5)), beta1)
    const [now, ahead] = [momentum(t), momentum(Tensor.add(t, 1))]
    const product = Tensor.mul(state.product, now)
    const ofGradient = Tensor.div(Tensor.sub(1, now), Tensor.sub(1, product))
    const ofMean = Tensor.div(ahead, Tensor.sub(1, Tensor.mul(product, ahead)))
    const second = unbias(beta2, t)
    const updates = gradients.map((g, i) => {
      const spread = Tensor.sqrt(times(variance[i], second))
      return Tensor.div(Tensor.add(times(g, ofGradient), times(mean[i], ofMean)), damped(spread, epsilon))
    })
    return [updates, { step, mean, variance, product }]
  }
})

/**
 * Adam whose first steps, while the variance is not yet known, are those of momentum, and whose later steps are
 * rectified for it.
 *
 * **Source** Liu et al. 2020, algorithm 2.
 */
export const scaleByRadam = ({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8
}: Moments = {}): GradientTransformation<MomentState> => ({
  init: moments,
  update: (gradients, state) => {
    const { mean, step, t, variance } = advance(gradients, state, { beta1, beta2 })
    const limit = 2 / (1 - beta2) - 1
    const bias = unbias(beta2, t)
    const length = Tensor.sub(limit, Tensor.mul(Tensor.mul(Tensor.mul(t, power(beta2, t)), bias), 2))
    const isLong = Tensor.greater(length, 5)
    const known = Tensor.where(isLong, length, 5)
    const ratio = Tensor.div(Tensor.mul(Tensor.sub(known, 4), Tensor.sub(known, 2)), known)
    const rectified = Tensor.sqrt(Tensor.div(Tensor.mul(ratio, limit / ((limit - 4) * (limit - 2))), bias))
    const first = unbias(beta1, t)
    const updates = mean.map((m, i) => {
      const unbiased = times(m, first)
      const scaled = Tensor.div(times(unbiased, rectified), damped(Tensor.sqrt(variance[i]), epsilon))
      return Tensor.where(isLong, scaled, unbiased)
    })
    return [updates, { step, mean, variance }]
  }
})

/** The state of AdaMax: `greatest` holds decaying maxima of the gradients' magnitudes. */
export interface AdamaxState {
  readonly step: Counter
  readonly mean: Leaves
  readonly greatest: Leaves
}

/**
 * `m̂ / u` with the decaying maximum `u ← max(beta2 · u, |g| + epsilon)`.
 *
 * **Source** Kingma & Ba 2015, algorithm 2; epsilon keeps the quotient finite.
 */
export const scaleByAdamax = ({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8
}: Moments = {}): GradientTransformation<AdamaxState> => ({
  init: (params) => ({ step: noSteps(), mean: zerosLike(params), greatest: zerosLike(params) }),
  update: (gradients, state) => {
    const step = Tensor.add(state.step, 1)
    const mean = averages(beta1, state.mean, gradients)
    const greatest = gradients.map((g, i) =>
      Tensor.maximum(Tensor.mul(state.greatest[i], beta2), damped(Tensor.abs(g), epsilon))
    )
    const first = unbias(beta1, floatStep(step, gradients))
    return [mean.map((m, i) => Tensor.div(times(m, first), greatest[i])), { step, mean, greatest }]
  }
})

/** The state of RMSProp; `mean` is empty unless it is centered. */
export interface RmsState {
  readonly mean: Leaves
  readonly variance: Leaves
}

/**
 * `g / (√v + epsilon)`; `centered` takes the square of the mean gradient off `v`.
 *
 * **Source** Hinton 2012, lecture 6; Graves 2013, equations 38–45, for the centered form.
 */
export const scaleByRms = ({
  centered = false,
  decay = 0.9,
  epsilon = 1e-8
}: {
  readonly decay?: number
  readonly epsilon?: number
  readonly centered?: boolean
} = {}): GradientTransformation<RmsState> => ({
  init: (params) => ({ mean: centered ? zerosLike(params) : [], variance: zerosLike(params) }),
  update: (gradients, state) => {
    const variance = averages(decay, state.variance, squares(gradients))
    const mean = averages(decay, state.mean, gradients)
    const updates = gradients.map((g, i) => {
      const about = centered ? Tensor.sub(variance[i], Tensor.square(mean[i])) : variance[i]
      return Tensor.div(g, damped(Tensor.sqrt(about), epsilon))
    })
    return [updates, { mean, variance }]
  }
})

/** `g / (√s + epsilon)` with the sum `s` of all squared gradients. **Source** Duchi et al. 2011, section 1.3. */
export const scaleByAdagrad = ({
  epsilon = 1e-10
}: { readonly epsilon?: number } = {}): GradientTransformation<Leaves> => ({
  init: zerosLike,
  update: (gradients, state) => {
    const sums = gradients.map((g, i) => Tensor.add(state[i], Tensor.square(g)))
    return [gradients.map((g, i) => Tensor.div(g, damped(Tensor.sqrt(sums[i]), epsilon))), sums]
  }
})

/** The state of AdaDelta: decaying means of squared gradients and of squared updates. */
export interface AdadeltaState {
  readonly variance: Leaves
  readonly moved: Leaves
}

/** `√(d + epsilon) / √(v + epsilon) · g`, with `d` a mean of squared updates. **Source** Zeiler 2012, algorithm 1. */
export const scaleByAdadelta = ({
  decay = 0.9,
  epsilon = 1e-6
}: { readonly decay?: number; readonly epsilon?: number } = {}): GradientTransformation<AdadeltaState> => ({
  init: (params) => ({ variance: zerosLike(params), moved: zerosLike(params) }),
  update: (gradients, state) => {
    const variance = averages(decay, state.variance, squares(gradients))
    const root = (leaf: Leaf): Leaf => Tensor.sqrt(damped(leaf, epsilon))
    const updates = gradients.map((g, i) => Tensor.mul(Tensor.div(root(state.moved[i]), root(variance[i])), g))
    return [updates, { variance, moved: averages(decay, state.moved, squares(updates)) }]
  }
})

/**
 * The signs of `beta1 · m + (1 − beta1) · g`; the mean `m` then decays by `beta2`.
 *
 * **Source** Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", program 1.
 */
export const scaleByLion = ({
  beta1 = 0.9,
  beta2 = 0.99
}: { readonly beta1?: number; readonly beta2?: number } = {}): GradientTransformation<Leaves> => ({
  init: zerosLike,
  update: (gradients, mean) => [
    averages(beta1, mean, gradients).map((leaf) => Tensor.sign(leaf)),
    averages(beta2, mean, gradients)
  ]
})
