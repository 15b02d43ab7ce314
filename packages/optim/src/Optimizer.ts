/**
 * Optimizers: gradient transformations that end in a step, over trees of parameters.
 *
 * Every learning rate may be a number, a scalar tensor, or a schedule.
 */
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import type { AdadeltaState, AdamaxState, AdamState, Moments, MomentState, NadamState, RmsState } from "./adaptive.ts"
import * as Adaptive from "./adaptive.ts"
import type { Counter, GradientTransformation, Leaves, Rate, Stateless } from "./GradientTransformation.ts"
import {
  addWeightDecay,
  chain,
  descend,
  freeze,
  grouped as groupedTransformations,
  trace
} from "./GradientTransformation.ts"

/** What turns gradients into the next parameters. */
export interface Optimizer<State> {
  /** What happens to the leaves; chain it with others and `make` an optimizer of the whole. */
  readonly transformation: GradientTransformation<State>
  /** The state before the first step. */
  readonly init: (params: unknown) => State
  /** The parameters and the state after one step. **Throws** `ArgumentError` where the trees do not match. */
  readonly update: <P>(gradients: NoInfer<P>, state: State, params: P) => { readonly params: P; readonly state: State }
}

/** The parameters moved by `updates`. **Throws** `ArgumentError` where the trees do not match. */
export const applyUpdates = <P>(params: P, updates: NoInfer<P>): P =>
  Tree.zipWith(params, updates, (param, update) => Tensor.add(param, update))

/**
 * The optimizer that adds what `transformation` makes of the gradients.
 *
 * **Example** (Clipping before Adam)
 *
 * ```ts run
 * const { transformation } = Optimizer.adam({ learningRate: 0.1 })
 * const optimizer = Optimizer.make(GradientTransformation.chain(GradientTransformation.clipByGlobalNorm(1), transformation))
 * const params = { weight: Tensor.of([1, 2]) }
 * const next = optimizer.update({ weight: Tensor.of([30, 40]) }, optimizer.init(params), params)
 * await evaluate(Tensor.greater(params.weight, next.params.weight)) // => [1, 1]
 * ```
 */
export const make = <State>(transformation: GradientTransformation<State>): Optimizer<State> => ({
  transformation,
  // Parameters are floats; their leaves and those of their gradients come in one order.
  init: (params) => {
    const { leaves, structure } = Tree.flatten(params)
    return transformation.init(leaves as Leaves, structure.paths)
  },
  update: (gradients, state, params) => {
    const { leaves, structure } = Tree.flatten(params)
    const ofParams = Tree.leavesLike(structure, gradients) as Leaves
    const [updates, next] = transformation.update(ofParams, state, leaves as Leaves, structure.paths)
    return { params: Tree.restore(structure, applyUpdates(leaves, updates)), state: next }
  }
})

/**
 * Moves each parameter as the optimizer of its group says, which `groupOf` reads off its path: other rates for some layers,
 * weights that decay beside biases that do not, layers that stay (`frozen`).
 *
 * **Throws** as `GradientTransformation.grouped`.
 *
 * **Example** (Fine-tuning the last layer)
 *
 * ```ts run
 * const optimizer = Optimizer.grouped((path) => (path.startsWith("output.") ? "tuned" : "kept"), {
 *   tuned: Optimizer.sgd({ learningRate: 1 }),
 *   kept: Optimizer.frozen
 * })
 * const params = { hidden: { bias: Tensor.of([1]) }, output: { bias: Tensor.of([1]) } }
 * const next = optimizer.update(params, optimizer.init(params), params)
 * await evaluate(next.params.hidden.bias) // => [1]
 * await evaluate(next.params.output.bias) // => [0]
 * ```
 */
export const grouped = <const States extends Readonly<Record<string, unknown>>>(
  groupOf: (path: string) => keyof NoInfer<States> & string,
  optimizers: { readonly [K in keyof States]: Optimizer<States[K]> }
): Optimizer<States> => {
  // Each name keeps its state.
  const entries = Object.entries(optimizers as Readonly<Record<string, Optimizer<unknown>>>)
  const transformations = Object.fromEntries(entries.map(([name, { transformation }]) => [name, transformation])) as {
    readonly [K in keyof States]: GradientTransformation<States[K]>
  }
  return make(groupedTransformations(groupOf, transformations))
}

/** Leaves parameters as they are. */
export const frozen: Optimizer<Stateless> = make(freeze)

/** How far a step goes. */
export interface Stepping {
  readonly learningRate: Rate
}

