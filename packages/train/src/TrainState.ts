/**
 * The state of gradient-based training, and its step as a pure function.
 */
import { valueAndGrad } from "@cotangent/autodiff/Gradient"
import type { Leaves } from "@cotangent/optim/GradientTransformation"
import { globalNorm } from "@cotangent/optim/GradientTransformation"
import type { Optimizer } from "@cotangent/optim/Optimizer"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Tree from "@cotangent/tensor/Tree"
import type { StepResult } from "./Fit.ts"

/** Everything that a step changes, and the key of its randomness: a tree of tensors. */
export interface TrainState<Params, State, Moments> {
  readonly params: Params
  /** What the model keeps beside its parameters, such as running means. */
  readonly state: State
  /** What the optimizer keeps. */
  readonly optimizer: Moments
  /** The key of the whole training: each step folds its number into it. */
  readonly key: Random.Key
  /** Steps done. */
  readonly step: Tensor.Tensor<readonly [], "i32">
}

/** What is minimized, and how. */
export interface Task<Params, State, Moments, Batch> {
  /** The loss of a batch, a scalar; the model's next state; scalars to watch. */
  readonly loss: (params: Params, state: State, batch: Batch, key: Random.Key) => Loss<State>
  readonly optimizer: Optimizer<Moments>
}

/** What a loss function gives. */
export interface Loss<State> {
  readonly loss: Tensor.Tensor
  readonly state: State
  readonly metrics?: Readonly<Record<string, Tensor.Tensor>>
}

/** The state before the first step. */
export const make = <Params, State, Moments>(initial: {
  readonly params: Params
  readonly state: State
  readonly optimizer: Optimizer<Moments>
  readonly key: Random.Key
}): TrainState<Params, State, Moments> => ({
  ...initial,
  optimizer: initial.optimizer.init(initial.params),
  step: Tensor.full([], 0, "i32")
})

/**
 * One step of a task: loss, gradient, update.
 *
 * **Throws** what the loss and the optimizer throw, `ShapeError` unless the loss is a scalar.
 *
 * **Example** (A step of gradient descent)
 *
 * ```ts run
 * const optimizer = Optimizer.sgd({ learningRate: 0.5 })
 * const loss = (params: { w: Tensor.Tensor<readonly [2], "f32"> }, state: {}) => ({ loss: Tensor.sum(Tensor.square(params.w)), state })
 * const initial = TrainState.make({ params: { w: Tensor.of([1, 2]) }, state: {}, optimizer, key: Random.key(0) })
 * const { loss: before, state } = TrainState.step({ loss, optimizer })(initial, {})
 * await evaluate(before) // => 5
 * await evaluate(state.params.w) // => [0, 0]
 * ```
 */
export const step =
  <Params, State, Moments, Batch>(task: Task<Params, State, Moments, Batch>) =>
  (before: TrainState<Params, State, Moments>, batch: Batch): StepResult<TrainState<Params, State, Moments>> => {
    const key = Random.foldIn(before.key, before.step)
    const lossOf = (params: Params): readonly [Tensor.Tensor, Loss<State>] => {
      const result = task.loss(params, before.state, batch, key)
      return [result.loss, result]
    }
    const [loss, gradients, { metrics = {}, state }] = valueAndGrad(lossOf, { hasAux: true })(before.params)
    const { params, state: optimizer } = task.optimizer.update(gradients, before.optimizer, before.params)
    return { state: { params, state, optimizer, key: before.key, step: Tensor.add(before.step, 1) }, loss, metrics }
  }

/**
 * Adds the metric `updateRatio` to a step: the norm of the change of all parameters over their norm. Around 10⁻³ is
 * healthy; far more shakes them, far less leaves them where they are. With `selects` it does so for each parameter that is
 * selected too, as the metric `updateRatio PATH`.
 */
export const withUpdateRatio =
  <S extends { readonly params: unknown }, Batch>(
    self: (state: S, batch: Batch) => StepResult<S>,
    selects: (path: string) => boolean = () => false
  ) =>
  (before: S, batch: Batch): StepResult<S> => {
    const result = self(before, batch)
    const { leaves, structure } = Tree.flatten(before.params)
    // The optimizer has found them to be floats.
    const old = leaves as Leaves
    const change = (Tree.leaves(result.state.params) as Leaves).map((leaf, i) => Tensor.sub(leaf, old[i]))
    const ratioOf = (chosen: ReadonlyArray<number>): Tensor.Tensor =>
      Tensor.div(globalNorm(chosen.map((i) => change[i])), globalNorm(chosen.map((i) => old[i])))
    const all = [...structure.paths.keys()]
    const each = all.filter((i) => selects(structure.paths[i]))
    return {
      ...result,
      metrics: {
        ...result.metrics,
        updateRatio: ratioOf(all),
        ...Object.fromEntries(each.map((i) => [`updateRatio ${structure.paths[i]}`, ratioOf([i])]))
      }
    }
  }
