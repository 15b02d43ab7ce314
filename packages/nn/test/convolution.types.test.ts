import * as Activation from "../src/Activation.ts"
import * as Model from "../src/Model.ts"
import type { BiasedKernel, Channels, Kernel } from "../src/index.ts"
import { conv1d, conv2d, globalAvgPool2d, linear, maxPool2d } from "../src/index.ts"
import type { Dim } from "@cotangent/tensor/ShapeType"
import type { Float, Tensor } from "@cotangent/tensor/Tensor"
import { pipe } from "effect/Function"
import { expectTypeOf, it } from "vitest"

type Images<C extends number> = Channels<C, readonly [Dim, Dim]>

it("convolutions keep their channels", () => {
  const model = conv2d(3, 16, { kernel: 3 })
  expectTypeOf<Model.InputOf<typeof model>>().toEqualTypeOf<Images<3>>()
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Images<16>>()
  expectTypeOf<Model.ParamsOf<typeof model>>().toEqualTypeOf<BiasedKernel<16, readonly [number, number]>>()
  const withoutBias = conv2d(3, 16, { kernel: [3, 5], bias: false })
  expectTypeOf<Model.ParamsOf<typeof withoutBias>>().toEqualTypeOf<Kernel<16, readonly [number, number]>>()
})

it("channels pass through activations and pooling", () => {
  const model = Model.sequential(
    ["first", conv2d(3, 16, { kernel: 3 })],
    Activation.relu,
    maxPool2d({ kernel: 2 }),
    ["second", conv2d(16, 8, { kernel: 3 })],
    globalAvgPool2d,
    ["output", linear(8, 10)]
  )
  expectTypeOf<Model.OutputOf<typeof model>>().toEqualTypeOf<Tensor<readonly [...ReadonlyArray<Dim>, 10], Float>>()
})

it("channels that differ do not compile", () => {
  const first = conv2d(3, 16, { kernel: 3 })
  const second = conv2d(8, 4, { kernel: 3 })
  expectTypeOf(second).not.toExtend<Model.Model<never, never, Images<16>, unknown>>()
  // @ts-expect-error: cannot feed [?, 16, ?, ?] into a model of [?, 8, ?, ?]
  void (() => Model.andThen(first, second))
  // @ts-expect-error: the same in a pipe
  void (() => pipe(first, Model.andThen(second)))
  // @ts-expect-error: and through a pool
  void (() => Model.sequential(["first", first], maxPool2d({ kernel: 2 }), ["second", second]))
  // @ts-expect-error: a sequence is no image
  void (() => Model.andThen(first, conv1d(16, 8, { kernel: 3 })))
  // @ts-expect-error: an image has two axes
  void (() => conv2d(3, 16, { kernel: [3, 3, 3] }))
})
