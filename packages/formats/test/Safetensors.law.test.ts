import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { Safetensors as Content } from "../src/Safetensors.ts"
import * as Safetensors from "../src/Safetensors.ts"
import { altered, answer, arrays, bits } from "./arrays.ts"

const source = { path: "x.safetensors" }

const text = fc.string({ unit: "grapheme", maxLength: 6 })

const contents: fc.Arbitrary<Content> = fc.record({
  tensors: fc
    .array(
      fc.tuple(
        text.filter((name) => name !== "__metadata__"),
        arrays()
      ),
      { maxLength: 4 }
    )
    .map((entries) => new Map(entries)),
  metadata: fc.array(fc.tuple(text, text), { maxLength: 3 }).map((entries) => new Map(entries))
})

const bitsOf = ({ tensors, metadata }: Content): unknown => ({
  tensors: new Map([...tensors].map(([name, array]) => [name, bits(array)])),
  metadata
})

const small = Safetensors.encode({
  tensors: new Map([
    ["w", { shape: [2, 2], dtype: "f32", data: new Float32Array([1, -0, Number.NaN, 3]) }],
    ["b", { shape: [3], dtype: "bool", data: new Uint8Array([1, 0, 1]) }]
  ]),
  metadata: new Map([["by", "hand"]])
})

const run = (bytes: Uint8Array) => Effect.runSyncExit(Safetensors.decode(bytes, source))

describe("Safetensors", () => {
  it("decode gives back what was encoded, bit for bit", () =>
    fc.assert(
      fc.property(contents, (content) => {
        const decoded = Effect.runSync(Safetensors.decode(Safetensors.encode(content), source))
        assert.deepStrictEqual(bitsOf(decoded), bitsOf(content))
      })
    ))

  it("decode keeps the payload of a NaN in f32", () => {
    const data = new Float32Array(new Uint32Array([0x7fc12345, 0xff812345]).buffer)
    const content = { tensors: new Map([["x", { shape: [2], dtype: "f32", data } as const]]), metadata: new Map() }
    const decoded = Effect.runSync(Safetensors.decode(Safetensors.encode(content), source))
    assert.deepStrictEqual(new Uint32Array(decoded.tensors.get("x")!.data.buffer), new Uint32Array(data.buffer))
  })

  it("encode is deterministic", () =>
    fc.assert(
      fc.property(contents, (content) =>
        assert.deepStrictEqual(Safetensors.encode(content), Safetensors.encode(content))
      )
    ))

  it("every truncation is refused", () => {
    for (let length = 0; length < small.length; length++)
      assert.strictEqual(answer(run(small.subarray(0, length))), "refused", `${length}`)
  })

  it("every change of one byte gives a file or a typed failure", () =>
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.nat(255), (at, value) => {
        assert.oneOf(answer(run(altered(small, at, value))), ["accepted", "refused"])
      }),
      { numRuns: 2000 }
    ))

  it("any bytes give a file or a typed failure", () =>
    fc.assert(
      fc.property(fc.json(), fc.uint8Array({ maxLength: 16 }), (json, tail) => {
        const header = new TextEncoder().encode(json)
        const bytes = new Uint8Array([header.length & 255, header.length >> 8, 0, 0, 0, 0, 0, 0, ...header, ...tail])
        assert.oneOf(answer(run(bytes)), ["accepted", "refused"])
      }),
      { numRuns: 300 }
    ))
})
