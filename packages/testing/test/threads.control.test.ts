import { cond, whileLoop } from "@cotangent/autodiff/Control"
import { grad } from "@cotangent/autodiff/Gradient"
import { scan } from "@cotangent/autodiff/Scan"
import { Device } from "@cotangent/runtime/Device"
import * as HostArray from "@cotangent/tensor/HostArray"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"

type Matrix = Tensor.Tensor<readonly [96, 96], "f32">

const matrix = (seed: number): Matrix =>
  // The shape is that of the type.
  constant(
    HostArray.make(
      [96, 96],
      "f32",
      Float32Array.from({ length: 96 * 96 }, (_, i) => Math.sin(i + seed))
    )
  ) as Matrix

const isBelow = (x: Matrix, bound: number) => Tensor.less(Tensor.sum(Tensor.mul(x, x)), bound)

/** Steps large enough to be shared, beside some that are not. */
const program = (x: Matrix): ReadonlyArray<Tensor.Tensor> => {
  const step = (y: Matrix): Matrix => Tensor.tanh(Tensor.matmul(y, Tensor.mul(y, 0.2)))
  const choice = (y: Matrix, bound: number): Matrix => cond(isBelow(y, bound), step, (z) => Tensor.sin(z), y)
  const grown = whileLoop(
    (y: Matrix) => isBelow(y, 1e7),
    (y) => Tensor.add(Tensor.mul(y, 1.5), step(y)),
    x
  )
  // Only the condition is large: the state is a scalar.
  const count = whileLoop(
    (n: Tensor.Tensor<readonly [], "f32">) => isBelow(Tensor.mul(x, n) as Matrix, 1e6),
    (n) => Tensor.add(n, 1),
    Tensor.ones([])
  )
  const [last] = scan((y: Matrix) => [choice(choice(y, 1e3), 1e9), undefined] as const, x, undefined, { length: 4 })
  const recurrent = (w: Matrix) => {
    const run = (y: Matrix, z: Matrix) => {
      const next = Tensor.tanh(Tensor.add(Tensor.matmul(y, w), Tensor.matmul(z, w)))
      return [next, Tensor.matmul(next, w)] as const
    }
    const [end, items] = scan(run, x, Tensor.stack([x, w, x], 0) as Tensor.Tensor<readonly [3, 96, 96], "f32">)
    return Tensor.add(Tensor.sum(end), Tensor.sum(items))
  }
  return [choice(x, 1e9), choice(x, 0), grown, count, last, grad(recurrent)(Tensor.mul(x, 0.1))]
}

it("control gives the same on threads as on one", async () => {
  const run = (threads: number) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const device = yield* Device
          const values = yield* Effect.forEach(yield* device.realize(program(matrix(1))), device.read)
          return values.map(({ data }) => [...data])
        })
      ).pipe(Effect.provide(Wasm.layerWith({ threads })))
    )
  const alone = await run(1)
  for (const threads of [2, 3]) expect(await run(threads)).toEqual(alone)
})
