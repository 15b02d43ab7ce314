/** A little of what programs for browsers do. The tests do the same in Node. */
import { valueAndGrad } from "@cotangent/autodiff"
import type { Report } from "@cotangent/gradcheck/gradcheck"
import { gradcheck } from "@cotangent/gradcheck/gradcheck"
import { linear, Loss, Model } from "@cotangent/nn"
import { Optimizer } from "@cotangent/optim"
import { Device } from "@cotangent/runtime/Device"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"

/** Examples, and the class of each. */
interface Examples {
  readonly x: Tensor.Tensor<readonly [number, number], "f32">
  readonly labels: Tensor.Tensor<readonly [number], "i32">
  readonly hidden: number
}

/** The losses of the first steps of training a classifier of two layers, each one call of a compiled program. */
const training = ({ hidden, labels, x }: Examples) =>
  Effect.gen(function* () {
    const device = yield* Device
    const model = pipe(linear(x.shape[1], hidden), Model.map(Tensor.tanh), Model.andThen(linear(hidden, 2)))
    const optimizer = Optimizer.adam({ learningRate: 0.05 })
    const { params, state } = model.init(Random.key(0))
    const loss = (p: typeof params) => Loss.crossEntropy(model.predict(p, state, x), labels)
    const step = yield* device.compile(([p, s]: readonly [typeof params, ReturnType<typeof optimizer.init>]) => {
      const [value, gradients] = valueAndGrad(loss)(p)
      const next = optimizer.update(gradients, s, p)
      return { value, next: [next.params, next.state] as const }
    })
    const values: Array<number> = []
    let current = [params, optimizer.init(params)] as const
    for (let i = 0; i < 5; i++) {
      const { next, value } = yield* step(current)
      values.push(yield* device.readNumber(value))
      current = next
    }
    return values
  }).pipe(Effect.scoped)

/** Training on the corners of a square, of which two are odd. */
export const losses = training({
  hidden: 16,
  labels: Tensor.of([0, 1, 1, 0], "i32"),
  x: Tensor.of([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1]
  ])
})

/** Training whose steps are large enough for threads to share. */
export const largeLosses = training({
  hidden: 128,
  labels: Tensor.cast(Tensor.greater(Random.normal(Random.key(2), [192]), 0), "i32"),
  x: Random.normal(Random.key(1), [192, 64])
})

const layer = (x: Tensor.Tensor, weights: Tensor.Tensor) => Tensor.softmax(Tensor.tanh(Tensor.matmul(x, weights)))

/** What all laws say of a layer of a network. */
export const gradients: Effect.Effect<Report, unknown, Device> = gradcheck(
  layer,
  [
    Tensor.of([[1, -2]]),
    Tensor.of([
      [0.5, -1, 2],
      [1, 0.25, -0.5]
    ])
  ],
  { runs: 3, dtypes: ["f64", "f32"] }
)
