import { scan } from "@cotangent/autodiff/Scan"
import { Device } from "@cotangent/runtime/Device"
import * as Reference from "@cotangent/runtime/ReferenceDevice"
import type { DType } from "@cotangent/tensor/DType"
import * as HostArray from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"

const sines = (rows: number, columns: number, dtype: DType): Tensor.Tensor => {
  const data = Array.from({ length: rows * columns }, (_, i) => Math.sin(i) / 8)
  return constant(HostArray.make([rows, columns], dtype, data))
}

/** A loop whose product reads the same weights in every run; their layout is `of` what memory holds. */
const loop = (weights: Tensor.Tensor, of: (weights: Tensor.Tensor) => Tensor.Tensor, dtype: DType): Tensor.Tensor => {
  const width = weights.shape[0]
  const step = (state: Tensor.Tensor, x: Tensor.Tensor) => {
    const next = Tensor.sin(Tensor.add(Tensor.matmul(state, of(weights)), x))
    return [next, next] as const
  }
  return scan(step, sines(5, width, dtype), sines(3, width, dtype))[1]
}

const run = (tensor: Tensor.Tensor): Effect.Effect<ReadonlyArray<number>, unknown, Device> =>
  Effect.gen(function* () {
    return [...(yield* (yield* Device).read(tensor)).data]
  })

describe("products of a loop with weights that do not change", () => {
  for (const dtype of ["f32", "f64"] as const)
    for (const width of [16, 32, 40, 48])
      for (const [name, of] of [
        ["as they are", (x: Tensor.Tensor) => x],
        ["transposed", (x: Tensor.Tensor) => Tensor.transpose(x)],
        ["turned around", (x: Tensor.Tensor) => Tensor.reverse(x, 1)]
      ] as const)
        it(`agree with the reference: ${width} columns of ${dtype}, ${name}`, async () => {
          const program = run(loop(sines(width, width, dtype), of, dtype))
          const expected = await Effect.runPromise(Effect.provide(program, Reference.layer))
          const received = await Effect.runPromise(Effect.provide(program, Wasm.layer))
          received.forEach((value, i) => expect(value).toBeCloseTo(expected[i], dtype === "f32" ? 5 : 13))
        })
})
