/**
 * A learning rate that falls when the loss does not: what no schedule of steps knows. It is a state machine of tensors, to be
 * kept beside the state of a training and told of each loss, or of the mean of each epoch.
 */
import { ArgumentError } from "@cotangent/tensor/errors"
import * as Tensor from "@cotangent/tensor/Tensor"
import type { Counter } from "./GradientTransformation.ts"
import { noSteps } from "./GradientTransformation.ts"
import type { Scalar } from "./Schedule.ts"

/** What is known of the losses so far. */
export interface PlateauState {
  /** The rate to train with. */
  readonly learningRate: Scalar
  /** The least loss that counted; infinite before the first. */
  readonly best: Scalar
  /** How many losses in a row did not count. */
  readonly age: Counter
}

/** When the rate falls, and how far. */
export interface PlateauOptions {
  /** The rate to begin with. */
  readonly learningRate: number
  /** What the rate is multiplied by; 0.1 unless stated. */
  readonly factor?: number
  /** How many losses in a row may fail to count; the one after them lowers the rate. 10 unless stated. */
  readonly patience?: number
  /** By which share of the best a loss must be below it to count; 10⁻⁴ unless stated. */
  readonly least?: number
  /** The rate never falls below this; 0 unless stated. */
  readonly minimum?: number
}

/** A rate that falls on plateaus. */
export interface Plateau {
  readonly initial: PlateauState
  /** What is known after one more loss. A loss that is NaN does not count. */
  readonly update: (state: PlateauState, loss: Scalar) => PlateauState
}

const within = (name: string, value: number, isValid: boolean): void => {
  if (!isValid) throw new ArgumentError({ operation: "Plateau.make", expected: name, received: String(value) })
}

/**
 * A rate that is multiplied by `factor` when more than `patience` losses in a row were no better than the best.
 *
 * **Throws** `ArgumentError` unless `0 < factor < 1`, `patience` is a whole number from 0, and the others are from 0.
 *
 * **Source** PyTorch's `ReduceLROnPlateau` with a relative threshold; of losses below 0 the share is one of their size.
 *
 * **Example** (Falling on the second loss that is no better)
 *
 * ```ts run
 * const { initial, update } = Plateau.make({ learningRate: 0.5, factor: 0.5, patience: 1 })
 * const states = [3, 2, 2, 2].reduce((states, loss) => [...states, update(states.at(-1), Tensor.scalar(loss))], [initial])
 * await evaluate(states[3].learningRate) // => 0.5
 * await evaluate(states[4].learningRate) // => 0.25
 * ```
 */
export const make = ({
  factor = 0.1,
  least = 1e-4,
  learningRate,
  minimum = 0,
  patience = 10
}: PlateauOptions): Plateau => {
  within("a factor above 0 and below 1", factor, factor > 0 && factor < 1)
  within("a patience that is a whole number from 0", patience, Number.isInteger(patience) && patience >= 0)
  within("a least share from 0", least, least >= 0)
  within("a minimum from 0", minimum, minimum >= 0)
  within("a learning rate above 0", learningRate, learningRate > 0)
  return {
    initial: { learningRate: Tensor.scalar(learningRate), best: Tensor.scalar(Infinity), age: noSteps() },
    update: ({ age, best, learningRate: rate }, given) => {
      const loss = Tensor.cast(given, best.dtype)
      // A share of infinity would leave nothing to be below.
      const margin = Tensor.where(Tensor.isFinite(best), Tensor.mul(Tensor.abs(best), least), 0)
      const counts = Tensor.less(loss, Tensor.sub(best, margin))
      const older = Tensor.where(counts, 0, Tensor.add(age, 1))
      const isOver = Tensor.greater(older, patience)
      return {
        learningRate: Tensor.where(isOver, Tensor.maximum(Tensor.mul(rate, factor), minimum), rate),
        best: Tensor.where(counts, loss, best),
        age: Tensor.where(isOver, 0, older)
      }
    }
  }
}
