import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Safetensors as Content } from "../src/Safetensors.ts"
import * as Safetensors from "../src/Safetensors.ts"
import { reasonOf } from "./arrays.ts"

const source = { path: "model.safetensors" }

/** A file of the given header text (and claimed length) with `data` bytes behind it. */
const file = (header: string | Uint8Array, data = 0, claimed?: bigint): Uint8Array => {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header
  const bytes = new Uint8Array(8 + text.length + data)
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}

const entry = (begin: number, end: number, shape: ReadonlyArray<number> = [(end - begin) / 4], dtype = "F32"): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] })

const refusal = (bytes: Uint8Array): string =>
  reasonOf(Safetensors.decode(bytes, source)).replace("model.safetensors is not a valid safetensors file: ", "")

const decode = (bytes: Uint8Array): Content => Effect.runSync(Safetensors.decode(bytes, source))

describe("Safetensors.decode", () => {
  it("reads tensors and metadata", () => {
    const bytes = file(`{"__metadata__":{"by":"hand"},"w":${entry(0, 8)},"b":${entry(8, 9, [], "U8")}}  `, 9)
    bytes.set([0, 0, 128, 63, 0, 0, 0, 64, 7], bytes.length - 9)
    const { metadata, tensors } = decode(bytes)
    assert.deepStrictEqual([...metadata], [["by", "hand"]])
    assert.deepStrictEqual(
      [...tensors],
      [
        ["w", { shape: [2], dtype: "f32", data: new Float32Array([1, 2]) }],
        ["b", { shape: [], dtype: "u8", data: new Uint8Array([7]) }]
      ]
    )
  })

  it("reads a file without tensors", () => assert.strictEqual(decode(file("{}")).tensors.size, 0))

  it("keeps names that objects treat specially", () => {
    const bytes = file(`{"__metadata__":{"__proto__":"x"},"__proto__":${entry(0, 4)},"1":${entry(4, 8)}}`, 8)
    const { metadata, tensors } = decode(bytes)
    assert.deepStrictEqual([...tensors.keys()], ["__proto__", "1"])
    assert.strictEqual(metadata.get("__proto__"), "x")
  })

  it("names the file and the reason", () => {
    assert.strictEqual(
      reasonOf(Safetensors.decode(new Uint8Array(3), source)),
      "model.safetensors is not a valid safetensors file: it has 3 bytes, and the length of its header takes 8"
    )
  })

  it.each([
    ["a header of 2^60 bytes", file("{}", 0, 2n ** 60n), "its header claims 1152921504606846976 bytes"],
    ["a header beyond the end", file("{}", 4, 99n), "its header claims 99 bytes, but only 6 follow"],
    ["a header that is not UTF-8", file(new Uint8Array([0x7b, 0xff, 0x7d])), "its header is not UTF-8"],
    ["a byte order mark", file("\ufeff{}"), "its header is not a JSON object"],
    ["broken JSON", file(`{"w":`), "its header is not a JSON object"],
    ["an array for a header", file("[]"), "its header is not a JSON object"],
    [
      "a tensor named twice",
      file(`{"w":${entry(0, 4)},"\\u0077":${entry(4, 8)}}`, 8),
      'its header has the key "w" twice'
    ],
    [
      "a field given twice",
      file(`{"w":{"dtype":"U8","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
      'the key "dtype" twice'
    ],
    [
      "an unknown field",
      file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 4),
      'in the tensor "w", it must have'
    ],
    ["a missing field", file(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, 4), 'in the tensor "w", it must have'],
    ["metadata of numbers", file(`{"__metadata__":{"step":1}}`), "its __metadata__ is not a record of strings"],
    [
      "64-bit integers",
      file(`{"w":${entry(0, 8, [1], "I64")}}`, 8),
      'in the tensor "w", its dtype "I64" is not one of F32'
    ],
    ["an unknown dtype", file(`{"w":${entry(0, 8, [1], "toString")}}`, 8), 'its dtype "toString"'],
    ["a negative extent", file(`{"w":${entry(0, 4, [-1])}}`, 4), 'in the tensor "w", it must have'],
    ["an extent that is no whole number", file(`{"w":${entry(0, 4, [1.5])}}`, 4), 'in the tensor "w", it must have'],
    ["a shape beyond counting", file(`{"w":${entry(0, 4, [2 ** 40, 2 ** 40])}}`, 4), "has too many elements"],
    ["an empty shape beyond counting", file(`{"w":${entry(0, 0, [0, 2 ** 40, 2 ** 40])}}`), "has too many elements"],
    [
      "a shape larger than its bytes",
      file(`{"w":${entry(0, 4, [2 ** 31])}}`, 4),
      "takes 8589934592 bytes, its offsets are 0 to 4"
    ],
    ["offsets the wrong way around", file(`{"w":${entry(4, 0, [0])}}`, 4), "takes 0 bytes, its offsets are 4 to 0"],
    ["offsets behind the end", file(`{"w":${entry(0, 8)}}`, 4), 'the tensor "w" ends at byte 8 of 4'],
    [
      "overlapping tensors",
      file(`{"a":${entry(0, 8)},"b":${entry(4, 8)}}`, 8),
      'the tensor "b" starts at byte 4, inside the one before it'
    ],
    [
      "the same bytes twice",
      file(`{"a":${entry(0, 4)},"b":${entry(0, 4)}}`, 4),
      'the tensor "b" starts at byte 0, inside the one before it'
    ],
    [
      "a hole",
      file(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12),
      'no tensor owns the bytes from 4 to 8, before the tensor "b"'
    ],
    ["a hole at the start", file(`{"a":${entry(4, 8)}}`, 8), "no tensor owns the bytes from 0 to 4"],
    ["trailing bytes", file(`{"a":${entry(0, 4)}}`, 5), "1 bytes follow the last tensor"],
    ["a bool of 2", file(`{"a":${entry(0, 1, [1], "BOOL")}}`, 1).fill(2, -1), "element 0 is 2, but a bool is 0 or 1"]
  ])("refuses %s", (_, bytes, reason) => assert.include(refusal(bytes), reason))

  it("accepts a key that two different objects have", () => {
    const bytes = file(`{"__metadata__":{"dtype":"a","w":"{\\"w\\":[1,2]}"},"w":${entry(0, 4)},"v":${entry(4, 8)}}`, 8)
    assert.strictEqual(decode(bytes).tensors.size, 2)
  })

  it("survives brackets nested a hundred thousand deep", () => {
    assert.include(refusal(file(`{"w":${"[".repeat(1e5)}${"]".repeat(1e5)}}`)), 'in the tensor "w"')
  })
})

describe("Safetensors.encode", () => {
  const x = { shape: [1], dtype: "u8", data: new Uint8Array([1]) } as const

  it("aligns every tensor", () => {
    const y = { shape: [1], dtype: "f64", data: new Float64Array([1]) } as const
    const bytes = Safetensors.encode({
      tensors: new Map<string, typeof x | typeof y>([
        ["x", x],
        ["y", y]
      ]),
      metadata: new Map()
    })
    const text = new TextDecoder().decode(bytes)
    assert.include(text, `"y":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}`)
    assert.strictEqual((bytes.length - 9) % 8, 0)
  })

  it("throws for names that no file can have", () => {
    for (const name of ["__metadata__", "\ud800"]) {
      assert.throws(
        () => Safetensors.encode({ tensors: new Map([[name, x]]), metadata: new Map() }),
        /Safetensors.encode/
      )
    }
    assert.throws(() => Safetensors.encode({ tensors: new Map(), metadata: new Map([["a", "\ud800"]]) }), /well-formed/)
  })
})
