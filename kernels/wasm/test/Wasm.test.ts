import { availableParallelism } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Device } from "@cotangent/runtime/Device"
import type { DType } from "@cotangent/tensor/DType"
import * as HostArray from "@cotangent/tensor/HostArray"
import type { Tensor } from "@cotangent/tensor/Primitive"
import { dotGeneral } from "@cotangent/tensor/primitive/bilinear"
import { exp } from "@cotangent/tensor/primitive/elementwise"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add, cast, sub, sum } from "@cotangent/tensor/primitive/linear"
import { argSort } from "@cotangent/tensor/primitive/routine"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const vector = (values: ReadonlyArray<number>, dtype: DType = "f32"): Tensor =>
  constant(HostArray.make([values.length], dtype, values))

const withDevice = <A, E>(f: (device: Device["Service"]) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.gen(function* () {
    const device = yield* Device
    const value = yield* Effect.scoped(f(device))
    assert.strictEqual(yield* device.liveBuffers, 0)
    return value
  })

describe("Wasm", () => {
  it.effect("reads back what it computed", () =>
    withDevice((device) =>
      Effect.gen(function* () {
        const { data } = yield* device.read(add(vector([1, 2, 3]), vector([10, 20, 30])))
        assert.deepStrictEqual([...data], [11, 22, 33])
      })
    ).pipe(Effect.provide(Wasm.layer))
  )

  it.effect("keeps realized tensors until their scope closes, then counts none", () =>
    withDevice((device) =>
      Effect.gen(function* () {
        const [x] = yield* device.realize([exp(vector([0, 0]))])
        assert.strictEqual(yield* device.liveBuffers, 1)
        assert.deepStrictEqual([...(yield* device.read(add(x, x))).data], [2, 2])
      })
    ).pipe(Effect.provide(Wasm.layer))
  )

  it.effect("runs a compiled function with donated state", () =>
    withDevice((device) =>
      Effect.gen(function* () {
        const step = yield* device.compile(
          (state: Tensor) => add(state, full({ shape: [3], dtype: "f32", value: 1 })),
          {
            donate: [0]
          }
        )
        let state: Tensor = (yield* device.realize([vector([1, 2, 3])]))[0]
        for (let i = 0; i < 10; i++) state = yield* step(state)
        assert.deepStrictEqual([...(yield* device.read(state)).data], [11, 12, 13])
        assert.isAtMost(yield* device.liveBuffers, 2)
      })
    ).pipe(Effect.provide(Wasm.layer))
  )

  it.effect("fails with OutOfMemory beyond its limit, and goes on", () =>
    withDevice((device) =>
      Effect.gen(function* () {
        const large = full({ shape: [2 ** 24], dtype: "f32", value: 1 })
        const failure = yield* Effect.flip(device.realize([add(large, large), large]))
        assert.strictEqual(failure._tag, "OutOfMemory")
        assert.deepStrictEqual([...(yield* device.read(vector([1]))).data], [1])
      })
    ).pipe(Effect.provide(Wasm.layerWith({ memoryBytes: 2 ** 23 })))
  )

  it.effect("memory that was given back is used again", () =>
    withDevice((device) =>
      Effect.gen(function* () {
        for (let i = 0; i < 64; i++) {
          yield* Effect.scoped(device.realize([full({ shape: [2 ** 20], dtype: "f32", value: i })]))
        }
      })
    ).pipe(Effect.provide(Wasm.layerWith({ memoryBytes: 2 ** 24 })))
  )

  it.effect("sums and sorts long rows", () =>
    withDevice((device) =>
      Effect.gen(function* () {
        const n = 100_003
        const values = Array.from({ length: n }, (_, i) => (i * 7919) % n)
        const order = yield* device.read(argSort(vector(values, "i32"), { descending: false }))
        assert.isTrue(order.data.every((at, rank) => values[at] === rank))
        const total = yield* device.readNumber(sum(cast(vector(values, "i32"), { dtype: "f64" }), { axes: [0] }))
        assert.strictEqual(total, (n * (n - 1)) / 2)
      })
    ).pipe(Effect.provide(Wasm.layer))
  )

  it.effect("gives the same bits at every run", () =>
    withDevice((device) =>
      Effect.gen(function* () {
        const x = constant(
          HostArray.make(
            [67, 129],
            "f32",
            Float32Array.from({ length: 67 * 129 }, (_, i) => Math.sin(i))
          )
        )
        const product = dotGeneral(x, x, { contract: [[1], [1]], batch: [[], []] })
        const first = yield* device.read(sub(exp(product), product))
        const second = yield* device.read(sub(exp(product), product))
        assert.deepStrictEqual(first.data, second.data)
      })
    ).pipe(Effect.provide(Wasm.layer))
  )

  it.effect("takes as many threads as serve best where it may choose", () =>
    Effect.gen(function* () {
      const { description } = yield* Device
      assert.strictEqual(description.threads, Math.min(8, availableParallelism()))
    }).pipe(Effect.provide(Wasm.layerWith({ threads: "auto" })))
  )

  it.each([0, -1, 1.5, 257, NaN])("refuses %s threads", (threads) => {
    assert.throws(() => Wasm.layerWith({ threads }), `received ${threads}`)
  })
})
