import { Activation, Initializer, linear, Model } from "@cotangent/nn"
import type { Affine, LinearOptions, Rows } from "@cotangent/nn"

/** The widths of a network: its inputs, its hidden layers, its outputs. */
export type Sizes = readonly [inputs: number, output: number, ...rest: ReadonlyArray<number>]

type Layers<S, Before extends ReadonlyArray<unknown> = readonly [0]> = S extends readonly [
  infer I extends number,
  infer O extends number,
  ...infer R extends ReadonlyArray<number>
]
  ? { readonly [K in `layer${Before["length"]}`]: Affine<I, O> } & Layers<readonly [O, ...R], readonly [...Before, 0]>
  : unknown

/** The parameters of an `mlp`: an affine map between each two widths. */
export type MlpParams<S extends ReadonlyArray<number>> = { readonly [K in keyof Layers<S>]: Layers<S>[K] }

type Last<S extends ReadonlyArray<number>> = S extends readonly [...ReadonlyArray<number>, infer O extends number]
  ? O
  : number

/**
 * A multi-layer perceptron: affine maps `layer1`, `layer2`, … between the `sizes`, with an activation (`relu` unless
 * stated) after each but the last.
 *
 * **Shapes** `[…, first size] → […, last size]`
 *
 * **Example** (A classifier of digits)
 *
 * ```ts run
 * const model = mlp({ sizes: [784, 32, 10] })
 * const { params, state } = model.init(Random.key(0))
 * params.layer2.weight.shape // => [32, 10]
 * model.predict(params, state, Tensor.ones([64, 784])).shape // => [64, 10]
 * ```
 */
export const mlp = <const S extends Sizes>({
  activation = Activation.relu,
  sizes,
  ...options
}: LinearOptions & {
  readonly sizes: S
  readonly activation?: Activation.Pointwise
}): Model.Model<MlpParams<S>, Model.Empty, Rows<S[0]>, Rows<Last<S>>> => {
  const layers = sizes.slice(1).flatMap((outputs, i) => {
    const layer = [`layer${i + 1}`, linear(sizes[i], outputs, options)] as const
    return i === 0 ? [layer] : [activation, layer]
  })
  // The signature reads names and widths off the sizes, as the layers have them.
  return Model.sequential(...(layers as [])) as never
}

/**
 * The network from scratch of the lecture notes: 784-10-10 with `relu`, all parameters even over [−1, 1). It gives
 * logits; the softmax is part of `Loss.crossEntropy`.
 *
 * **Shapes** `[…, 784] → […, 10]`
 */
export const notesMlp: Model.Model<MlpParams<readonly [784, 10, 10]>, Model.Empty, Rows<784>, Rows<10>> = mlp({
  sizes: [784, 10, 10],
  initializer: Initializer.uniform(-1, 1),
  biasInitializer: Initializer.uniform(-1, 1)
})
