/**
 * Recurrent networks: functions of sequences with a state that each step reads and writes.
 *
 * Weights have PyTorch's names and layout, so that its files can be loaded as they are. For each layer `k`, and with the
 * suffix `_reverse` for the direction from the last step to the first: `weight_ih_lk` `[gates · hidden, inputs]`,
 * `weight_hh_lk` `[gates · hidden, hidden]`, and where there are biases `bias_ih_lk` and `bias_hh_lk`
 * `[gates · hidden]`. How many layers and directions there are, the names tell.
 *
 * The maps of the inputs do not depend on the state, so one matrix product takes all steps; what is left inside the
 * `scan` is the product with the state.
 */
import { scan } from "@cotangent/autodiff/Scan"
import type { Float } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type { Dims } from "@cotangent/tensor/Shape"
import { equals } from "@cotangent/tensor/Shape"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Floats } from "./internal/forms.ts"

/** The weights of all layers and directions, by PyTorch's names. */
export interface RecurrentParams<D extends Float = Float> {
  readonly [weight: `weight_${"ih" | "hh"}_l${number}${"" | "_reverse"}`]: Tensor.Tensor<readonly [number, number], D>
  readonly [bias: `bias_${"ih" | "hh"}_l${number}${"" | "_reverse"}`]: Tensor.Tensor<readonly [number], D>
}

/** What a recurrent network gives. */
export interface Recurrence<D extends Float = Float> {
  /** The states of the last layer at every step, both directions side by side. `[batch, time, directions · hidden]` */
  readonly output: Tensor.Tensor<readonly [number, number, number], D>
  /** The last state of each layer and direction. `[layers · directions, batch, hidden]` */
  readonly hidden: States<D>
}

/** States of each layer and direction. `[layers · directions, batch, hidden]` */
export type States<D extends Float = Float> = Tensor.Tensor<readonly [number, number, number], D>

/** What every recurrent network may be told. */
export interface RecurrentOptions<D extends Float = Float> {
  /** The state before the first step; zeros unless stated. */
  readonly hidden?: Tensor.Tensor<Shape, D>
  /** What the output of a layer, `[time, batch, …]`, goes through before the next, by its number; nothing unless stated. */
  readonly between?: (output: Floats, layer: number) => Floats
}

/** One step of a layer. */
interface Cell {
  readonly name: string
  /** How many blocks of `hidden` rows its weights have. */
  readonly gates: number
  /** The next state; its first part is the output. `x` and `h` are the mapped input and state, cut by gates. */
  readonly step: (
    x: ReadonlyArray<Floats>,
    h: ReadonlyArray<Floats>,
    state: ReadonlyArray<Floats>
  ) => ReadonlyArray<Floats>
}

/** The weights of one layer in one direction. */
interface Weights {
  readonly input: Floats
  readonly state: Floats
  readonly inputBias: Floats | undefined
  readonly stateBias: Floats | undefined
}

const suffixes = ["", "_reverse"] as const

const weightsOf = (params: RecurrentParams, layer: number, suffix: (typeof suffixes)[number]): Weights => ({
  input: params[`weight_ih_l${layer}${suffix}`],
  state: params[`weight_hh_l${layer}${suffix}`],
  inputBias: params[`bias_ih_l${layer}${suffix}`],
  stateBias: params[`bias_hh_l${layer}${suffix}`]
})

/** The weights by layer and direction. **Throws** where a layer lacks some. */
const layersOf = (name: string, params: RecurrentParams): ReadonlyArray<ReadonlyArray<Weights>> => {
  const directions = "weight_ih_l0_reverse" in params ? suffixes : suffixes.slice(0, 1)
  const count = Object.keys(params).filter((key) => /^weight_ih_l\d+$/.test(key)).length
  const layers = Array.from({ length: count }, (_, layer) =>
    directions.map((suffix) => weightsOf(params, layer, suffix))
  )
  // A name that is not there gives undefined.
  const isWhole = ({ input, state }: { readonly input?: Floats; readonly state?: Floats }): boolean =>
    input !== undefined && state !== undefined
  if (count > 0 && layers.flat().every(isWhole)) return layers
  throw new ArgumentError({
    operation: name,
    expected: "weight_ih_l0, weight_hh_l0 and so on for each layer and direction",
    received: Object.keys(params).join(", ")
  })
}

const demandShape = (operation: string, what: string, received: Floats, shape: Dims): void => {
  if (equals(received.shape, shape)) return
  throw new ShapeError({ operation, expected: `${what} of [${shape.join(", ")}]`, received: [received.shape] })
}

