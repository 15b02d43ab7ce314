/** Programs that threads share in every way there is, and what they give on some threads. */
import { scan } from "@cotangent/autodiff"
import { Device } from "@cotangent/runtime/Device"
import * as HostArray from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"

const sines = (rows: number, columns: number): Tensor.Tensor =>
  constant(
    HostArray.make(
      [rows, columns],
      "f32",
      Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i))
    )
  )

const x = sines(157, 301)

/** By rows, by columns, by batches, by elements, within a loop. */
export const programs: Readonly<Record<string, ReadonlyArray<Tensor.Tensor>>> = {
  "a product and its softmax": [Tensor.softmax(Tensor.matmul(x, Tensor.transpose(x)), 1)],
  "a batch of products": [
    Tensor.matmul(Tensor.reshape(sines(96, 96), [6, 16, 96]), Tensor.reshape(sines(96, 96), [6, 96, 16]))
  ],
  "elements with a rest": [Tensor.tanh(Tensor.mul(x, x))],
  "sums of rows, of columns, of all": [Tensor.sum(x, 1), Tensor.sum(x, 0), Tensor.sum(x)],
  "sorted rows and gathered ones": [Tensor.sort(x, 1), Tensor.take(x, Tensor.of([3, 0, 156], "i32"), 0)],
  "layers, each thread its rows": [
    Tensor.softmax(
      Tensor.matmul(Tensor.tanh(Tensor.matmul(sines(768, 32), sines(32, 48))), Tensor.transpose(sines(48, 48))),
      1
    )
  ],
  "a loop of products": [
    scan(
      (carry: Tensor.Tensor, row: Tensor.Tensor) => {
        const next = Tensor.tanh(Tensor.add(Tensor.matmul(carry, sines(64, 64)), row))
        return [next, Tensor.sum(next, 1)] as const
      },
      sines(64, 64),
      sines(20, 64)
    )
  ].flatMap(([carry, items]) => [carry, items])
}

/** The values of `tensors` on a device. */
export const valuesWith = (options: Wasm.Options, tensors: ReadonlyArray<Tensor.Tensor>) =>
  Effect.gen(function* () {
    const device = yield* Device
    const values = yield* Effect.forEach(yield* device.realize(tensors), device.read)
    return values.map(({ data }) => data)
  }).pipe(Effect.scoped, Effect.provide(Wasm.layerWith(options)))
