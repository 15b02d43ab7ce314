import type { Float, Integer } from "@cotangent/tensor/DType"
import * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Initializer } from "../Initializer.ts"
import { normal, xavierUniform, zeros } from "../Initializer.ts"
import type { Empty, Model } from "../Model.ts"
import { stateless } from "../Model.ts"

/** A linear map. */
export interface Weight<I extends number, O extends number> {
  readonly weight: Tensor.Tensor<readonly [I, O], Float>
}

/** An affine map. */
export interface Affine<I extends number, O extends number> extends Weight<I, O> {
  readonly bias: Tensor.Tensor<readonly [O], Float>
}

/** Tensors whose rows along the last axis have `N` elements. */
export type Rows<N extends number> = Tensor.Tensor<readonly [...Shape, N], Float>

/** How the parameters of an affine map begin. */
export interface LinearOptions {
  /** How weights are drawn; Xavier's uniform unless stated. */
  readonly initializer?: Initializer
  /** How biases are drawn; zeros unless stated. */
  readonly biasInitializer?: Initializer
}

/**
 * The affine map `x · weight + bias` of the last axis; linear if `bias` is false.
 *
 * **Shapes** `[…, inputs] → […, outputs]`; weight `[inputs, outputs]`, bias `[outputs]`.
 *
 * **Example** (An affine map)
 *
 * ```ts run
 * const layer = linear(3, 2, { initializer: Initializer.ones })
 * const { params, state } = layer.init(Random.key(0))
 * await evaluate(layer.predict(params, state, Tensor.of([[1, 2, 3]]))) // => [[6, 6]]
 * ```
 */
export const linear = <const I extends number, const O extends number, const B extends boolean = true>(
  inputs: I,
  outputs: O,
  { bias, biasInitializer = zeros, initializer = xavierUniform }: LinearOptions & { readonly bias?: B } = {}
): Model<B extends false ? Weight<I, O> : Affine<I, O>, Empty, Rows<I>, Rows<O>> => {
  const weighted = ({ weight }: Weight<I, O>, input: Rows<I>): Rows<O> => Tensor.matmul(input, weight)
  const without = stateless({
    kind: "linear",
    init: (key) => ({ weight: initializer(key, [inputs, outputs]) }),
    apply: weighted
  })
  const withBias = stateless({
    kind: "linear",
    init: (key): Affine<I, O> => {
      const [first, second] = Random.split(key)
      return { weight: initializer(first, [inputs, outputs]), bias: biasInitializer(second, [outputs]) }
    },
    apply: (params: Affine<I, O>, input: Rows<I>): Rows<O> => Tensor.add(weighted(params, input), params.bias)
  })
  // `B` says in types what this condition decides.
  return (bias === false ? without : withBias) as never
}

/**
 * Rows of a learned table, by number. **Shapes** `i32 […] → […, width]`; weight `[count, width]`.
 *
 * Rows are drawn from the standard normal distribution unless `initializer` says otherwise. Numbers outside the table
 * are clamped into it.
 */
export const embedding = <const N extends number, const W extends number>(
  count: N,
  width: W,
  { initializer = normal(1) }: { readonly initializer?: Initializer } = {}
): Model<Weight<N, W>, Empty, Tensor.Tensor<Shape, Integer>, Rows<W>> =>
  stateless({
    kind: "embedding",
    init: (key: Random.Key): Weight<N, W> => ({ weight: initializer(key, [count, width]) }),
    apply: ({ weight }, input: Tensor.Tensor<Shape, Integer>): Rows<W> => Tensor.embedding(weight, input)
  })
