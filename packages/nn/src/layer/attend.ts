import * as Random from "@cotangent/tensor/Random"
import type { Float } from "@cotangent/tensor/DType"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attended, AttentionOptions, MultiHeadParams } from "../Attention.ts"
import * as Attention from "../Attention.ts"
import { uniform, xavierUniform } from "../Initializer.ts"
import type { Floats } from "../internal/forms.ts"
import type { Empty, Model, ShapePreserving } from "../Model.ts"
import { stateless } from "../Model.ts"
import type { Rows } from "./linear.ts"

/** Queries, keys and values of one width, and the keys that each query may see. */
export interface Attending<W extends number> extends Pick<AttentionOptions, "mask"> {
  readonly query: Rows<W>
  readonly key: Rows<W>
  readonly value: Rows<W>
}

/** Over how many heads the width is cut, and whether queries see what comes after them. */
export interface HeadOptions extends Pick<AttentionOptions, "causal"> {
  readonly heads: number
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

/**
 * Attention by several heads of queries to keys, as `Attention.multiHeadAttention`.
 *
 * **Shapes** query `[…, queries, width]`, key and value `[…, keys, width]` → `[…, queries, width]`; a mask broadcasts to
 * `[…, heads, queries, keys]`. **Source** Vaswani et al. 2017, section 3.2.2.
 */
export const multiHeadAttention = <const W extends number>(
  width: W,
  options: HeadOptions
): Model<MultiHeadParams<W>, Empty, Attending<W>, Rows<W>> =>
  stateless({
    init: (key) => draw(key, width),
    apply: (params, { mask, ...input }: Attending<W>) =>
      // Attention keeps the width.
      Attention.multiHeadAttention(input as Attended, params, {
        ...options,
        ...(mask === undefined ? {} : { mask })
      }) as Floats as Rows<W>
  })

/**
 * Attention by several heads of a sequence to itself, as `Attention.multiHeadAttention`.
 *
 * **Shapes** `[…, length, width] → […, length, width]`. **Source** Vaswani et al. 2017, section 3.2.3.
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
  const predict = <L extends Shape, D extends Float>(
    params: MultiHeadParams<W>,
    _: Empty,
    input: Tensor.Tensor<readonly [...L, W], D>
  ): Tensor.Tensor<readonly [...L, W], D> =>
    // Attention to itself keeps the shape.
    Attention.multiHeadAttention(input as Floats, params, options) as Tensor.Tensor as typeof input
  return {
    init: (key) => ({ params: draw(key, width), state: {} }),
    train: (params, state, input) => ({ output: predict(params, state, input), state }),
    predict
  }
}
