/** Trainings, small ones of several kinds, and their steps. */
import { valueAndGrad } from "@cotangent/autodiff/Gradient"
import { conv2d, flatten, linear, maxPool2d } from "@cotangent/nn"
import * as Attention from "@cotangent/nn/Attention"
import * as Loss from "@cotangent/nn/Loss"
import * as Model from "@cotangent/nn/Model"
import * as Normalization from "@cotangent/nn/Normalization"
import * as Recurrent from "@cotangent/nn/Recurrent"
import * as Optimizer from "@cotangent/optim/Optimizer"
import type { DeviceError } from "@cotangent/runtime/errors"
import { Device } from "@cotangent/runtime/Device"
import { make } from "@cotangent/tensor/HostArray"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"

type Floats = Tensor.Tensor<Shape, "f32">

const waves = (shape: ReadonlyArray<number>, seed: number, scale = 1): HostArray<"f32"> =>
  make(
    shape,
    "f32",
    Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => scale * Math.sin(1.7 * i + 3.1 * seed))
  )
const floats = (shape: ReadonlyArray<number>, seed: number, scale = 1): Floats =>
  constant(waves(shape, seed, scale)) as Floats
const labels = (count: number, classes: number): HostArray<"i32"> =>
  make(
    [count],
    "i32",
    Array.from({ length: count }, (_, i) => (7 * i + 3) % classes)
  )

/** A step of training and what it starts with. */
export interface Lesson {
  readonly data: ReadonlyArray<HostArray>
  readonly params: () => unknown
  readonly loss: (params: never, ...data: ReadonlyArray<Tensor.Tensor>) => Tensor.Tensor
}

const perceptron = (): Lesson => {
  const model = Model.sequential(["first", linear(40, 32)], Tensor.relu, ["second", linear(32, 10)])
  return {
    data: [waves([16, 40], 1), labels(16, 10)],
    params: () => model.init(Random.key(0)).params,
    loss: (params, x, y) => Loss.crossEntropy(model.predict(params, {} as never, x as never), y as never)
  }
}

const convolutional = (): Lesson => {
  const model = Model.sequential(
    ["conv1", conv2d(3, 8, { kernel: 3 })],
    Tensor.relu,
    maxPool2d({ kernel: 2 }),
    ["conv2", conv2d(8, 12, { kernel: 3 })],
    Tensor.relu,
    (x: Tensor.Tensor<readonly [number, number, number, number], "f32">) => flatten(x),
    ["last", linear(108, 5)]
  )
  return {
    data: [waves([4, 3, 12, 12], 1), labels(4, 5)],
    params: () => model.init(Random.key(1)).params,
    loss: (params, x, y) => Loss.crossEntropy(model.predict(params, {} as never, x as never) as never, y as never)
  }
}

/** A block of attention over 4 texts of 16 characters, in width 32, and a head. */
const transformer = (): Lesson => {
  const [texts, context, width, heads, characters] = [4, 16, 32, 4, 20]
  const split = (x: Floats): Floats =>
    Tensor.transpose(Tensor.reshape(x, [texts, context, heads, width / heads]), [0, 2, 1, 3]) as Tensor.Tensor as Floats
  return {
    data: [
      make([texts, context], "i32", labels(texts * context, characters).data),
      labels(texts * context, characters)
    ],
    params: () => ({
      table: floats([characters, width], 1, 0.3),
      norm: { weight: floats([width], 2), bias: floats([width], 3, 0.1) },
      qkv: floats([width, 3 * width], 4, 0.2),
      out: floats([width, width], 5, 0.2),
      head: floats([width, characters], 6, 0.2)
    }),
    loss: (
      {
        head,
        norm,
        out,
        qkv,
        table
      }: Readonly<Record<"table" | "qkv" | "out" | "head", Floats>> & { readonly norm: never },
      x,
      y
    ) => {
      const embedded = Tensor.embedding(table as never, x as never) as Tensor.Tensor as Floats
      const [query, key, value] = Tensor.split(Tensor.matmul(Normalization.layerNorm(embedded, norm), qkv), 3, -1).map(
        (part) => split(part as Tensor.Tensor as Floats)
      )
      const attended = Attention.scaledDotProductAttention({ query, key, value }, { causal: true })
      const merged = Tensor.reshape(Tensor.transpose(attended, [0, 2, 1, 3]), [texts, context, width])
      const hidden = Tensor.add(embedded, Tensor.matmul(merged as Tensor.Tensor as Floats, out)) as Floats
      return Loss.crossEntropy(
        Tensor.reshape(Tensor.matmul(hidden, head), [texts * context, characters]) as never,
        y as never
      )
    }
  }
}

const recurrent = (): Lesson => ({
  data: [waves([4, 10, 6], 1), labels(4, 5)],
  params: () => ({
    cells: {
      weight_ih_l0: floats([32, 6], 1, 0.3),
      weight_hh_l0: floats([32, 8], 2, 0.3),
      bias_ih_l0: floats([32], 3, 0.1)
    },
    head: floats([8, 5], 4)
  }),
  loss: ({ cells, head }: { readonly cells: never; readonly head: Floats }, x, y) => {
    const { output } = Recurrent.lstm(x as never, cells as Recurrent.RecurrentParams<"f32">)
    const last = Tensor.slice(output as Tensor.Tensor, { start: [0, 9, 0], stop: [4, 10, 8] })
    return Loss.crossEntropy(
      Tensor.matmul(Tensor.reshape(last, [4, 8]) as Tensor.Tensor as Floats, head) as never,
      y as never
    )
  }
})

export const lessons: Readonly<Record<string, Lesson>> = {
  "a perceptron": perceptron(),
  "a convolutional network": convolutional(),
  "a transformer": transformer(),
  "a recurrent network": recurrent()
}

const optimizer = Optimizer.adam({ learningRate: 1e-2 })

/** The losses of some steps. */
export const losses = (
  { data, loss, params }: Lesson,
  steps: number
): Effect.Effect<ReadonlyArray<number>, DeviceError, Device> =>
  Effect.gen(function* () {
    const device = yield* Device
    const first = params()
    const arrays = yield* Effect.forEach(data, device.put)
    const step = yield* device.compile(
      ([current, state]: readonly [never, never], ...given: ReadonlyArray<Tensor.Tensor>) => {
        const [value, gradients] = valueAndGrad((p: never) => loss(p, ...given) as never)(current)
        const next = optimizer.update(gradients as never, state, current)
        return { value, next: [next.params, next.state] as const }
      },
      { donate: [0] }
    )
    let state = yield* device.realize([first, optimizer.init(first as never)])
    const found: Array<number> = []
    for (let i = 0; i < steps; i++) {
      const { next, value } = yield* step(state as never, ...arrays)
      found.push(yield* device.readNumber(value))
      state = next as never
    }
    return found
  }).pipe(Effect.scoped)
