/**
 * How parameters begin: functions of a key and a shape. Draws are `f32`; cast a tree of parameters for another dtype.
 *
 * Fans are the numbers of connections into and out of each unit: of a weight `[inputs, outputs]` its extents, of a
 * kernel `[outputs, inputs, …window]` its channels times the size of the window.
 */
import * as Random from "@cotangent/tensor/Random"
import { ShapeError } from "@cotangent/tensor/errors"
import type { Dims } from "@cotangent/tensor/Shape"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"

/** A way to draw a parameter of a given shape. */
export type Initializer = <const S extends Dims>(key: Random.Key, shape: S) => Tensor.Tensor<S, "f32">

/** Every element is `value`. */
export const constant =
  (value: number): Initializer =>
  (_, shape) =>
    Tensor.full(shape, value)

/** Zeros. */
export const zeros: Initializer = constant(0)

/** Ones. */
export const ones: Initializer = constant(1)

/** Even over `[low, high)`. */
export const uniform =
  (low: number, high: number): Initializer =>
  (key, shape) =>
    Random.uniform(key, shape, { min: low, max: high })

/** Normal with mean 0 and the standard deviation `std`. */
export const normal =
  (std: number): Initializer =>
  (key, shape) =>
    Random.normal(key, shape, { std })

interface Fans {
  readonly inputs: number
  readonly outputs: number
}

const fansOf = (shape: Dims): Fans => {
  if (shape.length <= 2) return { inputs: shape[0] ?? 1, outputs: shape.at(-1) ?? 1 }
  const [outputs, inputs, ...window] = shape
  return { inputs: inputs * size(window), outputs: outputs * size(window) }
}

/** Even or normal, with the variance that the fans ask for. */
const scaled =
  (distribution: "uniform" | "normal", variance: (fans: Fans) => number): Initializer =>
  (key, shape) => {
    const std = Math.sqrt(variance(fansOf(shape)))
    const bound = Math.sqrt(3) * std
    return (distribution === "normal" ? normal(std) : uniform(-bound, bound))(key, shape)
  }

const glorot = ({ inputs, outputs }: Fans): number => 2 / (inputs + outputs)
const he = ({ inputs }: Fans): number => 2 / inputs

/** Even, with variance `2 / (inputs + outputs)`. **Source** Glorot & Bengio 2010, equation 16. */
export const xavierUniform: Initializer = scaled("uniform", glorot)

/** Normal, with variance `2 / (inputs + outputs)`. **Source** Glorot & Bengio 2010, equation 12. */
export const xavierNormal: Initializer = scaled("normal", glorot)

/** Even, with variance `2 / inputs`, for what a `relu` follows. **Source** He et al. 2015, equation 10. */
export const heUniform: Initializer = scaled("uniform", he)

/** Normal, with variance `2 / inputs`, for what a `relu` follows. **Source** He et al. 2015, equation 10. */
export const heNormal: Initializer = scaled("normal", he)

/** Normal, with variance `1 / inputs`. **Source** LeCun et al. 1998, section 4.6. */
export const lecunNormal: Initializer = scaled("normal", ({ inputs }) => 1 / inputs)

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, times `gain` (1 unless stated): what passes through
 * keeps its norm. A weight `[inputs, outputs]` is the matrix itself, a kernel `[outputs, inputs, …window]` has a row for each
 * output.
 *
 * **Throws** `ShapeError` for fewer than two axes. **Source** Saxe et al. 2014, section 3, as QR of normal draws.
 */
export const orthogonal =
  (gain = 1): Initializer =>
  <const S extends Dims>(key: Random.Key, shape: S) => {
    if (shape.length < 2) {
      throw new ShapeError({ operation: "orthogonal", expected: "two axes or more", received: [shape] })
    }
    const [rows, ...rest] = shape
    const columns = size(rest)
    const drawn = Random.normal(key, [Math.max(rows, columns), Math.min(rows, columns)])
    // The diagonal of R is positive, so that Q is even over all of its kind.
    const { q } = Tensor.qr(drawn)
    const matrix = Tensor.mul(rows < columns ? Tensor.transpose(q) : q, gain)
    // It has as many elements as the shape asks for.
    return Tensor.reshape(matrix, shape) as Tensor.Tensor as Tensor.Tensor<S, "f32">
  }
