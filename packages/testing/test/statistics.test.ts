import { assert, describe, it } from "@effect/vitest"
import { Activation, batchNorm, linear, Model } from "@cotangent/nn"
import { Averaging, GradientTransformation, Optimizer } from "@cotangent/optim"
import { Device, ReferenceDevice } from "@cotangent/runtime"
import { Random, Tensor, Tree } from "@cotangent/tensor"
import { Statistics, TrainState } from "@cotangent/train"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Statistics of the second normalization are those of rows that the first one has changed. */
const model = Model.sequential(
  ["first", linear(3, 4)],
  ["normal1", batchNorm(4)],
  Activation.tanh,
  ["second", linear(4, 2)],
  ["normal2", batchNorm(2, { momentum: 0.3 })]
)

type Rows = Tensor.Tensor<readonly [number, 3], "f32">

const keys = Random.split(Random.key(1), 3)
const batches: ReadonlyArray<Rows> = keys.map((key) => Random.normal(key, [8, 3], { mean: 2, std: 3 }))

const { params, state } = model.init(Random.key(0))

/** The average of the parameters over some steps, and the state after them. */
const trained = () => {
  const optimizer = Optimizer.make(
    GradientTransformation.chain(Optimizer.sgd({ learningRate: 0.3 }).transformation, Averaging.exponential(0.5))
  )
  const step = TrainState.step({
    optimizer,
    loss: (p: typeof params, s: typeof state, rows: Rows, key) => {
      const { output, state } = model.train(p, s, rows, key)
      return { loss: Tensor.mean(Tensor.square(Tensor.sub(output, 1))), state }
    }
  })
  const end = batches.reduce(
    (before, rows) => step(before, rows).state,
    TrainState.make({ params, state, optimizer, key: Random.key(2) })
  )
  return { params: Averaging.params(end.optimizer[1], params), state: end.state }
}

const numbersOf = (tree: unknown) =>
  Effect.gen(function* () {
    const device = yield* Device
    const arrays = yield* Effect.forEach(Tree.leaves(tree), device.read)
    return arrays.flatMap(({ data }) => Array.from(data, Number))
  })

describe("a model that normalizes its batches, with averaged parameters", () => {
  it.effect("is normalized at inference by statistics collected anew, not by those of the training", () =>
    Effect.gen(function* () {
      const average = trained()
      const collect = (before: typeof state) =>
        Statistics.collect(before, {
          next: (state, rows: Rows, key) => model.train(average.params, state, rows, key).state,
          batches: Stream.fromIterable(batches),
          key: Random.key(3)
        })
      const anew = yield* collect(average.state)
      const [ours, others] = [yield* numbersOf(anew), yield* numbersOf(yield* collect(state))]
      ours.forEach((value, i) => assert.closeTo(value, others[i], 1e-5 * Math.max(1, Math.abs(value))))

      // What the first normalization sees, over all rows.
      const { bias, weight } = average.params.first
      const seen = Tensor.add(Tensor.matmul(Tensor.concatenate(batches), weight), bias)
      const center = yield* numbersOf(Tensor.mean(seen, 0))
      const distance = Effect.fnUntraced(function* (statistics: typeof state) {
        const means = yield* numbersOf(statistics.normal1.mean)
        return Math.max(...means.map((value, i) => Math.abs(value - center[i])))
      })
      assert.isBelow(yield* distance(anew), 1e-5)
      assert.isAbove(yield* distance(average.state), 0.1)
    }).pipe(Effect.provide(ReferenceDevice.layer))
  )
})
