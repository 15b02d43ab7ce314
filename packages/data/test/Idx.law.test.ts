import { assert, describe, it } from "@effect/vitest"
import { FormatError } from "@cotangent/formats/FormatError"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { encode, make } from "@cotangent/tensor/HostArray"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "fast-check"
import * as Idx from "../src/Idx.ts"

const source = { path: "x" }

const arrays: fc.Arbitrary<HostArray> = fc
  .tuple(
    fc.constantFrom("u8", "i32", "f32", "f64"),
    fc.array(fc.nat(4), { maxLength: 4 }),
    fc.infiniteStream(fc.double())
  )
  .map(([dtype, shape, values]) => {
    const size = shape.reduce((total, extent) => total * extent, 1)
    return make(shape, dtype, Array.from(values.take(size)))
  })

const bits = (array: HostArray): unknown => ({ ...array, data: encode(array) })

/** That the reader accepts `bytes`, that it refuses them by a `FormatError`, or what else went wrong. */
const answer = (bytes: Uint8Array): unknown => {
  const exit = Effect.runSyncExit(Idx.decode(bytes, source))
  if (Exit.isSuccess(exit)) return "accepted"
  const failure = Cause.squash(exit.cause)
  return failure instanceof FormatError ? "refused" : failure
}

const small = Idx.encode(make([2, 3], "i32", [1, 2, 3, 4, 5, 6]))

describe("Idx", () => {
  it("decode gives back what was encoded, bit for bit", () =>
    fc.assert(
      fc.property(arrays, (array) => {
        assert.deepStrictEqual(bits(Effect.runSync(Idx.decode(Idx.encode(array), source))), bits(array))
      })
    ))

  it("every truncation is refused", () => {
    for (let length = 0; length < small.length; length++)
      assert.strictEqual(answer(small.subarray(0, length)), "refused", `${length}`)
  })

  it("every change of one byte gives an array or a typed failure", () => {
    for (let at = 0; at < small.length; at++) {
      for (let value = 0; value < 256; value++) {
        const altered = small.slice()
        altered[at] = value
        assert.oneOf(answer(altered), ["accepted", "refused"])
      }
    }
  })

  it("any bytes give an array or a typed failure", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (tail) => {
        assert.oneOf(answer(new Uint8Array([0, 0, ...tail])), ["accepted", "refused"])
      })
    ))
})
