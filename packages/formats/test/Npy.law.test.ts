import { assert, describe, it } from "@effect/vitest"
import { all } from "@cotangent/tensor/DType"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Npy from "../src/Npy.ts"
import { altered, answer, arrays, bits } from "./arrays.ts"

const source = { path: "x.npy" }
const small = Npy.encode(make([2, 3], "f32", [1, 2, 3, 4, 5, 6]))
const run = (bytes: Uint8Array) => Effect.runSyncExit(Npy.decode(bytes, source))

describe("Npy", () => {
  it("decode gives back what was encoded, bit for bit", () =>
    fc.assert(
      fc.property(arrays(all.filter((dtype) => dtype !== "bf16")), (array) => {
        const decoded = Effect.runSync(Npy.decode(Npy.encode(array), source))
        assert.deepStrictEqual(bits(decoded), bits(array))
      })
    ))

  it("every truncation is refused", () => {
    for (let length = 0; length < small.length; length++)
      assert.strictEqual(answer(run(small.subarray(0, length))), "refused", `${length}`)
  })

  it("every change of one byte gives an array or a typed failure", () =>
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.nat(255), (at, value) => {
        assert.oneOf(answer(run(altered(small, at, value))), ["accepted", "refused"])
      }),
      { numRuns: 2000 }
    ))
})
