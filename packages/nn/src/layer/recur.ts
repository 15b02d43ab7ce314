import { ArgumentError } from "@cotangent/tensor/errors"
import * as Random from "@cotangent/tensor/Random"
import type { Dims } from "@cotangent/tensor/Shape"
import type { Dim } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Float } from "@cotangent/tensor/DType"
import { uniform } from "../Initializer.ts"
import type { Floats } from "../internal/forms.ts"
import type { Empty, Model } from "../Model.ts"
import type { Recurrence, RecurrentOptions, RecurrentParams, RnnOptions } from "../Recurrent.ts"
import * as Recurrent from "../Recurrent.ts"
import { dropout } from "./regularize.ts"

/** Sequences of `N` features. */
export type Sequences<N extends number> = Tensor.Tensor<readonly [Dim, Dim, N], Float>

/** How a recurrent layer is built. */
export interface RecurrentLayerOptions<B extends boolean, O extends "all" | "last"> {
  /** Layers on top of each other; 1 unless stated. */
  readonly layers?: number
  /** Whether each layer also runs from the last step to the first. */
  readonly bidirectional?: B
  /** Whether there are biases; so unless stated. */
  readonly bias?: boolean
  /** The rate of dropout between layers while training; 0 unless stated. */
  readonly dropout?: number
  /** Whether the output is the state at all steps (the default), or the last one only. */
  readonly output?: O
}

/** The output of a recurrent layer: both directions side by side, at all steps or after the last. */
export type RecurrentOutput<H extends number, B extends boolean, O extends "all" | "last"> = Tensor.Tensor<
  O extends "all" ? readonly [Dim, Dim, B extends false ? H : number] : readonly [Dim, B extends false ? H : number],
  Float
>

/** A recurrent layer. */
export type RecurrentLayer<I extends number, H extends number, B extends boolean, O extends "all" | "last"> = Model<
  RecurrentParams,
  Empty,
  Sequences<I>,
  RecurrentOutput<H, B, O>
>

interface Extents {
  readonly inputs: number
  readonly hidden: number
  /** Blocks of `hidden` rows in each weight. */
  readonly gates: number
}

type AnyOptions = RecurrentLayerOptions<boolean, "all" | "last">

/** The names and shapes of the parameters. */
const shapes = (
  { gates, hidden, inputs }: Extents,
  { bias = true, bidirectional = false, layers = 1 }: AnyOptions
): ReadonlyArray<readonly [name: string, shape: Dims]> => {
  const suffixes = bidirectional ? ["", "_reverse"] : [""]
  return Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    suffixes.flatMap((suffix): ReadonlyArray<readonly [string, Dims]> => {
      const features = layer === 0 ? inputs : suffixes.length * hidden
      const place = `l${layer}${suffix}`
      const biases = ["ih", "hh"].map((map) => [`bias_${map}_${place}`, [gates * hidden]] as const)
      return [
        [`weight_ih_${place}`, [gates * hidden, features]],
        [`weight_hh_${place}`, [gates * hidden, hidden]],
        ...(bias ? biases : [])
      ]
    })
  )
}

/** As PyTorch draws them: all evenly below `1/√hidden`. */
const draw = (key: Random.Key, extents: Extents, options: AnyOptions): RecurrentParams => {
  const named = shapes(extents, options)
  const keys = Random.split(key, named.length)
  const bound = 1 / Math.sqrt(extents.hidden)
  const drawn = named.map(([name, shape], i) => [name, uniform(-bound, bound)(keys[i], shape)])
  // Weights have two axes and biases one, as their names say.
  return Object.fromEntries(drawn) as RecurrentParams
}

/** The last state of the last layer, both directions side by side: `[batch, directions · hidden]`. */
const lastOf = (hidden: Floats, bidirectional: boolean): Floats => {
  const [count, batch, width] = hidden.shape
  const directions = bidirectional ? 2 : 1
  const top = Tensor.slice(hidden, { start: [count - directions] })
  return Tensor.reshape(Tensor.swapAxes(top, 0, 1), [batch, directions * width])
}

