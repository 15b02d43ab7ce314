import * as Activation from "../src/Activation.ts"
import type { Fits, ShapeText } from "../src/Composition.ts"
import * as Model from "../src/Model.ts"
import type { Affine, Rows } from "../src/index.ts"
import { dropout, embedding, flatten, layerNorm, linear } from "../src/index.ts"
import * as Random from "@cotangent/tensor/Random"
import type { Dim, Shape, ShapeMismatch } from "@cotangent/tensor/ShapeType"
import type { Float, Integer, Tensor } from "@cotangent/tensor/Tensor"
import * as Tensors from "@cotangent/tensor/Tensor"
import { pipe } from "effect/Function"
import { expectTypeOf, it } from "vitest"

const relu = Model.lift(Activation.relu)

it("models keep the widths they are made of", () => {
  const model = linear(784, 128)
  expectTypeOf<Model.InputOf<typeof model>>().toEqualTypeOf<Rows<784>>()
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Rows<128>>()
  expectTypeOf<Model.ParamsOf<typeof model>>().toEqualTypeOf<Affine<784, 128>>()
  const withoutBias = linear(784, 128, { bias: false })
  // @ts-expect-error: there is no bias
  void ((params: Model.ParamsOf<typeof withoutBias>) => params.bias)
})

it("andThen keeps widths through functions that preserve shapes", () => {
  const model = pipe(
    linear(784, 128),
    Model.andThen(relu),
    Model.andThen(layerNorm(128)),
    Model.andThen(dropout(0.5)),
    Model.andThen(linear(128, 10))
  )
  expectTypeOf<Model.InputOf<typeof model>>().toEqualTypeOf<Rows<784>>()
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Rows<10>>()
  const hidden = Model.andThen(linear(784, 128), relu)
  expectTypeOf<Model.OutputOf<typeof hidden>>().toEqualTypeOf<Rows<128>>()
})

it("map keeps widths", () => {
  const mapped = Model.map(linear(784, 128), Activation.relu)
  expectTypeOf<Model.OutputOf<typeof mapped>>().toEqualTypeOf<Rows<128>>()
  const piped = pipe(linear(784, 128), Model.map(Activation.relu))
  expectTypeOf<Model.OutputOf<typeof piped>>().toEqualTypeOf<Rows<128>>()
})

it("sequential names parameters and keeps widths", () => {
  const model = Model.sequential(
    flatten,
    ["hidden", linear(784, 128)],
    Activation.relu,
    (x: Rows<128>) => Activation.elu(x, { alpha: 0.5 }),
    ["norm", layerNorm(128)],
    dropout(0.1),
    ["output", linear(128, 10)]
  )
  expectTypeOf<Model.InputOf<typeof model>>().toEqualTypeOf<Tensor<readonly [Dim, ...Shape], Float>>()
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Rows<10>>()
  expectTypeOf<Model.ParamsOf<typeof model>["output"]>().toEqualTypeOf<Affine<128, 10>>()
  expectTypeOf<keyof Model.ParamsOf<typeof model>>().toEqualTypeOf<"hidden" | "norm" | "output">()
})

it("activations with options stand in a sequential as they are", () => {
  const model = Model.sequential(["a", linear(4, 3)], Activation.elu, Activation.gelu({ approximate: "tanh" }), [
    "b",
    linear(3, 2)
  ])
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Rows<2>>()
})

it("models that do not fit do not compose", () => {
  // @ts-expect-error: cannot feed [..., 128] into a model of [..., 64]
  void (() => Model.andThen(linear(784, 128), linear(64, 10)))
  // @ts-expect-error: cannot feed [..., 128] into a model of [..., 64]
  void (() => pipe(linear(784, 128), Model.andThen(linear(64, 10))))
  // @ts-expect-error: cannot feed [..., 128] into a model of [..., 64]
  void (() => pipe(linear(784, 128), Model.andThen(relu), Model.andThen(linear(64, 10))))
  // @ts-expect-error: cannot feed [..., 128] into a model of [..., 64]
  void (() => Model.andThen(linear(784, 128), layerNorm(64)))
  // @ts-expect-error: cannot feed [..., 128] into a model of [..., 64]
  void (() => Model.sequential(["hidden", linear(784, 128)], Activation.relu, ["output", linear(64, 10)]))
  // @ts-expect-error: numbers of words are integers
  void (() => Model.andThen(linear(784, 128), embedding(100, 8)))
  // @ts-expect-error: [..., 64] is not [..., 128]
  void (() => Model.residual(linear(128, 64)))
  // @ts-expect-error: a model with parameters needs a name
  void (() => Model.sequential(linear(784, 128)))
  expectTypeOf<Fits<Rows<128>, Rows<64>>>().not.toEqualTypeOf<unknown>()
})

it("the reason names both shapes", () => {
  expectTypeOf<Fits<Rows<128>, Rows<64>>>().toEqualTypeOf<
    ShapeMismatch<"cannot feed [..., 128] into a model of [..., 64]">
  >()
  expectTypeOf<Fits<Tensor<readonly ["batch", 3], "f32">, Tensor<readonly [Dim, 4], Float>>>().toEqualTypeOf<
    ShapeMismatch<"cannot feed [batch, 3] into a model of [?, 4]">
  >()
  expectTypeOf<Fits<Rows<8>, Tensor<Shape, Integer>>>().toMatchTypeOf<ShapeMismatch<string>>()
  expectTypeOf<ShapeText<readonly []>>().toEqualTypeOf<"[]">()
})

it("what is not known is left to run time", () => {
  expectTypeOf<Fits<Tensor<readonly [Dim, number], Float>, Rows<64>>>().toEqualTypeOf<unknown>()
  expectTypeOf<Fits<Tensor<Shape, Float>, Rows<64>>>().toEqualTypeOf<unknown>()
  expectTypeOf<Fits<Tensor<readonly [2, 64], "f32">, Rows<64>>>().toEqualTypeOf<unknown>()
})

it("inputs of the wrong width do not compile", () => {
  const model = linear(3, 2)
  const { params, state } = model.init(Random.key(0))
  const x: Tensor<readonly [5, 4], "f32"> = Tensors.zeros([5, 4])
  expectTypeOf(model.predict).parameter(2).toEqualTypeOf<Rows<3>>()
  // @ts-expect-error: [5, 4] is not [..., 3]
  void (() => model.predict(params, state, x))
})

it("dense leaves rank, and highway the shape", () => {
  const grown = Model.dense(linear(4, 3))
  expectTypeOf<Model.InputOf<typeof grown>>().toEqualTypeOf<Rows<4>>()
  expectTypeOf<Model.OutputOf<typeof grown>>().toEqualTypeOf<
    Tensor<readonly [...ReadonlyArray<number>, number], Float>
  >()
  const gated = Model.highway({ transform: linear(4, 4), gate: linear(4, 4) })
  expectTypeOf<Model.OutputOf<typeof gated>>().toEqualTypeOf<Rows<4>>()
  // @ts-expect-error: a gate of other widths
  void Model.highway({ transform: linear(4, 4), gate: linear(4, 3) })
})
