import type { Fits } from "../src/Composition.ts"
import * as Model from "../src/Model.ts"
import type { Rows, Sequences } from "../src/index.ts"
import * as Activation from "../src/Activation.ts"
import {
  batchNorm,
  conv2d,
  dropout,
  embedding,
  groupNorm,
  gru,
  layerNorm,
  linear,
  lstm,
  multiHeadAttention,
  rmsNorm,
  rnn,
  selfAttention
} from "../src/index.ts"
import * as Random from "@cotangent/tensor/Random"
import type { Dim, ShapeMismatch } from "@cotangent/tensor/ShapeType"
import type { Float, Tensor } from "@cotangent/tensor/Tensor"
import { pipe } from "effect/Function"
import { expectTypeOf, it } from "vitest"

type Images<C extends number> = Tensor<readonly [Dim, C, number, number], Float>

it("a block of a transformer keeps its width", () => {
  const block = Model.andThen(
    Model.residual(Model.andThen(linear(64, 64), selfAttention(64, { heads: 8, causal: true }))),
    Model.residual(
      pipe(
        linear(64, 256),
        Model.andThen(Model.lift(Activation.relu)),
        Model.andThen(linear(256, 64)),
        Model.andThen(rmsNorm(64))
      )
    )
  )
  expectTypeOf<Model.InputOf<typeof block>>().toEqualTypeOf<Rows<64>>()
  expectTypeOf<Model.OutputOf<typeof block>>().toEqualTypeOf<Rows<64>>()
})

it("a recurrent network takes the width of an embedding and gives its own", () => {
  const model = Model.sequential(
    ["embedding", embedding(1000, 32)],
    ["lstm", lstm(32, 64, { layers: 2, dropout: 0.1 })],
    ["norm", layerNorm(64)],
    ["head", linear(64, 10)]
  )
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Rows<10>>()
  const layer = lstm(32, 64)
  expectTypeOf<Model.InputOf<typeof layer>>().toEqualTypeOf<Sequences<32>>()
  expectTypeOf<Model.OutputOf<typeof layer>>().toEqualTypeOf<Sequences<64>>()
})

it("the last output has no axis of time", () => {
  const layer = gru(32, 64, { output: "last" })
  expectTypeOf<Model.OutputOf<typeof layer>>().toEqualTypeOf<Tensor<readonly [Dim, 64], Float>>()
  const model = Model.andThen(layer, linear(64, 10))
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Rows<10>>()
})

it("both directions side by side are left to run time", () => {
  const layer = rnn(32, 64, { bidirectional: true, activation: "relu" })
  expectTypeOf<Model.OutputOf<typeof layer>>().toEqualTypeOf<Sequences<number>>()
  void (() => Model.andThen(layer, linear(128, 10)))
})

const conv = conv2d(3, 16, { kernel: 3 })

it("normalizations of channels keep images, and rows after an affine map", () => {
  const images = Model.andThen(
    Model.lift((x: Images<16>): Images<16> => x),
    batchNorm(16)
  )
  expectTypeOf<Model.OutputOf<typeof images>>().toEqualTypeOf<Images<16>>()
  const grouped = Model.andThen(
    Model.lift((x: Images<16>): Images<16> => x),
    groupNorm(16, { groups: 4 })
  )
  expectTypeOf<Model.OutputOf<typeof grouped>>().toEqualTypeOf<Images<16>>()
  const convolved = Model.sequential(["conv", conv2d(3, 16, { kernel: 3 })], ["norm", batchNorm(16)], Activation.relu)
  expectTypeOf<Model.OutputOf<typeof convolved>>().toEqualTypeOf<Model.OutputOf<typeof conv>>()
  // @ts-expect-error: 16 channels are not 8
  void (() => Model.andThen(conv, batchNorm(8)))
  const rows = Model.sequential(["a", linear(784, 128)], ["norm", batchNorm(128)], Activation.relu, dropout(0.1), [
    "b",
    linear(128, 10)
  ])
  expectTypeOf<Model.OutputOf<typeof rows>>().toEqualTypeOf<Rows<10>>()
  expectTypeOf<keyof Model.StateOf<typeof rows>["norm"]>().toEqualTypeOf<"mean" | "variance">()
})

it("what does not fit does not compose", () => {
  // @ts-expect-error: cannot feed [..., 32] into a model of [?, ?, 16]
  void (() => Model.andThen(embedding(1000, 32), lstm(16, 64)))
  // @ts-expect-error: cannot feed [?, ?, 64] into a model of [..., 32]
  void (() => Model.andThen(lstm(16, 64), linear(32, 10)))
  // @ts-expect-error: cannot feed [..., 64] into a model of [..., 32]
  void (() => Model.andThen(linear(16, 64), selfAttention(32, { heads: 4 })))
  const images = Model.lift((x: Images<8>): Images<8> => x)
  // @ts-expect-error: cannot feed [?, 8, ?, ?] into a model of [?, 16, ...]
  void (() => Model.andThen(images, batchNorm(16)))
  expectTypeOf<Fits<Images<8>, Model.InputOf<ReturnType<typeof batchNorm<16>>>>>().toEqualTypeOf<
    ShapeMismatch<"cannot feed [?, 8, ?, ?] into a model of [?, 16, ...]">
  >()
  // @ts-expect-error: cannot feed [?, 64] into a model of [?, ?, 64]
  void (() => Model.andThen(lstm(16, 64, { output: "last" }), lstm(64, 64)))
  // @ts-expect-error: attention has queries, keys and values
  void (() => Model.andThen(linear(16, 64), multiHeadAttention(64, { heads: 4 })))
  // @ts-expect-error: an lstm has its own nonlinearities
  void (() => lstm(16, 64, { activation: "relu" }))
})

it("parameters are found by PyTorch's names", () => {
  const layer = lstm(32, 64)
  const { params } = layer.init(Random.key(0))
  expectTypeOf(params.weight_ih_l0).toEqualTypeOf<Tensor<readonly [number, number], Float>>()
  expectTypeOf(params.bias_hh_l1_reverse).toEqualTypeOf<Tensor<readonly [number], Float>>()
  // @ts-expect-error: there is no such gate
  void params.weight_xx_l0
})
