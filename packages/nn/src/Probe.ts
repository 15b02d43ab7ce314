/**
 * What happens inside of a model: what each layer gives, how the loss depends on it, and both in few numbers. All of it are
 * functions of parameters and input; the model is as it was.
 */
import { valueAndGrad } from "@cotangent/autodiff/Gradient"
import type { Float } from "@cotangent/tensor/DType"
import { isFloat } from "@cotangent/tensor/DType"
import { ArgumentError, ShapeError } from "@cotangent/tensor/errors"
import type * as Random from "@cotangent/tensor/Random"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import type { Site } from "./internal/walk.ts"
import { walk } from "./internal/walk.ts"
import type { Model } from "./Model.ts"

export type { Kind } from "./internal/walk.ts"

type Floats = Tensor.Tensor<Shape, Float>

/** A layer that has run. */
export interface Layer extends Site {
  /** A tensor, or a tree of them. */
  readonly output: unknown
}

/** A run of a model. */
export interface Trace<O> {
  readonly output: O
  /** In the order in which they ran. */
  readonly layers: ReadonlyArray<Layer>
}

/** One run of a model: with a key as in training, without as in inference. */
export interface Run<P, S, I> {
  readonly params: P
  readonly state: S
  readonly input: I
  readonly key?: Random.Key
}

/** Runs a model; `shift` changes what the layers of those numbers give. */
const follow = <P, S, I, O>(
  model: Model<P, S, I, O>,
  { input, key, params, state }: Run<P, S, I>,
  shift: (output: unknown, layer: number) => unknown
): Trace<O> => {
  const layers: Array<Layer> = []
  const output = walk(model as Model<unknown, unknown, unknown, unknown>, {
    params,
    state,
    input,
    key,
    path: "",
    visit: (site, given) => {
      const output = shift(given, layers.length)
      layers.push({ ...site, output })
      return output
    }
  })
  // A walk ends with what the model gives.
  return { output: output as O, layers }
}

/**
 * The output of a model, and of every layer on the way to it. Layers are what `sequential`, `andThen`, `parallel`, `residual`
 * and the others compose; paths are those of parameters, with numbers for layers without a name.
 *
 * **Example** (Looking at a hidden layer)
 *
 * ```ts run
 * const model = Model.sequential(["hidden", linear(2, 3, { initializer: Initializer.ones })], Activation.relu, ["output", linear(3, 1)])
 * const { params, state } = model.init(Random.key(0))
 * const { layers } = Probe.trace(model, { params, state, input: Tensor.of([[1, -3]]) })
 * layers.map(({ path }) => path) // => ["hidden", "1", "output"]
 * await evaluate(layers[0].output) // => [[-2, -2, -2]]
 * await evaluate(layers[1].output) // => [[0, 0, 0]]
 * ```
 */
export const trace = <P, S, I, O>(model: Model<P, S, I, O>, run: Run<NoInfer<P>, NoInfer<S>, NoInfer<I>>): Trace<O> =>
  follow(model, run, (output) => output)

/** How the numbers of a tensor are spread. */
export interface Statistics {
  readonly mean: Floats
  readonly deviation: Floats
  readonly least: Floats
  readonly greatest: Floats
  /** The share of elements that are 0: of a `relu`, those that are off. */
  readonly zeros: Floats
  /** The Euclidean norm. */
  readonly norm: Floats
}

/** How the elements of all leaves of a tree of floats are spread. **Throws** `ArgumentError` where there are none. */
export const statistics = (tree: unknown): Statistics => {
  const leaves = Tree.leaves(tree).map((leaf) => Tensor.flatten(leaf) as Floats)
  if (leaves.length === 0) throw new ArgumentError({ operation: "statistics", expected: "tensors", received: "none" })
  const all: Floats = leaves.length === 1 ? leaves[0] : Tensor.concatenate(leaves)
  return {
    mean: Tensor.mean(all),
    deviation: Tensor.standardDeviation(all),
    least: Tensor.min(all),
    greatest: Tensor.max(all),
    zeros: Tensor.mean(Tensor.cast(Tensor.equal(all, 0), all.dtype)),
    norm: Tensor.norm(all)
  }
}

/**
 * The share of units that give 0 for every example of a batch, `[batch, …units]`: a `relu` that is off for all of them passes
 * no gradient, so it stays off.
 *
 * **Throws** `ShapeError` for a tensor without axes.
 *
 * **Example** (One of two units)
 *
 * ```ts run
 * await evaluate(Probe.dead(Activation.relu(Tensor.of([[1, -1], [-2, -3]])))) // => 0.5
 * ```
 */
export const dead = (output: Floats): Floats => {
  if (output.shape.length === 0) {
    throw new ShapeError({ operation: "dead", expected: "[batch, ...]", received: [output.shape] })
  }
  return Tensor.mean(Tensor.cast(Tensor.all(Tensor.equal(output, 0), 0), output.dtype))
}