const checkWeights = ({ gates, name }: Cell, weights: Weights, features: number, hidden: number): void => {
  demandShape(name, "weight_ih", weights.input, [gates * hidden, features])
  demandShape(name, "weight_hh", weights.state, [gates * hidden, hidden])
  const biases = [weights.inputBias, weights.stateBias]
  biases.forEach((bias) => bias === undefined || demandShape(name, "bias", bias, [gates * hidden]))
}

/** `x · weightᵀ + bias` */
const affine = (x: Floats, weight: Floats, bias: Floats | undefined): Floats => {
  const product = Tensor.matmul(x, Tensor.swapAxes(weight, 0, 1))
  return bias === undefined ? product : Tensor.add(product, bias)
}

/** A run of one layer in one direction over `x`, `[time, batch, features]`: the outputs and the last state. */
const runLayer = (
  cell: Cell,
  weights: Weights,
  x: Floats,
  { init, reverse }: { readonly init: ReadonlyArray<Floats>; readonly reverse: boolean }
): readonly [output: Floats, last: ReadonlyArray<Floats>] => {
  const [hidden] = init[0].shape.slice(-1)
  checkWeights(cell, weights, x.shape[2], hidden)
  const cut = (values: Floats): ReadonlyArray<Floats> => Tensor.split(values, cell.gates, -1)
  const step = (state: ReadonlyArray<Floats>, mapped: Floats): readonly [ReadonlyArray<Floats>, Floats] => {
    const next = cell.step(cut(mapped), cut(affine(state[0], weights.state, weights.stateBias)), state)
    return [next, next[0]]
  }
  const [last, output] = scan<ReadonlyArray<Floats>, Floats, Floats>(
    step,
    init,
    affine(x, weights.input, weights.inputBias),
    { reverse }
  )
  return [output, last]
}

/** The states before the first step by layer and direction, zeros where none are given. */
const begun = (
  name: string,
  given: Floats | undefined,
  [count, ...shape]: Dims,
  like: Floats
): ReadonlyArray<Floats> => {
  if (given === undefined) return Array.from({ length: count }, () => Tensor.zeros(shape, like.dtype))
  demandShape(name, "a state", given, [count, ...shape])
  return Tensor.split(given, count).map((each) => Tensor.reshape(each, shape))
}

/** What comes of all layers: the output, and the last state of each layer and direction. */
interface Outcome {
  readonly output: Floats
  readonly last: ReadonlyArray<ReadonlyArray<Floats>>
}

/** Runs all layers of `cell` over `x`, `[batch, time, features]`. */
const run = (
  cell: Cell,
  x: Floats,
  params: RecurrentParams,
  { between = (output) => output, states }: Pick<RecurrentOptions, "between"> & { readonly states: Initial }
): Outcome => {
  if (x.shape.length !== 3) {
    throw new ShapeError({ operation: cell.name, expected: "[batch, time, features]", received: [x.shape] })
  }
  const layers = layersOf(cell.name, params)
  const [directions, hidden] = [layers[0].length, layers[0][0].state.shape[1]]
  const shape = [layers.length * directions, x.shape[0], hidden]
  const init = states.map((given) => begun(cell.name, given, shape, x))
  const last: Array<ReadonlyArray<Floats>> = []
  const output = layers.reduce(
    (input: Floats, weights, layer) => {
      const given = layer === 0 ? input : between(input, layer)
      const outputs = weights.map((each, direction) => {
        const at = layer * directions + direction
        const begin = init.map((state) => state[at])
        const [output, end] = runLayer(cell, each, given, { init: begin, reverse: direction === 1 })
        last.push(end)
        return output
      })
      return Tensor.concatenate(outputs, 2)
    },
    Tensor.swapAxes(x, 0, 1)
  )
  return { output: Tensor.swapAxes(output, 0, 1), last }
}

/** The states before the first step, where they are given. */
type Initial = ReadonlyArray<Floats | undefined>

/** Part `part` of the last states. */
const states = ({ last }: Outcome, part: number): Floats => Tensor.stack(last.map((state) => state[part]))

/** The nonlinearity of `rnn`; tanh unless stated. */
export interface RnnOptions<D extends Float = Float> extends RecurrentOptions<D> {
  readonly activation?: "tanh" | "relu"
}

const rnnCell = (activation: "tanh" | "relu"): Cell => ({
  name: "rnn",
  gates: 1,
  step: ([x], [h]) => [(activation === "relu" ? Tensor.relu : Tensor.tanh)(Tensor.add(x, h))]
})

