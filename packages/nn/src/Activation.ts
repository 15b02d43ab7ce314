/**
 * Activation functions: what stands between the affine maps of a network. Those with options have two forms, `elu(x)`
 * and, in a pipe or a `sequential`, `elu({ alpha: 0.5 })`.
 */
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import { dual } from "effect/Function"
import type { Adjustable, Configured, Floats, Pointwise } from "./internal/forms.ts"
import { adjustable, configured, tensorFirst } from "./internal/forms.ts"

export type { Adjustable, Configured, Pointwise } from "./internal/forms.ts"

export { logSigmoid, logSoftmax, relu, sigmoid, softmax, softplus, tanh } from "@cotangent/tensor/Tensor"

/** `x` where `x > 0`, `negativeSlope · x` elsewhere; the slope is 0.01 unless stated. */
export const leakyRelu: Adjustable<{ readonly negativeSlope?: number }> = adjustable<{
  readonly negativeSlope?: number
}>((x, { negativeSlope = 0.01 }) => Tensor.where(Tensor.greater(x, 0), x, Tensor.mul(x, negativeSlope)))

/** `x` where `x > 0`, `curve(x)` elsewhere, which never sees a positive `x`: its exponential cannot overflow. */
const exponentialBelow = <S extends Shape, D extends Float>(
  x: Tensor.Tensor<S, D>,
  curve: (x: Tensor.Tensor<S, D>) => Tensor.Tensor<S, D>
): Tensor.Tensor<S, D> => {
  const isPositive = Tensor.greater(x, 0)
  return Tensor.where(isPositive, x, curve(Tensor.where(isPositive, 0, x)))
}

/** `x` where `x > 0`, `alpha (eˣ − 1)` elsewhere; alpha is 1 unless stated. **Source** Clevert et al. 2016. */
export const elu: Adjustable<{ readonly alpha?: number }> = adjustable<{ readonly alpha?: number }>(
  (x, { alpha = 1 }) => exponentialBelow(x, (below) => Tensor.mul(Tensor.expm1(below), alpha))
)

/** The scaled `elu` that keeps mean 0 and variance 1. **Source** Klambauer et al. 2017, equation 2. */
export const selu: Pointwise = (x) => Tensor.mul(elu(x, { alpha: 1.6732632423543772 }), 1.0507009873554805)

/** `elu` with a slope of 1 at 0 for every alpha: `alpha (e^(x/alpha) − 1)` below 0. **Source** Barron 2017. */
export const celu: Adjustable<{ readonly alpha?: number }> = adjustable<{ readonly alpha?: number }>(
  (x, { alpha = 1 }) => exponentialBelow(x, (below) => Tensor.mul(Tensor.expm1(Tensor.mul(below, 1 / alpha)), alpha))
)

/**
 * `x Φ(x)`, with the normal distribution function Φ or its approximation by `tanh`.
 *
 * **Source** Hendrycks & Gimpel 2016, section 2.
 */
export const gelu: Adjustable<{ readonly approximate?: "none" | "tanh" }> = adjustable<{
  readonly approximate?: "none" | "tanh"
}>((x, { approximate = "none" }) => {
  const half = Tensor.mul(x, 0.5)
  if (approximate === "none") return Tensor.mul(half, Tensor.add(Tensor.erf(Tensor.mul(x, Math.SQRT1_2)), 1))
  const cubic = Tensor.add(x, Tensor.mul(Tensor.mul(Tensor.square(x), x), 0.044715))
  return Tensor.mul(half, Tensor.add(Tensor.tanh(Tensor.mul(cubic, Math.sqrt(2 / Math.PI))), 1))
})

/** `x · sigmoid(x)`. **Source** Elfwing et al. 2018; also called swish. */
export const silu: Pointwise = (x) => Tensor.mul(x, Tensor.sigmoid(x))

/** `x · tanh(softplus(x))`. **Source** Misra 2019. */
export const mish: Pointwise = (x) => Tensor.mul(x, Tensor.tanh(Tensor.softplus(x)))

/** `x` moved into `[min, max]`, which is [−1, 1] unless stated. */
export const hardtanh: Adjustable<{ readonly min?: number; readonly max?: number }> = adjustable<{
  readonly min?: number
  readonly max?: number
}>((x, { max = 1, min = -1 }) => Tensor.clamp(x, min, max))

/** `x` moved into `[0, 6]`. */
export const relu6: Pointwise = (x) => Tensor.clamp(x, 0, 6)

/** The piecewise linear sigmoid: `x/6 + ½` moved into `[0, 1]`. */
export const hardsigmoid: Pointwise = (x) => Tensor.mul(relu6(Tensor.add(x, 3)), 1 / 6)

/** `x · hardsigmoid(x)`. **Source** Howard et al. 2019, section 5.2. */
export const hardswish: Pointwise = (x) => Tensor.mul(x, hardsigmoid(x))

