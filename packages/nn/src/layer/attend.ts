import * as Random from "@cotangent/tensor/Random"
import type { Float } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attended, AttentionOptions, MultiHeadOptions, MultiHeadParams } from "../Attention.ts"
import * as Attention from "../Attention.ts"
import { uniform, xavierUniform } from "../Initializer.ts"
import type { Floats } from "../internal/forms.ts"
import { checkRate } from "../internal/thin.ts"
import type { Empty, Model, ShapePreserving } from "../Model.ts"
import type { Rows } from "./linear.ts"

/** Queries, keys and values of one width, and the keys that each query may see. */
export interface Attending<W extends number> extends Pick<AttentionOptions, "mask"> {
  readonly query: Rows<W>
  readonly key: Rows<W>
  readonly value: Rows<W>
}

/** Over how many heads the width is cut, whether queries see what comes after them, and what training leaves out. */
export interface HeadOptions extends Pick<AttentionOptions, "causal"> {
  readonly heads: number
  /** The probability with which a weight is set to 0 while training; 0 unless stated. */
  readonly dropout?: number
}

/** As PyTorch draws them: the stacked maps by Xavier, the last one evenly below `1/√width`, biases 0. */
const draw = <W extends number>(key: Random.Key, width: W): MultiHeadParams<W> => {
  const [first, second] = Random.split(key)
  const bound = 1 / Math.sqrt(width)
  return {
    in_proj_weight: xavierUniform(first, [3 * width, width]),
    in_proj_bias: Tensor.zeros([3 * width]),
    out_proj: { weight: uniform(-bound, bound)(second, [width, width]), bias: Tensor.zeros([width]) }
  }
}

/** The options of the function, while training with a key. **Throws** unless the rate of dropout is from 0 below 1. */
const optionsOf = ({ dropout: rate = 0, ...options }: HeadOptions): ((key?: Random.Key) => MultiHeadOptions) => {
  checkRate("multiHeadAttention", rate)
  return (key) => (key === undefined || rate === 0 ? options : { ...options, dropout: { rate, key } })
}

/**
 * Attention by several heads of queries to keys, as `Attention.multiHeadAttention`; training may drop weights.
 *
 * **Shapes** query `[…, queries, width]`, key and value `[…, keys, width]` → `[…, queries, width]`; a mask broadcasts to
 * `[…, heads, queries, keys]`. **Throws** `ArgumentError` unless the rate of dropout is from 0 below 1.
 * **Source** Vaswani et al. 2017, section 3.2.2.
 */
export const multiHeadAttention = <const W extends number>(
  width: W,
  options: HeadOptions
): Model<MultiHeadParams<W>, Empty, Attending<W>, Rows<W>> => {
  const given = optionsOf(options)
  const apply = (params: MultiHeadParams<W>, { mask, ...input }: Attending<W>, key?: Random.Key): Rows<W> =>
    // Attention keeps the width.
    Attention.multiHeadAttention(input as Attended, params, {
      ...given(key),
      ...(mask === undefined ? {} : { mask })
    }) as Floats as Rows<W>
  return {
    init: (key) => ({ params: draw(key, width), state: {} }),
    train: (params, state, input, key) => ({ output: apply(params, input, key), state }),
    predict: (params, _, input) => apply(params, input),
    outline: { kind: "multiHeadAttention" }
  }
}

/**
 * Attention by several heads of a sequence to itself, as `Attention.multiHeadAttention`; training may drop weights.
 *
 * **Shapes** `[…, length, width] → […, length, width]`. **Throws** `ArgumentError` unless the rate of dropout is from 0
 * below 1. **Source** Vaswani et al. 2017, section 3.2.3.
 *
 * **Example** (What is later changes nothing earlier)
 *
 * ```ts run
 * const layer = selfAttention(4, { heads: 2, causal: true })
 * const { params, state } = layer.init(Random.key(0))
 * layer.predict(params, state, Tensor.ones([5, 3, 4])).shape // => [5, 3, 4]
 * ```
 */
export const selfAttention = <const W extends number>(
  width: W,
  options: HeadOptions
): ShapePreserving<MultiHeadParams<W>, Empty, readonly [W]> => {
  const given = optionsOf(options)
  const apply = <L extends Shape, D extends Float>(
    params: MultiHeadParams<W>,
    input: Tensor.Tensor<readonly [...L, W], D>,
    key?: Random.Key
  ): Tensor.Tensor<readonly [...L, W], D> =>
    // Attention to itself keeps the shape.
    Attention.multiHeadAttention(input as Floats, params, given(key)) as Tensor.Tensor as typeof input
  return {
    init: (key) => ({ params: draw(key, width), state: {} }),
    train: (params, state, input, key) => ({ output: apply(params, input, key), state }),
    predict: (params, _, input) => apply(params, input),
    outline: { kind: "selfAttention" }
  }
}
