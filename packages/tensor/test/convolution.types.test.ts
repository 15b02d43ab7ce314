/** What the compiler knows about convolutions, pooling and resampling. */
import { pipe } from "effect/Function"
import { it } from "vitest"
import type { Dim, Shape } from "../src/ShapeType.ts"
import * as Tensor from "../src/Tensor.ts"

type T<S extends Shape> = Tensor.Tensor<S, "f32">

declare const unranked: T<Shape>
declare const named: T<readonly ["batch", 3, "height", "width"]>
const { avgPool1d, conv1d, conv2d, convTranspose2d, maxPool2d, zeros } = Tensor
const x = zeros([8, 3, 32, 32])
const w = zeros([16, 3, 5, 5])

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false

/** Compiles where the type of a value is exactly `A`. */
const expectType =
  <A>() =>
  <B>(value: () => B & ([Equal<B, A>] extends [true] ? unknown : { readonly expected: A })): void =>
    void value

it("convolutions keep batch and output channels", () => {
  expectType<T<readonly [8, 16, number, number]>>()(() => conv2d(x, w))
  expectType<T<readonly [8, 16, number, number]>>()(() =>
    conv2d(x, w, { stride: 2, padding: [1, [0, 2]], bias: zeros([16]) })
  )
  expectType<T<readonly [8, 16, number, number]>>()(() => pipe(x, conv2d(w, { padding: "same" })))
  expectType<T<readonly ["batch", 16, number, number]>>()(() => conv2d(named, w))
  expectType<T<readonly [Dim, 16, number, number]>>()(() => conv2d(unranked, w))
  expectType<T<readonly [8, 6, number, number]>>()(() => conv2d(x, zeros([6, 1, 3, 3]), { groups: 3 }))
  expectType<T<readonly [8, 7, number, number]>>()(() => convTranspose2d(x, zeros([3, 7, 5, 5]), { stride: 2 }))
})

it("pooling and resampling keep the axes before the spatial ones", () => {
  expectType<T<readonly [8, 3, number, number]>>()(() => maxPool2d(x, { kernel: 2 }))
  expectType<T<readonly [8, 3, number, number]>>()(() => pipe(x, maxPool2d({ kernel: [2, 3] })))
  expectType<T<readonly [8, 3, 32, number]>>()(() => avgPool1d(x, { kernel: 2 }))
  expectType<T<readonly [8, 3, 4, 5]>>()(() => Tensor.adaptiveAvgPool(x, [4, 5]))
  expectType<T<readonly [8, 3, 64, 64]>>()(() => Tensor.interpolate(x, { size: [64, 64], mode: "linear" }))
})

it("wrong channels, ranks and dtypes do not compile", () => {
  expectType<T<readonly [8, 16, number, number]>>()(() => conv2d(x, w))
  // @ts-expect-error: cannot convolve [8, 3, 32, 32] with a kernel [16, 4, 5, 5]: channels differ
  void (() => conv2d(x, zeros([16, 4, 5, 5])))
  // @ts-expect-error: the same in a pipe
  void (() => pipe(x, conv2d(zeros([16, 4, 5, 5]))))
  // @ts-expect-error: an image is no sequence
  void (() => conv1d(x, zeros([16, 3, 5])))
  // @ts-expect-error: the kernel lacks an axis
  void (() => conv2d(x, zeros([16, 3, 5])))
  // @ts-expect-error: f32 with f64
  void (() => conv2d(x, zeros([16, 3, 5, 5], "f64")))
  // @ts-expect-error: a stride for each of two axes
  void (() => conv2d(x, w, { stride: [1, 1, 1] }))
  // @ts-expect-error: kernels of transposed convolutions have inputs first
  void (() => convTranspose2d(x, zeros([7, 3, 5, 5])))
  // @ts-expect-error: [3] has fewer than 2 spatial axes
  void (() => maxPool2d(zeros([3]), { kernel: 2 }))
})
