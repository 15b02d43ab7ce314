import { ArgumentError } from "@cotangent/tensor/errors"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Float } from "@cotangent/tensor/DType"
import * as Activation from "../Activation.ts"
import type { Floats } from "../internal/forms.ts"
import type { Empty, Model, ShapePreserving } from "../Model.ts"
import { map } from "../Model.ts"
import type { Affine, LinearOptions, Rows } from "./linear.ts"
import { linear } from "./linear.ts"

/** The slopes of `prelu`, under PyTorch's name. */
export interface Slopes {
  readonly weight: Tensor.Tensor<readonly [number], Float>
}

/**
 * `Activation.prelu` with learned slopes below 0: one for all elements, or one for each of so many `channels` of
 * `[batch, channels, …]`. They begin at `initial`, 0.25 unless stated.
 *
 * **Throws** `ShapeError` for another number of channels. **Source** He et al. 2015, equation 1.
 */
export const prelu = ({
  channels = 1,
  initial = 0.25
}: { readonly channels?: number; readonly initial?: number } = {}): ShapePreserving<Slopes, Empty> => {
  const apply = ({ weight }: Slopes, input: Floats): Floats => Activation.prelu(input, weight as never)
  return {
    init: () => ({ params: { weight: Tensor.full([channels], initial) }, state: {} }),
    // An activation keeps the type of its input.
    train: (params, state, input) => ({ output: apply(params, input) as never, state }),
    predict: (params, _, input) => apply(params, input) as never,
    outline: { kind: "prelu" }
  }
}

/**
 * The greatest of so many affine maps, `pieces` for each output (2 unless stated): an activation that is learned.
 *
 * **Shapes** `[…, inputs] → […, outputs]`; weight `[inputs, outputs · pieces]`, the pieces of an output side by side.
 *
 * **Throws** `ArgumentError` unless `pieces` is a whole number from 1. **Source** Goodfellow et al. 2013, equation 1.
 *
 * **Example** (The magnitude, as the greater of two lines)
 *
 * ```ts run
 * const layer = maxout(1, 1)
 * const params = { weight: Tensor.of([[1, -1]]), bias: Tensor.of([0, 0]) }
 * await evaluate(layer.predict(params, {}, Tensor.of([[-3], [2]]))) // => [[3], [2]]
 * ```
 */
export const maxout = <const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  { pieces = 2, ...options }: LinearOptions & { readonly pieces?: number } = {}
): Model<Affine<I, number>, Empty, Rows<I>, Rows<O>> => {
  if (!Number.isInteger(pieces) || pieces < 1) {
    throw new ArgumentError({ operation: "maxout", expected: "1 piece or more", received: String(pieces) })
  }
  const maps = linear(inputs, outputs * pieces, options) as Model<Affine<I, number>, Empty, Rows<I>, Rows<number>>
  const layer = map(maps, (x) => Activation.maxout(x, { pieces }) as Floats as Rows<O>)
  return { ...layer, outline: { kind: "maxout" } }
}