/** Where an activation levels off. */
export interface Levels {
  /** The values that it approaches. */
  readonly levels: ReadonlyArray<number>
  /** How close is too close; a hundredth unless stated. */
  readonly within?: number
}

/**
 * The share of elements that are so close to a value at which the activation levels off that hardly a slope is left: -1 and 1
 * of `tanh`, 0 and 1 of `sigmoid`.
 *
 * **Example** (Two of four)
 *
 * ```ts run
 * const output = Tensor.tanh(Tensor.of([-9, 0, 1, 5]))
 * await evaluate(Probe.saturated(output, { levels: [-1, 1] })) // => 0.5
 * ```
 */
export const saturated = (output: Floats, { levels, within = 0.01 }: Levels): Floats => {
  const distances = levels.map((level) => Tensor.abs(Tensor.sub(output, level)))
  const near = distances.map((distance) => Tensor.lessEqual(distance, within))
  return Tensor.mean(
    Tensor.cast(
      near.reduce((a, b) => Tensor.logicalOr(a, b)),
      output.dtype
    )
  )
}

/** A layer, and how the loss depends on what it gives. */
export interface Sensitive extends Layer {
  /** The gradient of the loss by the output: a tree like it, of its floats; `undefined` stands for what has none. */
  readonly gradient: unknown
}

/** The floats of a tree; `undefined` in the place of other tensors. */
const floatsOf = (tree: unknown): unknown => Tree.map(tree, (leaf) => (isFloat(leaf.dtype) ? leaf : undefined))

/**
 * The loss of a model's output, and the gradient of the loss by the output of every layer.
 *
 * **Throws** `ShapeError` unless the loss is a scalar.
 */
export const gradients = <P, S, I, O>(
  model: Model<P, S, I, O>,
  loss: (output: O) => Tensor.Tensor<readonly [], Float>,
  run: Run<NoInfer<P>, NoInfer<S>, NoInfer<I>>
): { readonly loss: Tensor.Tensor<readonly [], Float>; readonly layers: ReadonlyArray<Sensitive> } => {
  const outputs = follow(model, run, (output) => output).layers.map(({ output }) => floatsOf(output))
  // What is added is 0, so the derivative by it is that by the output.
  const offsets = Tree.map(outputs, (leaf: Tensor.Tensor) => Tensor.zerosLike(leaf)) as ReadonlyArray<unknown>
  const [value, byOffset, layers] = valueAndGrad(
    (given: ReadonlyArray<unknown>) => {
      const { layers, output } = follow(model, run, (before, i) => shifted(before, given[i]))
      return [loss(output), layers] as const
    },
    { hasAux: true }
  )(offsets)
  return { loss: value, layers: layers.map((layer, i) => ({ ...layer, gradient: byOffset[i] })) }
}

/** `tree` with `offsets` added where they are not `undefined`. */
const shifted = (tree: unknown, offsets: unknown): unknown => {
  const { leaves, structure } = Tree.flatten(tree)
  const floats = leaves.filter(({ dtype }) => isFloat(dtype)) as ReadonlyArray<Floats>
  const added = Tree.leaves(offsets) as ReadonlyArray<Floats>
  const sums = new Map(floats.map((leaf, i) => [leaf, Tensor.add(leaf, added[i])]))
  return Tree.restore(
    structure,
    leaves.map((leaf) => sums.get(leaf as Floats) ?? leaf)
  )
}

/** What a probe finds of a layer. */
export interface Reading {
  /** Of what the layer gives. */
  readonly activation: Statistics
  /** Of the gradient of the loss by it. */
  readonly gradient: Statistics
}

/**
 * How the outputs of all layers are spread, and the gradients of the loss by them, layer by layer in the order of `trace`: a
 * tree of scalars, so that it compiles to a program. Layers that give no floats are left out.
 *
 * **Throws** `ShapeError` unless the loss is a scalar.
 *
 * **Example** (Half of the units are off)
 *
 * ```ts run
 * const model = Model.sequential(Activation.relu, ["output", linear(2, 1, { initializer: Initializer.ones })])
 * const { params, state } = model.init(Random.key(0))
 * const [relu] = Probe.probe(model, (y) => Tensor.sum(y), { params, state, input: Tensor.of([[3, -4]]) })
 * await evaluate(relu.activation.zeros) // => 0.5
 * await evaluate(relu.activation.mean) // => 1.5
 * await evaluate(relu.gradient.mean) // => 1
 * ```
 */
export const probe = <P, S, I, O>(
  model: Model<P, S, I, O>,
  loss: (output: O) => Tensor.Tensor<readonly [], Float>,
  run: Run<NoInfer<P>, NoInfer<S>, NoInfer<I>>
): ReadonlyArray<Reading> =>
  gradients(model, loss, run)
    .layers.filter(({ gradient }) => Tree.leaves(gradient).length > 0)
    .map(({ gradient, output }) => ({ activation: statistics(floatsOf(output)), gradient: statistics(gradient) }))
