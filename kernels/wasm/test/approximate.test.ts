import { assert, describe, it } from "@effect/vitest"
import { Device } from "@cotangent/runtime/Device"
import * as HostArray from "@cotangent/tensor/HostArray"
import * as Elementwise from "@cotangent/tensor/primitive/elementwise"
import { constant } from "@cotangent/tensor/primitive/leaf"
import type { Tensor } from "@cotangent/tensor/Primitive"
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
  ["erf", bits, 1.5],
  ["erf", between(-5, 5), 1.5],
  ["erfc", bits, 2.5],
  ["erfc", between(-5, 2), 2.5],
  ["erfc", between(2, 11), 2.5],
  ["erfInv", between(-1, 1), 4],
  ["lgamma", bits.map(Math.abs), 2.5],
  ["lgamma", between(0, 4), 2.5],
  ["lgamma", between(4, 200), 2.5],
  ["digamma", bits.map(Math.abs), 2.5],
  ["digamma", between(0, 4), 2.5],
  ["digamma", between(4, 200), 2.5]
] as const

/** Left of 0 lgamma and digamma have zeros of their own, near which their parts cancel. */
const leftClaims = [
  ["lgamma", between(-3, 0), 2.5],
  ["lgamma", between(-40, -3), 2.5],
  ["lgamma", between(-1000, -40), 2.5],
  ["digamma", between(-3, 0), 4],
  ["digamma", between(-40, -3), 4],
  ["digamma", between(-1000, -40), 4]
] as const

const digamma = (x: Tensor): Tensor => Elementwise.polygamma(x, { order: 0 })
const functions = { ...Elementwise, digamma }

/** What the device makes of `x` in f32, and what it is. */
const compare = Effect.fnUntraced(function* (f: (x: Tensor) => Tensor, x: Float32Array) {
  const device = yield* Device
  const { data: received } = yield* device.read(f(constant(HostArray.view([x.length], "f32", x))))
  const [{ data: expected }] = Reference.evaluate([f(constant(HostArray.make([x.length], "f64", x)))])
  return { received, expected }
})

describe("functions of f32", () => {
  it.effect.each(claims)("%s stays within its bound of f64", ([name, x, bound]) =>
    Effect.gen(function* () {
      const { expected, received } = yield* compare(functions[name], x)
      expected.forEach((value, i) => {
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

  it.effect.each(leftClaims)("%s stays within its bound left of 0, scaled by the greatest part", ([name, x, bound]) =>
    Effect.gen(function* () {
      const { expected, received } = yield* compare(functions[name], x)
      const { expected: reflected } = yield* compare(
        functions[name],
        x.map((each) => 1 - each)
      )
      expected.forEach((value, i) => {
        if (Object.is(Math.fround(value), received[i])) return
        const error = Math.abs(received[i] - value) / unit(Math.max(1, Math.abs(value), Math.abs(reflected[i])))
        assert.isTrue(error <= bound, `${name}(${x[i]}): expected ${value}, received ${received[i]}, ${error} units`)
      })
    }).pipe(Effect.provide(Wasm.layer))
  )
})
