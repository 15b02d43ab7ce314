import * as Datasets from "@cotangent/data/Dataset"
import * as Activation from "@cotangent/nn/Activation"
import type { Entry } from "@cotangent/nn/Composition"
import * as Initializer from "@cotangent/nn/Initializer"
import type { Affine, LinearOptions } from "@cotangent/nn/layer/linear"
import { linear } from "@cotangent/nn/layer/linear"
import * as Model from "@cotangent/nn/Model"
import * as Optimizer from "@cotangent/optim/Optimizer"
import type { Float } from "@cotangent/tensor/DType"
import type { Dim } from "@cotangent/tensor/ShapeType"
import type * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import { rows } from "../images/classification.ts"
import { accuracyCurves, resultsOf, rowsOf, trainOn } from "../images/comparison.ts"
import { mnist } from "../images/sets.ts"
import { lossCurves } from "../lab/curves.ts"
import type { Task } from "../Recipe.ts"
import { deep } from "./deep.ts"

const width = 64
const depth = 30

/** Features that a layer of the dense net adds. */
const growth = 8

const he = { initializer: Initializer.heNormal }

/** Thirty branches that add up to about the variance of their input. */
const quiet = { initializer: Initializer.normal(Math.sqrt(2 / width / depth)) }

/** Rows of a batch. */
type Batch<N extends number> = Tensor.Tensor<readonly [Dim, N], Float>

const rectified = <const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  options: LinearOptions = he
): Model.Model<Affine<I, O>, Model.Empty, Batch<I>, Batch<O>> =>
  // An affine map of rows gives rows.
  Model.map(linear(inputs, outputs, options), Activation.relu) as never

/** A gate that begins by letting most of its input pass. */
const gate: Model.Model<Affine<64, 64>, Model.Empty, Batch<64>, Batch<64>> = linear(width, width, {
  biasInitializer: Initializer.constant(-2)
}) as never

/** An affine map of what is above 0: the sum with the input can go either way. **Source** He et al. 2016, identity mappings. */
const beforehand: Model.Model<Affine<64, 64>, Model.Empty, Batch<64>, Batch<64>> = Model.contramap(
  linear(width, width, quiet),
  (x: Batch<64>) => Activation.relu(x)
) as never

/** What stands thirty times between the first layer and the last. */
const blocks: Readonly<Record<string, (i: number) => Model.AnyModel>> = {
  plain: () => rectified(width, width),
  residual: () => Model.residual(beforehand),
  highway: () => Model.highway({ transform: rectified(width, width), gate }),
  dense: (i) => Model.dense(rectified(width + growth * (i - 1), growth))
}

/**
 * Thirty layers that are no more than layers, and thirty that their input can pass by.
 *
 * **Source** Bahng 2023, "Deep Learning", section 2.3.2; He et al. 2016, Srivastava et al. 2015, Huang et al. 2017.
 */
export const task: Task = {
  seed: 0,
  trainings: Object.keys(blocks),
  run: Effect.fnUntraced(function* (lab) {
    const all = yield* mnist(lab)
    const set = { ...all, train: Datasets.take(all.train, 20_000) }
    const trainings = yield* Effect.forEach(Object.entries(blocks), ([name, block]) => {
      const outputs = name === "dense" ? width + growth * depth : width
      return trainOn(lab, set, {
        name,
        text: `${depth + 2} layers`,
        scale: rows,
        model: deep({
          depth,
          first: [["first", rectified(784, width)]],
          block: (name, i): ReadonlyArray<Entry> => [[name, block(i)]],
          last: [["last", linear(outputs, 10)]]
        }),
        optimizer: (learningRate) => Optimizer.sgd({ learningRate, momentum: 0.9 }),
        learningRate: () => 0.02,
        epochs: 5,
        batch: 64,
        mayDiverge: true
      })
    })
    return {
      results: resultsOf(trainings),
      remarks: [],
      table: rowsOf(trainings),
      figures: [lossCurves(trainings), accuracyCurves(trainings)]
    }
  })
}
