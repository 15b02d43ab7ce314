import { Activation, Initializer, Model, linear } from "@cotangent/nn"
import type { Affine, Rows } from "@cotangent/nn"
import { ArgumentError } from "@cotangent/tensor/errors"

/** A layer from rows to rows of one width. */
export type Layer<P, S> = Model.Model<P, S, Rows<number>, Rows<number>>

/** What the layers `layer1`, `layer2`, … of a deep network have, and the affine maps before and after them. */
export type Deep<M, L> = { readonly input: M; readonly output: M } & { readonly [K in `layer${number}`]: L }

/** A network of equal layers. */
export type DeepNet<P, S> = Model.Model<
  Deep<Affine<number, number>, P>,
  Deep<Model.Empty, S>,
  Rows<number>,
  Rows<number>
>

/** How a deep network is built. */
export interface DeepOptions {
  readonly inputs: number
  readonly outputs: number
  /** Of each layer. */
  readonly width: number
  /** Layers between the first and the last affine map. */
  readonly depth: number
  /** `relu` unless stated. */
  readonly activation?: Activation.Pointwise
  /** How weights of layers begin; He's normal unless stated. */
  readonly initializer?: Initializer.Initializer
}

/** What a layer computes before it meets its input, if it does: an activated affine map. */
const plain = ({ activation = Activation.relu, initializer = Initializer.heNormal, width }: DeepOptions) =>
  Model.map(linear(width, width, { initializer }), (x) => activation(x))

/** The first affine map, activated; the layers by number from 1 on; an affine map of `last` features. */
const stacked = (
  { activation = Activation.relu, depth, initializer = Initializer.heNormal, inputs, outputs, width }: DeepOptions,
  layer: (i: number) => Model.AnyModel,
  last: number
): DeepNet<unknown, unknown> => {
  if (!Number.isInteger(depth) || depth < 0) {
    throw new ArgumentError({ operation: "deepNet", expected: "a depth from 0", received: String(depth) })
  }
  // Each layer takes what the one before it gives.
  return Model.sequential(
    ...([
      ["input", linear(inputs, width, { initializer })],
      activation,
      ...Array.from({ length: depth }, (_, i) => [`layer${i + 1}`, layer(i + 1)] as const),
      ["output", linear(last, outputs)]
    ] as unknown as [])
  ) as never
}

/**
 * A network of equal layers, which `layer` makes: an activated affine map from rows to rows of one width unless stated, as in
 * `plainNet`.
 *
 * **Shapes** `[…, inputs] → […, outputs]`. **Throws** `ArgumentError` unless the depth is a whole number from 0.
 *
 * **Example** (Layers of three maps each)
 *
 * ```ts run
 * const model = deepNet({ inputs: 4, outputs: 2, width: 8, depth: 3 }, () => mlp({ sizes: [8, 8, 8] }))
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([5, 4])).shape // => [5, 2]
 * ```
 */
export const deepNet = <P, S>(options: DeepOptions, layer: (options: DeepOptions) => Layer<P, S>): DeepNet<P, S> =>
  // Every layer keeps the width.
  stacked(options, () => layer(options), options.width) as DeepNet<P, S>

/** Layers that only follow each other: the deeper the network, the less of a gradient arrives at the first of them. */
export const plainNet = (options: DeepOptions) => deepNet(options, plain)

/**
 * As many layers, each added to its input: an affine map of its activated input, so that a sum can go either way.
 *
 * **Source** He et al. 2016, "Identity Mappings in Deep Residual Networks", section 4.1, "Full pre-activation".
 *
 * Their weights begin smaller by the root of the depth, unless an initializer is stated, so that the sum of all that is added
 * is as large as the input.
 */
export const residualNet = (options: DeepOptions) => {
  const smaller: Initializer.Initializer = (key, shape) =>
    Initializer.normal(Math.sqrt(2 / options.width / Math.max(1, options.depth)))(key, shape)
  const { activation = Activation.relu, initializer = smaller } = options
  return deepNet(options, ({ width }) =>
    Model.residual(Model.contramap(linear(width, width, { initializer }), (x: Rows<number>) => activation(x)))
  )
}

/**
 * The same layers, each mixed with its input by a learned gate whose bias begins at `gateBias`, −2 unless stated: mostly
 * closed.
 *
 * **Source** Srivastava et al. 2015, sections 2 and 2.2.
 */
export const highwayNet = ({ gateBias = -2, ...options }: DeepOptions & { readonly gateBias?: number }) =>
  deepNet(options, (given) => {
    const { width } = given
    const gate = linear(width, width, { biasInitializer: Initializer.constant(gateBias) })
    return Model.highway({ transform: plain(given), gate })
  })

/**
 * The same layers, each of so few features as `growth` says, which the layers after it are given beside all before them.
 *
 * **Shapes** as `deepNet`; the last affine map takes `width + depth · growth` features. **Source** Huang et al. 2017,
 * section 3, of rows instead of images.
 *
 * **Example** (What the last map is given)
 *
 * ```ts run
 * const model = denselyConnectedNet({ inputs: 4, outputs: 2, width: 8, depth: 3, growth: 5 })
 * model.init(Random.key(0)).params.output.weight.shape // => [23, 2]
 * ```
 */
export const denselyConnectedNet = ({ growth, ...options }: DeepOptions & { readonly growth: number }) => {
  const { activation = Activation.relu, depth, initializer = Initializer.heNormal, width } = options
  const layer = (i: number) =>
    Model.dense(Model.map(linear(width + growth * (i - 1), growth, { initializer }), (x) => activation(x)))
  return stacked(options, layer, width + growth * depth) as DeepNet<Affine<number, number>, Model.Empty>
}
