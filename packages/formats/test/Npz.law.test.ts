import { assert, describe, it } from "@effect/vitest"
import { all } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Npz from "../src/Npz.ts"
import { altered, answer, arrays, bits } from "./arrays.ts"

const source = { path: "x.npz" }

const npz = fc.uniqueArray(
  fc.tuple(fc.stringMatching(/^[a-zäα][a-z0-9_]{0,4}$/), arrays(all.filter((dtype) => dtype !== "bf16"))),
  { maxLength: 3, selector: ([name]) => name }
)

const small = await Effect.runPromise(
  Npz.encode(
    new Map<string, HostArray>([
      ["x", make([2], "f32", [1, 2])],
      ["y", make([], "bool", [1])]
    ])
  )
)

const run = (bytes: Uint8Array) => Effect.runPromiseExit(Npz.decode(bytes, source))

describe("Npz", () => {
  it("decode gives back what was encoded, bit for bit", () =>
    fc.assert(
      fc.asyncProperty(npz, async (entries) => {
        const decoded = await Effect.runPromise(
          Effect.flatMap(Npz.encode(new Map(entries)), (bytes) => Npz.decode(bytes, source))
        )
        assert.deepStrictEqual(
          [...decoded].map(([name, array]) => [name, bits(array)]),
          entries.map(([name, array]) => [name, bits(array)])
        )
      })
    ))

  it("every truncation is refused", async () => {
    for (let length = 0; length < small.length; length++) {
      assert.strictEqual(answer(await run(small.subarray(0, length))), "refused", `${length}`)
    }
  })

  it("every change of one byte gives arrays or a typed failure", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(small.length - 1), fc.nat(255), async (at, value) => {
        assert.oneOf(answer(await run(altered(small, at, value))), ["accepted", "refused"])
      }),
      { numRuns: 2000 }
    ))
})
