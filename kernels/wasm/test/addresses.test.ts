import { freemem } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Device } from "@cotangent/runtime/Device"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Features from "@cotangent/wasm/Features"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import type { FunctionBuilder } from "../src/FunctionBuilder.ts"
import { memoryOf } from "../src/Heap.ts"
import * as Module from "../src/Module.ts"

const GiB = 2 ** 30

const { memory64 } = Features.detect()

/** Why the last test cannot run here; undefined if it can. */
const reason = !memory64
  ? "the engine has no 64-bit addresses"
  : freemem() < 7 * GiB
    ? `it takes 5 GiB, and of the machine's memory ${(freemem() / GiB).toFixed(1)} are free`
    : undefined

describe("indices", () => {
  const evaluate = (is64: boolean, emit: (code: FunctionBuilder) => void): unknown => {
    const module = Module.make({ minimum: 1, is64 })
    emit(module.function({ name: "main", parameters: [], results: ["i32"], isExported: true }))
    const memory = memoryOf({ minimum: 1, is64 })
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } })
    const { main } = instance.exports
    return typeof main === "function" ? main() : undefined
  }

  for (const is64 of memory64 ? [false, true] : [false]) {
    const bits = is64 ? 64 : 32
    it(`of ${bits} bits count, compare and become numbers again`, () => {
      const rounds = evaluate(is64, (code) => {
        const [local, count] = [code.local("index"), code.local("index")]
        code.forLoop({ local, from: 3, to: 40, step: 5 }, () => code.advance(count, -2))
        code.get(count).whole(-10).op("index.sub").toI32()
      })
      assert.strictEqual(rounds, -6)
      const isSet = (value: number): unknown => evaluate(is64, (code) => code.whole(value).isSet())
      assert.deepStrictEqual([Boolean(isSet(0)), Boolean(isSet(7))], [false, true])
      const wrapped = evaluate(is64, (code) => code.i32(-1).toIndex().whole(2).op("index.mul").toI32())
      assert.strictEqual(wrapped, -2)
    })

    it(`of ${bits} bits address memory`, () => {
      const loaded = evaluate(is64, (code) => {
        code.whole(64).whole(4096).op("index.store", 8)
        code.whole(60).op("index.load", 12).toI32()
      })
      assert.strictEqual(loaded, 4096)
    })
  }

  it.skipIf(!memory64)("of 64 bits go beyond 4 GiB, where the engine has them", () => {
    const high = evaluate(true, (code) =>
      code
        .whole(5 * GiB + 3)
        .op("i64.popcnt")
        .toI32()
    )
    assert.strictEqual(high, 4)
  })
})

describe("a device beyond 4 GiB", () => {
  it("refuses to do without 64-bit addresses", () => {
    assert.throws(() => Wasm.layerWith({ memoryBytes: 5 * GiB, addressBits: 32 }), /at most 4 GiB/)
  })

  it.effect.skipIf(!memory64)("is to be had, where the engine has 64-bit addresses, with narrow tiles", () =>
    Effect.gen(function* () {
      const { description } = yield* Device
      assert.deepInclude(description.features, { addresses: "64 bit", simd: "128 bit" })
      assert.strictEqual(description.memoryBytes, 5 * GiB)
    }).pipe(Effect.provide(Wasm.layerWith({ memoryBytes: 5 * GiB, isWide: true })))
  )

  it.effect("is not to be had where the engine does not give as much", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(Effect.provide(Device, Wasm.layerWith({ memoryBytes: 2 ** 60 })))
      assert.strictEqual(failure._tag, "DeviceUnavailable")
    })
  )

  it.effect.skipIf(reason !== undefined)(
    `computes at the far end${reason === undefined ? "" : ` (skipped: ${reason})`}`,
    () =>
      Effect.gen(function* () {
        const device = yield* Device
        // Beyond 4 GiB by some pages, in f64.
        const n = (4 * GiB) / 8 + 2 ** 16
        const [base] = yield* device.realize([Tensor.full([n], 0.5, "f64")])
        // What comes after it lies beyond 4 GiB altogether.
        const x = yield* device.realize(Tensor.reshape(Tensor.arange(4096, { dtype: "f64" }), [64, 64]))
        const tail = Tensor.reshape(Tensor.slice(base, { start: [n - 4096] }), [64, 64])
        const product = yield* device.read(Tensor.matmul(tail, x))
        const columns = Array.from({ length: 64 }, (_, j) => 0.5 * (64 * j + (64 * 64 * 63) / 2))
        assert.deepStrictEqual([...product.data], Array.from({ length: 64 }, () => columns).flat())
        const picked = yield* device.read(Tensor.take(base, Tensor.of([n - 1, 0, n - 2], "i32"), 0))
        assert.deepStrictEqual([...picked.data], [0.5, 0.5, 0.5])
        assert.strictEqual(yield* device.readNumber(Tensor.sum(tail)), 2048)
        assert.isAbove(yield* device.peakBytes, 4 * GiB)
      }).pipe(Effect.scoped, Effect.provide(Wasm.layerWith({ memoryBytes: 5 * GiB, threads: 2 }))),
    180_000
  )
})
