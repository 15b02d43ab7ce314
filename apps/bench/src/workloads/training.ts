/**
 * Steps of training: forward, loss, backward, update, the loss read back.
 */
import { valueAndGrad } from "@cotangent/autodiff/Gradient"
import { conv2d, flatten, linear, maxPool2d } from "@cotangent/nn"
import type { Initializer } from "@cotangent/nn/Initializer"
import * as Loss from "@cotangent/nn/Loss"
import * as Model from "@cotangent/nn/Model"
import * as Recurrent from "@cotangent/nn/Recurrent"
import type { Optimizer as AnyOptimizer } from "@cotangent/optim/Optimizer"
import * as Optimizer from "@cotangent/optim/Optimizer"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import { dense, fill, full, ints, kernel, transposed } from "../data.ts"
import type { Training } from "../Workload.ts"

/** The initializer that gives the numbers of the workload. */
export const given =
  (array: HostArray): Initializer =>
  () =>
    constant(array) as never

/** What a workload of training is made of. */
interface Lesson<P, S> {
  readonly name: string
  readonly text: string
  readonly operations: number
  readonly bytes?: number
  readonly params: () => P
  readonly optimizer: AnyOptimizer<S>
  readonly data: () => ReadonlyArray<HostArray>
  readonly loss: (params: P, x: never, y: never) => Tensor.Tensor<readonly [], "f32">
}

/** The step that the loss and the optimizer make. */
export const training = <P, S>({ loss, optimizer, params, ...described }: Lesson<P, S>): Training => {
  const step = (
    [current, state]: readonly [P, S],
    x: Tensor.Tensor,
    y: Tensor.Tensor
  ): { readonly loss: Tensor.Tensor; readonly next: readonly [P, S] } => {
    const [value, gradients] = valueAndGrad((p: P) => loss(p, x as never, y as never))(current)
    const next = optimizer.update(gradients as never, state, current)
    return { loss: value, next: [next.params, next.state] }
  }
  const start = (): readonly [P, S] => {
    const first = params()
    return [first, optimizer.init(first)]
  }
  return { kind: "training", ...described, start, step: step as Training["step"] }
}

/** The state of models without any. */
const stateless = {} as never

const classes = (count: number, of: number): HostArray => ints([count], 2, of)

const perceptron = (batch: number): Training => {
  const model = Model.sequential(
    ["first", linear(784, 512, { initializer: given(dense(784, 512, 10)) })],
    Tensor.relu,
    ["second", linear(512, 512, { initializer: given(dense(512, 512, 11)) })],
    Tensor.relu,
    ["third", linear(512, 10, { initializer: given(dense(512, 10, 12)) })]
  )
  return training({
    name: `mlp_${batch}`,
    text: `784-512-512-10, batch ${batch}, SGD`,
    operations: 2 * batch * (2 * 784 * 512 + 3 * 512 * 512 + 3 * 512 * 10),
    params: () => model.init(Random.key(0)).params,
    optimizer: Optimizer.sgd({ learningRate: 0.01 }),
    data: () => [fill([batch, 784], 1, 0, 1), classes(batch, 10)],
    loss: (params, x, y) => Loss.crossEntropy(model.predict(params, stateless, x), y) as never
  })
}

const lenet = (): Training => {
  const model = Model.sequential(
    ["conv1", conv2d(3, 6, { kernel: 5, initializer: given(kernel([6, 3, 5, 5], 10)) })],
    Tensor.relu,
    maxPool2d({ kernel: 2 }),
    ["conv2", conv2d(6, 16, { kernel: 5, initializer: given(kernel([16, 6, 5, 5], 11)) })],
    Tensor.relu,
    maxPool2d({ kernel: 2 }),
    (x: Tensor.Tensor<readonly [number, number, number, number], "f32">) => flatten(x),
    ["fc1", linear(400, 120, { initializer: given(dense(400, 120, 12)) })],
    Tensor.relu,
    ["fc2", linear(120, 84, { initializer: given(dense(120, 84, 13)) })],
    Tensor.relu,
    ["fc3", linear(84, 10, { initializer: given(dense(84, 10, 14)) })]
  )
  const forward = 28 * 28 * 6 * 75 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 840
  return training({
    name: "lenet",
    text: "two convolutions, three dense layers, batch 64, Adam",
    operations: 2 * 64 * (3 * forward - 28 * 28 * 6 * 75),
    params: () => model.init(Random.key(0)).params,
    optimizer: Optimizer.adam({ learningRate: 1e-3 }),
    data: () => [fill([64, 3, 32, 32], 1), classes(64, 10)],
    loss: (params, x, y) => Loss.crossEntropy(model.predict(params as never, stateless, x) as never, y) as never
  })
}

const lstm = (): Training => {
  /** Weights `[4 · hidden, inputs]`, from those of a product from the right. */
  const weight = (inputs: number, seed: number): Tensor.Tensor =>
    constant(transposed(fill([inputs, 1024], seed, -1 / 16, 1 / 16)))
  const head = linear(256, 128, { initializer: given(dense(256, 128, 20)) })
  const params = () => ({
    cells: {
      weight_ih_l0: weight(128, 10),
      weight_hh_l0: weight(256, 11),
      bias_ih_l0: constant(full([1024], 0)),
      weight_ih_l1: weight(256, 12),
      weight_hh_l1: weight(256, 13),
      bias_ih_l1: constant(full([1024], 0))
    } as unknown as Recurrent.RecurrentParams<"f32">,
    head: head.init(Random.key(0)).params
  })
  const perStep = 32 * 1024 * (128 + 256 + 256 + 256)
  return training({
    name: "lstm",
    text: "two layers of 256, 64 steps, batch 32, Adam",
    operations: 2 * (64 * 3 * perStep - 64 * 32 * 1024 * 128 + 3 * 2048 * 256 * 128),
    params,
    optimizer: Optimizer.adam({ learningRate: 1e-3 }),
    data: () => [fill([64, 32, 128], 1), classes(64 * 32, 128)],
    loss: ({ cells, head: last }, x: Tensor.Tensor<readonly [64, 32, 128], "f32">, y) => {
      const { output } = Recurrent.lstm(Tensor.swapAxes(x, 0, 1) as never, cells)
      const states = Tensor.reshape(Tensor.swapAxes(output, 0, 1), [2048, 256])
      return Loss.crossEntropy(head.predict(last, {}, states as never), y) as never
    }
  })
}

const notes = (): Training => {
  const model = Model.sequential(["first", linear(784, 10, { initializer: given(dense(784, 10, 3)) })], Tensor.relu, [
    "second",
    linear(10, 10, { initializer: given(dense(10, 10, 4)) })
  ])
  return training({
    name: "notes_gd",
    text: "784-10-10 on all of 60,000 examples, gradient descent",
    operations: 2 * 60000 * (2 * 784 * 10 + 3 * 100),
    bytes: 2 * 4 * 60000 * 784,
    params: () => model.init(Random.key(0)).params,
    optimizer: Optimizer.sgd({ learningRate: 0.1 }),
    data: () => [fill([60000, 784], 1, 0, 1), classes(60000, 10)],
    loss: (params, x, y) => Loss.crossEntropy(model.predict(params, stateless, x), y) as never
  })
}

export const networks: ReadonlyArray<Training> = [perceptron(64), perceptron(512), lenet(), lstm(), notes()]
