/**
 * How the parameters of a layer begin: functions of a key, a shape, and the number of connections into and out of each
 * unit.
 */
import type { Float } from "@cotangent/tensor/DType"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"

/** A way to draw a parameter of a given shape. */
export type Initializer = <const S extends Dims, D extends Float = "f32">(
  key: Random.Key,
  shape: S,
  options?: { readonly fans?: Fans; readonly dtype?: D }
) => Tensor.Tensor<S, D>

/** Connections into and out of each unit. */
export interface Fans {
  readonly in: number
  readonly out: number
}

/** The fans of a weight `[inputs, outputs]`; of a kernel `[outputs, inputs, …]` with more axes. */
export const fansOf = (shape: Dims): Fans => {
  if (shape.length <= 2) return { in: shape[0] ?? 1, out: shape.at(-1) ?? 1 }
  const [outputs, inputs, ...window] = shape
  return { in: inputs * size(window), out: outputs * size(window) }
}

/** Every element is `value`. */
export const constant =
  (value: number): Initializer =>
  (_, shape, { dtype } = {}) =>
    Tensor.full(shape, value, dtype)

/** Zeros. */
export const zeros: Initializer = constant(0)

/** Ones. */
export const ones: Initializer = constant(1)

/** Even over `[low, high)`. */
export const uniform =
  (low: number, high: number): Initializer =>
  (key, shape, { dtype } = {}) =>
    Random.uniform(key, shape, { min: low, max: high, ...(dtype === undefined ? {} : { dtype }) })

/** Normal with mean 0. */
export const normal =
  (std: number): Initializer =>
  (key, shape, { dtype } = {}) =>
    Random.normal(key, shape, { std, ...(dtype === undefined ? {} : { dtype }) })

/** Even or normal, with the variance that the fans ask for. */
const scaled =
  (distribution: "uniform" | "normal", variance: (fans: Fans) => number): Initializer =>
  (key, shape, options = {}) => {
    const std = Math.sqrt(variance(options.fans ?? fansOf(shape)))
    const draw = distribution === "normal" ? normal(std) : uniform(-Math.sqrt(3) * std, Math.sqrt(3) * std)
    return draw(key, shape, options)
  }

const glorot = ({ in: inputs, out }: Fans): number => 2 / (inputs + out)

/** Even, with variance `2 / (in + out)`. **Source** Glorot & Bengio 2010, equation 16. */
export const xavierUniform: Initializer = scaled("uniform", glorot)

/** Normal, with variance `2 / (in + out)`. **Source** Glorot & Bengio 2010, equation 12. */
export const xavierNormal: Initializer = scaled("normal", glorot)

/** Even, with variance `2 / in`, for layers before a `relu`. **Source** He et al. 2015, equation 10. */
export const heUniform: Initializer = scaled("uniform", (fans) => 2 / fans.in)

/** Normal, with variance `2 / in`, for layers before a `relu`. **Source** He et al. 2015, equation 10. */
export const heNormal: Initializer = scaled("normal", (fans) => 2 / fans.in)

/** Normal, with variance `1 / in`. **Source** LeCun et al. 1998, section 4.6. */
export const lecunNormal: Initializer = scaled("normal", (fans) => 1 / fans.in)