type Apply = (x: Floats, params: RecurrentParams, options: RecurrentOptions) => Recurrence

const recurrent = <I extends number, H extends number, B extends boolean, O extends "all" | "last">(
  kind: string,
  extents: Extents & { readonly inputs: I; readonly hidden: H },
  options: RecurrentLayerOptions<B, O>,
  apply: Apply
): RecurrentLayer<I, H, B, O> => {
  const { bidirectional = false, dropout: rate = 0, layers = 1 } = options
  if (!Number.isSafeInteger(layers) || layers < 1) {
    throw new ArgumentError({ operation: "recurrent layer", expected: "1 layer or more", received: String(layers) })
  }
  const thin = dropout(rate)
  const outputOf = ({ hidden, output }: Recurrence): RecurrentOutput<H, B, O> =>
    // The options say the same of the shape as the type.
    (options.output === "last" ? lastOf(hidden, bidirectional) : output) as Tensor.Tensor as never
  return {
    init: (key) => ({ params: draw(key, extents, options), state: {} }),
    train: (params, state, input, key) => {
      const keys = Random.split(key, layers)
      const between = (x: Floats, layer: number): Floats => thin.train({}, {}, x, keys[layer]).output
      return { output: outputOf(apply(input, params, rate === 0 ? {} : { between })), state }
    },
    predict: (params, _, input) => outputOf(apply(input, params, {})),
    outline: { kind }
  }
}

/**
 * A plain recurrent network, as `Recurrent.rnn`, from zeros.
 *
 * **Shapes** `[batch, time, inputs]` → `[batch, time, directions · hidden]`, or `[batch, directions · hidden]` for the
 * last output only. **Source** Elman 1990.
 */
export const rnn = <
  const I extends number,
  const H extends number,
  const B extends boolean = false,
  const O extends "all" | "last" = "all"
>(
  inputs: I,
  hidden: H,
  { activation = "tanh", ...options }: RecurrentLayerOptions<B, O> & Pick<RnnOptions, "activation"> = {}
): RecurrentLayer<I, H, B, O> =>
  // What is left of the options are those of every layer.
  recurrent("rnn", { inputs, hidden, gates: 1 }, options as RecurrentLayerOptions<B, O>, (x, params, given) =>
    Recurrent.rnn(x, params, { ...given, activation })
  )

/**
 * A network of long short-term memory cells, as `Recurrent.lstm`, from zeros.
 *
 * **Shapes** as `rnn`. **Source** Hochreiter & Schmidhuber 1997.
 *
 * **Example** (A classifier of sequences)
 *
 * ```ts run
 * const model = Model.sequential(["lstm", lstm(3, 8, { output: "last" })], ["head", linear(8, 2)])
 * const { params, state } = model.init(Random.key(0))
 * model.predict(params, state, Tensor.ones([5, 7, 3])).shape // => [5, 2]
 * ```
 */
export const lstm = <
  const I extends number,
  const H extends number,
  const B extends boolean = false,
  const O extends "all" | "last" = "all"
>(
  inputs: I,
  hidden: H,
  options: RecurrentLayerOptions<B, O> = {}
): RecurrentLayer<I, H, B, O> => recurrent("lstm", { inputs, hidden, gates: 4 }, options, Recurrent.lstm)

/**
 * A network of gated recurrent units, as `Recurrent.gru`, from zeros.
 *
 * **Shapes** as `rnn`. **Source** Cho et al. 2014.
 */
export const gru = <
  const I extends number,
  const H extends number,
  const B extends boolean = false,
  const O extends "all" | "last" = "all"
>(
  inputs: I,
  hidden: H,
  options: RecurrentLayerOptions<B, O> = {}
): RecurrentLayer<I, H, B, O> => recurrent("gru", { inputs, hidden, gates: 3 }, options, Recurrent.gru)