/** `x / (1 + |x|)`. */
export const softsign: Pointwise = (x) => Tensor.div(x, Tensor.add(Tensor.abs(x), 1))

/** `x − tanh(x)`. */
export const tanhshrink: Pointwise = (x) => Tensor.sub(x, Tensor.tanh(x))

/**
 * `x` where `x > 0`, `alpha · x` elsewhere, with a learned alpha.
 *
 * **Shapes** alpha `[1]`, or `[channels]` for an `x` of `[batch, channels, …]`. **Source** He et al. 2015, equation 1.
 */
export const prelu = <S extends Shape, D extends Float>(
  self: Tensor.Tensor<S, D>,
  alpha: Tensor.Tensor<readonly [number], NoInfer<D>>
): Tensor.Tensor<S, D> => {
  const [count] = alpha.shape
  const slopes = Tensor.reshape(alpha, count === 1 ? [1] : [count, ...self.shape.slice(2).map(() => 1)])
  const x: Tensor.Tensor<Shape, D> = self
  // One slope, or one for each channel, leaves the shape.
  return Tensor.where(Tensor.greater(x, 0), x, Tensor.mul(x, slopes)) as Tensor.Tensor<S, D>
}

/**
 * The first half along `axis`, gated by the second: `a · sigmoid(b)`; the last axis unless stated.
 *
 * **Throws** `ShapeError` unless the extent is even. **Source** Dauphin et al. 2017, equation 1.
 */
export const glu: {
  (options: { readonly axis?: number }): <D extends Float>(self: Tensor.Tensor<Shape, D>) => Tensor.Tensor<Shape, D>
  <D extends Float>(self: Tensor.Tensor<Shape, D>, options?: { readonly axis?: number }): Tensor.Tensor<Shape, D>
} = dual(
  tensorFirst,
  <D extends Float>(self: Tensor.Tensor<Shape, D>, { axis = -1 }: { readonly axis?: number } = {}) => {
    const [value, gate] = Tensor.split(self, 2, axis)
    return Tensor.mul(value, Tensor.sigmoid(gate))
  }
)

/**
 * The greatest of each `pieces` neighbors along the last axis. **Shapes** `[…, n] → […, n / pieces]`
 *
 * **Throws** `ShapeError` unless `pieces` divides the last extent. **Source** Goodfellow et al. 2013, equation 1.
 */
export const maxout: {
  (options: { readonly pieces: number }): <D extends Float>(self: Tensor.Tensor<Shape, D>) => Tensor.Tensor<Shape, D>
  <D extends Float>(self: Tensor.Tensor<Shape, D>, options: { readonly pieces: number }): Tensor.Tensor<Shape, D>
} = dual(2, <D extends Float>(self: Tensor.Tensor<Shape, D>, { pieces }: { readonly pieces: number }) => {
  const extent = self.shape.at(-1) ?? 0
  if (self.shape.length === 0 || !Number.isInteger(extent / pieces)) {
    throw new ShapeError({
      operation: "maxout",
      expected: `a last axis that divides by ${pieces}`,
      received: [self.shape]
    })
  }
  return Tensor.max(Tensor.reshape(self, [...self.shape.slice(0, -1), extent / pieces, pieces]), -1)
})

/** What `gumbelSoftmax` draws with, how sharply, and along which axis. */
export interface GumbelOptions {
  readonly key: Random.Key
  /** Near 0 the result is near one-hot, and gradients are large; 1 unless stated. */
  readonly temperature?: number
  /** Whether the result is one-hot, with the gradient of the soft one. */
  readonly hard?: boolean
  /** The last unless stated. */
  readonly axis?: number
}

/**
 * A category for each row of logits, drawn with the probabilities `softmax(logits)`, as a softmax of logits and Gumbel noise
 * that has a gradient.
 *
 * **Throws** `ArgumentError` unless the temperature is above 0, `AxisError`. **Source** Jang et al. 2017, equation 2, and
 * section 2.2 for `hard`.
 */
export const gumbelSoftmax: Configured<GumbelOptions> = configured<GumbelOptions>(
  (logits, { axis = -1, hard = false, key, temperature = 1 }) => {
    if (!(temperature > 0)) {
      throw new ArgumentError({
        operation: "gumbelSoftmax",
        expected: "a temperature above 0",
        received: String(temperature)
      })
    }
    const noise: Floats = Random.gumbel(key, logits.shape, { dtype: logits.dtype })
    const soft = Tensor.softmax(Tensor.mul(Tensor.add(logits, noise), 1 / temperature), axis)
    if (!hard) return soft
    const isGreatest = Tensor.equal(soft, Tensor.max(soft, axis, { keepDims: true }))
    const chosen = Tensor.where(isGreatest, Tensor.onesLike(soft), 0)
    return Tensor.add(chosen, Tensor.sub(soft, Tensor.stopGradient(soft)))
  }
)
