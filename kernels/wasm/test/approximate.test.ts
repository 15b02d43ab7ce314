import { assert, describe, it } from "@effect/vitest"
import { Device } from "@cotangent/runtime/Device"
import * as HostArray from "@cotangent/tensor/HostArray"
import * as Elementwise from "@cotangent/tensor/primitive/elementwise"
import { constant } from "@cotangent/tensor/primitive/leaf"
import * as Reference from "@cotangent/tensor/Reference"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"

/** The distance between neighboring f32 values around `x`. */
const unit = (x: number): number => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 23)

const bits = Float32Array.from({ length: 1 << 14 })
new Uint32Array(bits.buffer).forEach((_, i, all) => (all[i] = Math.imul(i, 0x00040001)))
const between = (low: number, high: number): Float32Array =>
  Float32Array.from({ length: 1 << 13 }, (_, i) => low + ((high - low) * i) / ((1 << 13) - 1))

/** Where each function is compared, and how many units in the last place it may be off. */
const claims = [
  ["exp", between(-110, 95), 1],
  ["exp", bits, 1],
  ["expm1", between(-40, 95), 1.5],
  ["expm1", bits, 1.5],
  ["log", between(0, 4), 1],
  ["log", bits, 1],
  ["log1p", between(-1, 4), 1.5],
  ["log1p", bits, 1.5],
  ["tanh", between(-12, 12), 2.5],
  ["tanh", bits, 2.5],
  ["logistic", between(-80, 80), 2.5],
  ["sqrt", bits, 0.5],
  ["sin", bits, 0.5001],
  ["cos", bits, 0.5001],
  ["erf", bits, 6],
  ["erfc", between(-5, 9), 7]
] as const

describe("functions of f32", () => {
  it.effect.each(claims)("%s stays within its bound of f64", ([name, x, bound]) =>
    Effect.gen(function* () {
      const device = yield* Device
      const f = Elementwise[name]
      const { data: received } = yield* device.read(f(constant(HostArray.view([x.length], "f32", x))))
      const [expected] = Reference.evaluate([f(constant(HostArray.make([x.length], "f64", x)))])
      expected.data.forEach((value, i) => {
        const nearest = Math.fround(value)
        if (Object.is(nearest, received[i])) return
        // At the border of the range, an ulp decides between the greatest number and infinity.
        const isBorder = Math.abs(value) > 3.402e38 && Math.abs(received[i]) > 3.402e38
        const error = Math.abs(received[i] - value) / unit(value)
        assert.isTrue(
          isBorder || error <= bound,
          `${name}(${x[i]}): expected ${value}, received ${received[i]}, ${error} ulp`
        )
      })
    }).pipe(Effect.provide(Wasm.layer))
  )
})