const stepping = <State>(
  transformation: GradientTransformation<State>,
  learningRate: Rate
): Optimizer<readonly [State, Counter]> => make(chain(transformation, descend(learningRate)))

/**
 * Gradient descent, with momentum and L2 regularization (both 0 unless stated).
 *
 * **Source** Sutskever et al. 2013, for momentum and Nesterov's form.
 *
 * **Example** (One step)
 *
 * ```ts run
 * const optimizer = Optimizer.sgd({ learningRate: 0.5 })
 * const params = { weight: Tensor.of([1, 2]) }
 * const { params: next } = optimizer.update({ weight: Tensor.of([2, 2]) }, optimizer.init(params), params)
 * await evaluate(next.weight) // => [0, 1]
 * ```
 */
export const sgd = ({
  l2 = 0,
  learningRate,
  momentum = 0,
  nesterov = false
}: Stepping & {
  readonly momentum?: number
  readonly nesterov?: boolean
  readonly l2?: number
}): Optimizer<readonly [Stateless, Leaves, Counter]> =>
  make(chain(addWeightDecay(l2), trace(momentum, { nesterov }), descend(learningRate)))

/** Adam. **Source** Kingma & Ba 2015, algorithm 1; Reddi et al. 2018 for AMSGrad. */
export const adam = ({
  learningRate,
  ...options
}: Stepping & Moments & { readonly amsgrad?: boolean }): Optimizer<readonly [AdamState, Counter]> =>
  stepping(Adaptive.scaleByAdam(options), learningRate)

/** Adam with decoupled weight decay, 0.01 unless stated. **Source** Loshchilov & Hutter 2019, algorithm 2. */
export const adamW = ({
  learningRate,
  weightDecay = 0.01,
  ...options
}: Stepping & Moments & { readonly amsgrad?: boolean; readonly weightDecay?: number }): Optimizer<
  readonly [AdamState, Stateless, Counter]
> => make(chain(Adaptive.scaleByAdam(options), addWeightDecay(weightDecay), descend(learningRate)))

/** RMSProp. **Source** Hinton 2012, lecture 6. */
export const rmsProp = ({
  learningRate,
  momentum = 0,
  ...options
}: Stepping & {
  readonly decay?: number
  readonly epsilon?: number
  readonly centered?: boolean
  readonly momentum?: number
}): Optimizer<readonly [RmsState, Leaves, Counter]> =>
  make(chain(Adaptive.scaleByRms(options), trace(momentum), descend(learningRate)))

/** AdaGrad. **Source** Duchi et al. 2011. */
export const adagrad = ({
  learningRate,
  ...options
}: Stepping & { readonly epsilon?: number }): Optimizer<readonly [Leaves, Counter]> =>
  stepping(Adaptive.scaleByAdagrad(options), learningRate)

/** AdaDelta; the learning rate is 1 unless stated. **Source** Zeiler 2012. */
export const adadelta = ({
  learningRate = 1,
  ...options
}: Partial<Stepping> & { readonly decay?: number; readonly epsilon?: number } = {}): Optimizer<
  readonly [AdadeltaState, Counter]
> => stepping(Adaptive.scaleByAdadelta(options), learningRate)

/** AdaMax. **Source** Kingma & Ba 2015, algorithm 2. */
export const adamax = ({ learningRate, ...options }: Stepping & Moments): Optimizer<readonly [AdamaxState, Counter]> =>
  stepping(Adaptive.scaleByAdamax(options), learningRate)

/** NAdam. **Source** Dozat 2016. */
export const nadam = ({
  learningRate,
  ...options
}: Stepping & Moments & { readonly momentumDecay?: number }): Optimizer<readonly [NadamState, Counter]> =>
  stepping(Adaptive.scaleByNadam(options), learningRate)

/** RAdam. **Source** Liu et al. 2020. */
export const radam = ({ learningRate, ...options }: Stepping & Moments): Optimizer<readonly [MomentState, Counter]> =>
  stepping(Adaptive.scaleByRadam(options), learningRate)

/**
 * Lion: steps of one size, along the signs of momentum. Its learning rate is three to ten times below Adam's, its decoupled
 * weight decay (0 unless stated) as much above.
 *
 * **Source** Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", program 1.
 */
export const lion = ({
  learningRate,
  weightDecay = 0,
  ...options
}: Stepping & {
  readonly beta1?: number
  readonly beta2?: number
  readonly weightDecay?: number
}): Optimizer<readonly [Leaves, Stateless, Counter]> =>
  make(chain(Adaptive.scaleByLion(options), addWeightDecay(weightDecay), descend(learningRate)))