/**
 * A plain recurrent network: `h′ = tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with `relu`.
 *
 * **Shapes** `[batch, time, features]` → output `[batch, time, directions · hidden]`, states
 * `[layers · directions, batch, hidden]`. **Throws** `ShapeError`, `DTypeError`, and `ArgumentError` where weights lack.
 *
 * **Source** Elman 1990.
 *
 * **Example** (A running total)
 *
 * ```ts run
 * const params = { weight_ih_l0: Tensor.of([[1]]), weight_hh_l0: Tensor.of([[1]]) }
 * const { output } = Recurrent.rnn(Tensor.of([[[1], [2], [3]]]), params, { activation: "relu" })
 * await evaluate(output) // => [[[1], [3], [6]]]
 * ```
 */
export const rnn = <D extends Float>(
  x: Tensor.Tensor<Shape, D>,
  params: RecurrentParams,
  { activation = "tanh", hidden, ...options }: RnnOptions<D> = {}
): Recurrence<D> => recurrence(run(rnnCell(activation), x, params, { ...options, states: [hidden] }))

/** Outcomes have the dtype of what they came of, and three axes. */
const recurrence = <D extends Float>(outcome: Outcome): Recurrence<D> => ({
  output: outcome.output as Recurrence<D>["output"],
  hidden: states(outcome, 0) as States<D>
})

const gruCell: Cell = {
  name: "gru",
  gates: 3,
  step: ([xr, xz, xn], [hr, hz, hn], [h]) => {
    const reset = Tensor.sigmoid(Tensor.add(xr, hr))
    const update = Tensor.sigmoid(Tensor.add(xz, hz))
    const next = Tensor.tanh(Tensor.add(xn, Tensor.mul(reset, hn)))
    // (1 − z) n + z h
    return [Tensor.add(next, Tensor.mul(update, Tensor.sub(h, next)))]
  }
}

/**
 * A network of gated recurrent units, with the gates `r, z, n` in this order in the weights:
 *
 * - `r = σ(W_ir x + b_ir + W_hr h + b_hr)`
 * - `z = σ(W_iz x + b_iz + W_hz h + b_hz)`
 * - `n = tanh(W_in x + b_in + r (W_hn h + b_hn))`
 * - `h′ = (1 − z) n + z h`
 *
 * **Shapes** and **Throws** as `rnn`.
 *
 * **Source** Cho et al. 2014, equations 5 to 8; as in cuDNN and PyTorch the reset gate follows the product with the
 * state, and `z` keeps the old state.
 */
export const gru = <D extends Float>(
  x: Tensor.Tensor<Shape, D>,
  params: RecurrentParams,
  { hidden, ...options }: RecurrentOptions<D> = {}
): Recurrence<D> => recurrence(run(gruCell, x, params, { ...options, states: [hidden] }))

const lstmCell: Cell = {
  name: "lstm",
  gates: 4,
  step: (x, h, [, c]) => {
    const [i, f, g, o] = x.map((part, gate) => Tensor.add(part, h[gate]))
    const kept = Tensor.mul(Tensor.sigmoid(f), c)
    const cell = Tensor.add(kept, Tensor.mul(Tensor.sigmoid(i), Tensor.tanh(g)))
    return [Tensor.mul(Tensor.sigmoid(o), Tensor.tanh(cell)), cell]
  }
}

/** The states of `lstm` before the first step. */
export interface LstmOptions<D extends Float = Float> extends RecurrentOptions<D> {
  readonly cell?: Tensor.Tensor<Shape, D>
}

/** What `lstm` gives. */
export interface LstmRecurrence<D extends Float = Float> extends Recurrence<D> {
  /** The last cell of each layer and direction. `[layers · directions, batch, hidden]` */
  readonly cell: States<D>
}

/**
 * A network of long short-term memory cells, with the gates `i, f, g, o` in this order in the weights:
 *
 * - `i = σ(W_ii x + b_ii + W_hi h + b_hi)`, likewise `f` and `o`
 * - `g = tanh(W_ig x + b_ig + W_hg h + b_hg)`
 * - `c′ = f c + i g`
 * - `h′ = o tanh(c′)`
 *
 * **Shapes** and **Throws** as `rnn`.
 *
 * **Source** Hochreiter & Schmidhuber 1997; the forget gate of Gers et al. 2000.
 */
export const lstm = <D extends Float>(
  x: Tensor.Tensor<Shape, D>,
  params: RecurrentParams,
  { cell, hidden, ...options }: LstmOptions<D> = {}
): LstmRecurrence<D> => {
  const outcome = run(lstmCell, x, params, { ...options, states: [hidden, cell] })
  return { ...recurrence<D>(outcome), cell: states(outcome, 1) as States<D> }
}
