import { vjp } from "@cotangent/autodiff/Vjp"
import { largest, mismatch } from "@cotangent/gradcheck/Comparison"
import { Device } from "@cotangent/runtime/Device"
import * as Reference from "@cotangent/tensor/Reference"
import { size } from "@cotangent/tensor/Shape"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { devices } from "../src/devices.ts"

interface Size {
  readonly image: readonly [batch: number, channels: number, height: number, width: number]
  readonly outputs: number
  readonly kernel: readonly [height: number, width: number]
  readonly options: {
    readonly stride?: number
    readonly padding?: number
    readonly dilation?: number
    readonly groups?: number
  }
}

/** Larger than tiles, panels and blocks of matrix products, with remainders of each. */
const sizes: ReadonlyArray<Size> = [
  { image: [2, 3, 13, 17], outputs: 7, kernel: [3, 3], options: { padding: 1 } },
  { image: [2, 3, 15, 14], outputs: 9, kernel: [3, 2], options: { stride: 2, padding: 1 } },
  { image: [1, 3, 7, 37], outputs: 6, kernel: [1, 5], options: { dilation: 3, padding: 2 } },
  { image: [2, 4, 11, 13], outputs: 6, kernel: [3, 3], options: { groups: 2, stride: 2 } },
  { image: [2, 6, 9, 10], outputs: 6, kernel: [3, 3], options: { groups: 6, padding: 1 } },
  { image: [5, 2, 1, 260], outputs: 3, kernel: [1, 5], options: {} },
  // Few channels in many images: windows are read in place, as vectors or as single elements.
  { image: [5, 3, 20, 32], outputs: 6, kernel: [5, 5], options: {} },
  { image: [6, 6, 14, 14], outputs: 16, kernel: [5, 5], options: {} },
  { image: [3, 8, 12, 21], outputs: 8, kernel: [3, 3], options: { groups: 8, stride: 2 } }
]

interface Pool {
  readonly image: Four
  readonly kernel: number
  readonly options: { readonly stride?: number; readonly padding?: number; readonly dilation?: number }
}

/** Windows side by side, apart, and overlapping, in rows of whole vectors and others. */
const pools: ReadonlyArray<Pool> = [
  { image: [2, 3, 12, 28], kernel: 2, options: {} },
  { image: [2, 2, 11, 23], kernel: 2, options: {} },
  { image: [2, 2, 9, 36], kernel: 3, options: {} },
  { image: [1, 2, 12, 31], kernel: 3, options: { stride: 2, padding: 1 } },
  { image: [1, 3, 8, 26], kernel: 2, options: { stride: 3 } },
  { image: [1, 2, 12, 25], kernel: 3, options: { stride: 1 } },
  { image: [1, 2, 12, 25], kernel: 3, options: { stride: 2, dilation: 2 } },
  { image: [1, 2, 16, 27], kernel: 3, options: { stride: 2, dilation: 3 } }
]

type Four = readonly [number, number, number, number]

const draw = <D extends "f32" | "f64">(seed: number, shape: Four, dtype: D): Tensor.Tensor<Four, D> =>
  Tensor.make(
    shape,
    Array.from({ length: size(shape) }, (_, i) => Math.sin(seed + 7 * i)),
    dtype
  )

/** The convolution with its gradients. */
const everything = (given: Size, dtype: "f32" | "f64"): ReadonlyArray<Tensor.Tensor> => {
  const { image, kernel, options, outputs } = given
  const weight = draw(2, [outputs, image[1] / (options.groups ?? 1), ...kernel], dtype)
  const x = draw(1, image, dtype)
  const [value, pull] = vjp((inputs: { readonly x: typeof x; readonly weight: typeof weight }) =>
    Tensor.conv2d(inputs.x, inputs.weight, { groups: 1, ...options })
  )({ x, weight })
  const [gradients] = pull(draw(3, value.shape, dtype))
  return [value, gradients.x, gradients.weight]
}

/** Both ways of pooling with their gradients; many values are equal. */
const pooled = ({ image, kernel, options }: Pool, dtype: "f32" | "f64"): ReadonlyArray<Tensor.Tensor> => {
  const x = Tensor.round(Tensor.mul(draw(1, image, dtype), 3))
  const greatest = (input: typeof x) => Tensor.maxPool2d(input, { kernel, ...options })
  const { dilation: _, ...simple } = options
  const mean = (input: typeof x) => Tensor.avgPool2d(input, { kernel, ...simple })
  return [greatest, mean].flatMap((pool) => {
    const [value, pull] = vjp(pool)(x)
    return [value, ...pull(draw(3, value.shape, dtype))]
  })
}

const { dtypes, layer } = devices.wasm

const expectReference = async (tensors: ReadonlyArray<Tensor.Tensor>, tolerance: number): Promise<void> => {
  const received = await Effect.runPromise(
    Effect.scoped(Effect.flatMap(Device, (device) => Effect.forEach(tensors, (tensor) => device.read(tensor)))).pipe(
      Effect.provide(layer)
    )
  )
  Reference.evaluate(tensors).forEach((expected, i) => {
    const absolute = tolerance * largest(expected.data, 1)
    expect(mismatch(expected, received[i], { absolute, relative: 0 })).toBeUndefined()
  })
}

describe.each(dtypes)("the device wasm in %s", (dtype) => {
  const tolerance = dtype === "f64" ? 1e-13 : 1e-5

  it.each(sizes)("convolves $image as the reference does", (given) =>
    expectReference(everything(given, dtype), tolerance)
  )

  it.each(pools)("pools $image by $kernel with $options as the reference does", (given) =>
    expectReference(pooled(given, dtype), tolerance)
  )
})
