/**
 * Optimizers and schedules as operations: parameters after each of the given gradients, rates at the first steps.
 */
import { addWeightDecay, chain } from "@cotangent/optim/GradientTransformation"
import * as Optimizer from "@cotangent/optim/Optimizer"
import * as Schedule from "@cotangent/optim/Schedule"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Attributes } from "./Attributes.ts"
import type { Operation } from "./operations.ts"

/** The parameters after each step, one row of the given gradients at a time. Any optimizer may regularize by `l2`. */
const trajectory =
  <State>(make: (attributes: Attributes) => Optimizer.Optimizer<State>): Operation =>
  ({ gradients, initial }, attributes) => {
    const regularized = addWeightDecay(attributes.number("l2", 0))
    const optimizer = Optimizer.make(chain(regularized, make(attributes).transformation))
    let params: Tensor.Tensor = initial
    let state = optimizer.init(params)
    const visited = Array.from({ length: gradients.shape[0] }, (_, step) => {
      const next = optimizer.update(Tensor.take(gradients, Tensor.scalar(step, "i32"), 0), state, params)
      params = next.params
      state = next.state
      return params
    })
    return { parameters: Tensor.stack(visited) }
  }

const steps = 20

const rates =
  (make: (attributes: Attributes) => Schedule.Schedule): Operation =>
  (_, attributes) => {
    const schedule = make(attributes)
    return { rates: Tensor.stack(Array.from({ length: steps }, (_, step) => schedule(Tensor.scalar(step, "f64")))) }
  }

const moments = (attributes: Attributes) => ({
  learningRate: attributes.number("learningRate"),
  beta1: attributes.number("beta1", 0.9),
  beta2: attributes.number("beta2", 0.999),
  epsilon: attributes.number("epsilon", 1e-8)
})

/** Operations of the suites `optimizer` and `schedule`. */
export const optimizers: Readonly<Record<string, Operation>> = {
  sgd: trajectory((attributes) =>
    Optimizer.sgd({
      learningRate: attributes.number("learningRate"),
      momentum: attributes.number("momentum", 0),
      nesterov: attributes.flag("nesterov", false)
    })
  ),
  adam: trajectory((attributes) =>
    Optimizer.adam({ ...moments(attributes), amsgrad: attributes.flag("amsgrad", false) })
  ),
  adamW: trajectory((attributes) =>
    Optimizer.adamW({
      ...moments(attributes),
      weightDecay: attributes.number("weightDecay", 0.01),
      amsgrad: attributes.flag("amsgrad", false)
    })
  ),
  rmsProp: trajectory((attributes) =>
    Optimizer.rmsProp({
      learningRate: attributes.number("learningRate"),
      decay: attributes.number("decay", 0.9),
      epsilon: attributes.number("epsilon", 1e-8),
      centered: attributes.flag("centered", false),
      momentum: attributes.number("momentum", 0)
    })
  ),
  adagrad: trajectory((attributes) =>
    Optimizer.adagrad({
      learningRate: attributes.number("learningRate"),
      epsilon: attributes.number("epsilon", 1e-10)
    })
  ),
  adadelta: trajectory((attributes) =>
    Optimizer.adadelta({
      learningRate: attributes.number("learningRate", 1),
      decay: attributes.number("decay", 0.9),
      epsilon: attributes.number("epsilon", 1e-6)
    })
  ),
  adamax: trajectory((attributes) => Optimizer.adamax(moments(attributes))),
  nadam: trajectory((attributes) =>
    Optimizer.nadam({ ...moments(attributes), momentumDecay: attributes.number("momentumDecay", 0.004) })
  ),
  radam: trajectory((attributes) => Optimizer.radam(moments(attributes))),

  step: rates((attributes) =>
    Schedule.step({
      learningRate: attributes.number("learningRate"),
      stepSize: attributes.number("stepSize"),
      gamma: attributes.number("gamma")
    })
  ),
  exponential: rates((attributes) =>
    Schedule.exponential({ learningRate: attributes.number("learningRate"), gamma: attributes.number("gamma") })
  ),
  cosine: rates((attributes) =>
    Schedule.cosine({
      learningRate: attributes.number("learningRate"),
      steps: attributes.number("steps"),
      minimum: attributes.number("minimum", 0)
    })
  ),
  linearWarmup: rates((attributes) =>
    Schedule.linearWarmup({
      learningRate: attributes.number("learningRate"),
      startFactor: attributes.number("startFactor"),
      endFactor: attributes.number("endFactor", 1),
      steps: attributes.number("steps")
    })
  ),
  polynomial: rates((attributes) =>
    Schedule.polynomial({
      learningRate: attributes.number("learningRate"),
      steps: attributes.number("steps"),
      power: attributes.number("power", 1)
    })
  ),
  oneCycle: rates((attributes) => {
    // The schedule takes the place of this rate: the first one follows from the maximum.
    attributes.number("learningRate", 0)
    return Schedule.oneCycle({
      maximum: attributes.number("maximum"),
      totalSteps: attributes.number("totalSteps"),
      warmupFraction: attributes.number("warmupFraction", 0.3),
      divFactor: attributes.number("divFactor", 25),
      finalDivFactor: attributes.number("finalDivFactor", 1e4),
      anneal: attributes.choice("anneal", ["cosine", "linear"], "cosine")
    })
  })
}
