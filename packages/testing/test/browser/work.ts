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

const model = pipe(linear(2, 16), Model.map(Tensor.tanh), Model.andThen(linear(16, 2)))
const optimizer = Optimizer.adam({ learningRate: 0.05 })
const corners = Tensor.of([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1]
])
const isOdd = Tensor.of([0, 1, 1, 0], "i32")

/** The losses of the first steps of training a classifier of two layers, each one call of a compiled program. */
export const losses = Effect.gen(function* () {
  const device = yield* Device
  const { params, state } = model.init(Random.key(0))
  const loss = (p: typeof params) => Loss.crossEntropy(model.predict(p, state, corners), isOdd)
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
