/**
 * The Gumbel distribution, that of the greatest of many, and its parameters from observations.
 *
 * **Source** Gumbel 1954; Bahng 2023, "Deep Learning", example 1.1.
 */
import { Minimizer } from "@cotangent/optim"
import type { Float } from "@cotangent/tensor/DType"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"

type Floats = Tensor.Tensor<Shape, Float>
type Scalar = Tensor.Tensor<readonly [], Float>

/** Where the distribution lies, and how wide it is. */
export interface Gumbel {
  readonly location: Scalar
  /** Above 0. */
  readonly scale: Scalar
}

const standardized = ({ location, scale }: Gumbel, x: Floats): Floats =>
  Tensor.div(Tensor.sub(x, location as never), scale as never)

/** The probability of at most `x`, `exp(−exp(−z))` with `z = (x − location) / scale`. */
export const distribution = (self: Gumbel, x: Floats): Floats =>
  Tensor.exp(Tensor.neg(Tensor.exp(Tensor.neg(standardized(self, x)))))

/** The logarithm of the density at `x`, `−z − exp(−z) − ln scale`. */
export const logDensity = (self: Gumbel, x: Floats): Floats => {
  const z = standardized(self, x)
  return Tensor.sub(Tensor.neg(Tensor.add(z, Tensor.exp(Tensor.neg(z)))), Tensor.log(self.scale) as never)
}

/** So many draws. */
export const sample = <const S extends Dims>(
  { location, scale }: Gumbel,
  key: Random.Key,
  shape: S
): Tensor.Tensor<S, Float> => {
  const standard: Floats = Random.gumbel(key, shape, { dtype: location.dtype })
  const drawn: Floats = Tensor.add(Tensor.mul(standard, scale as never), location as never)
  // One for each place of the shape.
  return drawn as Tensor.Tensor<S, Float>
}

/** The negative logarithm of the likelihood of all observations: `N ln β + Σ (z + exp(−z))`. */
export const negativeLogLikelihood = (self: Gumbel, observed: Floats): Scalar =>
  Tensor.neg(Tensor.sum(logDensity(self, observed))) as Scalar

/**
 * The derivatives of `negativeLogLikelihood` in closed form; at the likeliest parameters both are 0:
 * `(−N + Σ e^(−z)) / β` and `(N − Σ z (1 − e^(−z))) / β`.
 */
export const derivatives = (self: Gumbel, observed: Floats): Gumbel => {
  const z = standardized(self, observed)
  const weights = Tensor.exp(Tensor.neg(z))
  const count = size(observed.shape)
  const byLocation = Tensor.sub(Tensor.sum(weights), count) as Scalar
  const byScale = Tensor.sub(count, Tensor.sum(Tensor.mul(z, Tensor.sub(1, weights)))) as Scalar
  return { location: Tensor.div(byLocation, self.scale), scale: Tensor.div(byScale, self.scale) }
}

/** The location that is likeliest for a scale, in closed form: `−β ln (mean of e^(−x/β))`. */
export const locationFor = (scale: Scalar, observed: Floats): Scalar => {
  const exponents = Tensor.neg(Tensor.div(observed, scale as never))
  const logMean = Tensor.sub(Tensor.logSumExp(exponents), Math.log(size(observed.shape))) as Scalar
  return Tensor.neg(Tensor.mul(scale, logMean))
}

/** Euler's constant. */
const euler = 0.5772156649015329

/** The parameters whose mean and variance are those of the observations. */
export const byMoments = (observed: Floats): Gumbel => {
  const scale = Tensor.mul(Tensor.standardDeviation(observed), Math.sqrt(6) / Math.PI) as Scalar
  return { location: Tensor.sub(Tensor.mean(observed) as Scalar, Tensor.mul(scale, euler)), scale }
}

/**
 * The parameters under which the observations are most likely, by L-BFGS over the location and the logarithm of the scale,
 * from those of `byMoments`.
 *
 * **Example** (Recovering what draws were made with)
 *
 * ```ts run
 * const truth = { location: Tensor.of(2, "f64"), scale: Tensor.of(0.5, "f64") }
 * const found = Gumbel.fit(Gumbel.sample(truth, Random.key(0), [4000]))
 * Math.abs((await evaluate(found.location)) - 2) < 0.05 // => true
 * Math.abs((await evaluate(found.scale)) - 0.5) < 0.05 // => true
 * ```
 */
export const fit = (observed: Floats, options: Minimizer.MinimizerOptions = {}): Gumbel => {
  const { location, scale } = byMoments(observed)
  const count = size(observed.shape)
  const { params } = Minimizer.minimize(
    Minimizer.lbfgs(options),
    ({ location, logScale }: { readonly location: Scalar; readonly logScale: Scalar }) =>
      Tensor.mul(negativeLogLikelihood({ location, scale: Tensor.exp(logScale) }, observed), 1 / count),
    { location, logScale: Tensor.log(scale) }
  )
  return { location: params.location, scale: Tensor.exp(params.logScale) }
}
