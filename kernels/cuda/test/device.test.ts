import { Device } from "@cotangent/runtime/Device"
import { make } from "@cotangent/tensor/HostArray"
import * as Tensor from "@cotangent/tensor/Tensor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inEveryOrder, layerOn } from "./device.ts"
import { at, floats, launch, output, planOf, pointer, runOnce, upload } from "./plans.ts"
import { emulator } from "./support.ts"

const standIn = emulator()

describe.skipIf(standIn.obstacle !== undefined)("the device cuda on the stand-in", () => {
  it.effect("has done everything when it is synchronized, and not before", () =>
    Effect.gen(function* () {
      const device = yield* Device
      const x = yield* device.put(make([1000], "f32", new Float32Array(1000).fill(2)))
      const run = yield* device.compile((given: typeof x) => Tensor.exp(given))
      yield* run(x)
      yield* device.synchronize
      const before = standIn.statistics().launches
      yield* run(x)
      assert.strictEqual(standIn.statistics().launches, before)
      yield* device.synchronize
      assert.strictEqual(standIn.statistics().launches, before + 1)
    }).pipe(Effect.scoped, Effect.provide(layerOn(standIn, { LAZY: 1 })))
  )

  it.effect("adds up long columns in parts, in the same order every time", () =>
    Effect.gen(function* () {
      const device = yield* Device
      const [rows, columns] = [3000, 400]
      const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(1.3 * i) + (i % columns) / 100)
      const x = yield* device.put(make([rows, columns], "f32", values))
      const run = yield* device.compile((given: typeof x) => [
        Tensor.sum(given, 0),
        Tensor.sum(Tensor.mul(given, given), 0)
      ])
      const [first, again] = [yield* run(x), yield* run(x)]
      for (const [i, power] of [1, 2].entries()) {
        const [{ data }, { data: same }] = [yield* device.read(first[i]), yield* device.read(again[i])]
        assert.deepStrictEqual(data, same)
        for (let column = 0; column < columns; column++) {
          let sum = 0
          for (let row = 0; row < rows; row++) sum += values[row * columns + column] ** power
          assert.isBelow(Math.abs(data[column] - sum), 1e-2 + 1e-5 * Math.abs(sum))
        }
      }
      const [plan] = (yield* device.programs).slice(-1)
      // Both sums are taken by the same blocks, of which there are many, and then put together.
      assert.match(plan.explain(), /launch k\d+_parts (\d{3,})×1×1/)
    }).pipe(Effect.scoped, Effect.provide(layerOn(standIn)))
  )

  it.effect("that runs in every order finds kernels in which one decides", () =>
    Effect.gen(function* () {
      const driver = inEveryOrder(yield* standIn.open(), standIn)
      const run = (index: string) =>
        Effect.gen(function* () {
          const source = `extern "C" __global__ void f(float* y) { y[${index}] = (float)threadIdx.x; }`
          const y = yield* upload(driver, new Float32Array(32))
          yield* runOnce(driver, planOf(source, [launch("f", [1, 32], [pointer(at(output(0)))])]), [], [y])
          return [...(yield* floats(driver, y))]
        })
      assert.deepStrictEqual(yield* run("threadIdx.x"), [...Array(32).keys()])
      const exit = yield* Effect.exit(run("threadIdx.x / 2"))
      assert.include(String(exit), "threads in another order compute something else")
    }).pipe(Effect.scoped)
  )
})
