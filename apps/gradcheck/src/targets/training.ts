/**
 * What trainings differentiate through: steps as functions of learning rates and parameters, and masks of pruning.
 */
import { tensor } from "@cotangent/gradcheck/generators"
import { Optimizer } from "@cotangent/optim"
import type { Schedule } from "@cotangent/optim"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import { Pruning, TrainState } from "@cotangent/train"
import * as fc from "fast-check"
import type { Check, Group } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats } from "./inputs.ts"
import { domains, of } from "./inputs.ts"

interface Params {
  readonly weight: Floats
}

/** Params, loss and metrics after a step of gradient descent on a curved loss. */
const stepped = (isWatched: boolean): Check =>
  check(
    (learningRate: Schedule.Scalar, params: Params, x: Floats) => {
      const optimizer = Optimizer.sgd({ learningRate, momentum: 0.5 })
      const loss = ({ weight }: Params, state: {}, x: Floats) => ({
        loss: Tensor.sum(Tensor.mul(Tensor.sin(weight), x)),
        state
      })
      const plain = TrainState.step({ loss, optimizer })
      const step = isWatched ? TrainState.withUpdateRatio(plain, () => true) : plain
      const result = step(TrainState.make({ params, state: {}, optimizer, key: Random.key(0) }), x)
      return [result.state.params, result.loss, result.metrics]
    },
    // Neither the weights nor what moves them vanish, where norms have a kink.
    fc.tuple(
      tensor([], { min: 0.1, max: 1 }),
      fc.record({ weight: tensor([2], { min: 0.25, max: 1.25 }) }),
      tensor([2], { min: 0.5, max: 1.5 })
    )
  )

const steps = group<typeof TrainState>()(
  "training",
  { "puts together what it is given": ["make"] },
  { step: stepped(false), withUpdateRatio: stepped(true) }
)

const mask = { weight: Tensor.of([1, 0, 1], "f64") }

const pruning = group<typeof Pruning>()(
  "pruning",
  {
    "ones and zeros, which do not change where parameters do a little": ["full", "byMagnitude"],
    "counts parameters": ["kept"],
    "an effect that trains": ["lottery"]
  },
  {
    apply: of((weight) => Pruning.apply({ weight }, mask), [3]),
    maskedTransformation: check(
      (param: Floats, gradient: Floats) => {
        const { init, update } = Pruning.maskedTransformation(
          mask,
          Optimizer.adam({ learningRate: 0.1 }).transformation
        )
        return update([gradient], init([param], ["weight"]), [param], ["weight"])[0]
      },
      fc.tuple(tensor([3]), tensor([3], domains.nonzero))
    ),
    masked: check(
      (params: Params, weight: Floats) => {
        const optimizer = Pruning.masked(mask, Optimizer.sgd({ learningRate: 0.1, momentum: 0.9, l2: 0.1 }))
        return optimizer.update({ weight }, optimizer.init(params), params).params
      },
      fc.tuple(fc.record({ weight: tensor([3]) }), tensor([3]))
    )
  }
)

/** Steps of trainings, and what is pruned of them. */
export const training: ReadonlyArray<Group> = [steps, pruning]
