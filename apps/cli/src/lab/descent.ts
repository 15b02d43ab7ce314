/**
 * Trainings without examples: the descent of a function of a few parameters, every step of which is looked at.
 */
import * as Parameters from "@cotangent/nn/Parameters"
import type { Minimization, Minimizer } from "@cotangent/optim/Minimizer"
import type { Optimizer } from "@cotangent/optim/Optimizer"
import type { Scalar } from "@cotangent/optim/Schedule"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { StepResult } from "@cotangent/train/Fit"
import type { TrainState } from "@cotangent/train/TrainState"
import * as TrainStates from "@cotangent/train/TrainState"
import { whole } from "./feed.ts"
import type { Lab, Pass, Trial } from "./Lab.ts"

/** What is minimized, from where. */
export interface Descent<P> {
  readonly name: string
  /** What goes down, in short. */
  readonly text: string
  readonly objective: (params: P) => Scalar
  readonly params: P
  readonly steps: number
  /** Scalars to watch, of the parameters before a step. */
  readonly watch: (params: P) => Readonly<Record<string, Tensor.Tensor>>
}

/** How descents are reported. */
const pass: Pass = { name: "iteration", reportEvery: 1, metric: "loss", label: "loss", form: "number" }

/** The trial of a state that changes by itself. */
const trialOf = <P, S extends object>(
  { name, params, steps, text }: Descent<P>,
  { state, step }: { readonly state: S; readonly step: (state: S) => StepResult<S> }
): Trial<S, { readonly turn: Tensor.Tensor }> => ({
  name,
  model: text,
  parameters: Parameters.count(params),
  state,
  step: () => step,
  epochs: steps,
  feed: (passes) => whole({ turn: Tensor.zeros([1]) }, 1, passes),
  pass,
  unit: "step",
  mayDiverge: true
})

/** Goes down by an optimizer. */
export const byOptimizer = <P, O>(
  { key }: Lab,
  descent: Descent<P>,
  optimizer: Optimizer<O>
): Trial<TrainState<P, Readonly<Record<string, never>>, O>, { readonly turn: Tensor.Tensor }> => {
  const { objective, params, watch } = descent
  const loss = (params: P, state: Readonly<Record<string, never>>) => ({
    loss: objective(params),
    state,
    metrics: watch(params)
  })
  const step = TrainStates.step({ loss, optimizer })
  return trialOf(descent, {
    state: TrainStates.make({ params, state: {}, optimizer, key }),
    step: (state) => step(state, {})
  })
}

/** Goes down by a minimizer. */
export const byMinimizer = <P, M>(
  descent: Descent<P>,
  minimizer: Minimizer<M>
): Trial<Minimization<P, M>, { readonly turn: Tensor.Tensor }> => {
  const { objective, params, watch } = descent
  return trialOf(descent, {
    state: minimizer.init(objective, params),
    step: (before) => ({ state: minimizer.step(objective, before), loss: before.loss, metrics: watch(before.params) })
  })
}
