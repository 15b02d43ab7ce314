import { assert, describe, it } from "@effect/vitest"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as Npy from "../src/Npy.ts"
import { reasonOf } from "./arrays.ts"

const source = { path: "x.npy" }

/** A file of version `major` with `header` and the bytes `data`. */
const file = (header: string, data: ReadonlyArray<number> = [], major = 1): Uint8Array => {
  const text = new TextEncoder().encode(`${header}\n`)
  const length = [text.length & 255, text.length >> 8, ...(major === 1 ? [] : [0, 0])]
  return new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, 0, ...length, ...text, ...data])
}

const header = (descr: string, shape: string, isFortran = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${isFortran}, 'shape': ${shape}, }`

const decode = (bytes: Uint8Array): HostArray => Effect.runSync(Npy.decode(bytes, source))
const refusal = (bytes: Uint8Array): string => reasonOf(Npy.decode(bytes, source))

describe("Npy.decode", () => {
  it("reads versions 1.0, 2.0 and 3.0", () => {
    for (const major of [1, 2, 3]) {
      const bytes = file(header("|u1", "(2, 1)"), [5, 6], major)
      assert.deepStrictEqual(decode(bytes), { shape: [2, 1], dtype: "u8", data: new Uint8Array([5, 6]) })
    }
  })

  it("reads either byte order", () => {
    assert.deepStrictEqual(decode(file(header("<i4", "(1,)"), [1, 2, 0, 0])).data, new Int32Array([513]))
    assert.deepStrictEqual(decode(file(header(">i4", "(1,)"), [0, 0, 2, 1])).data, new Int32Array([513]))
  })

  it("turns column-major arrays into row-major ones", () => {
    const bytes = file(header("|u1", "(2, 3)", "True"), [0, 3, 1, 4, 2, 5])
    assert.deepStrictEqual(decode(bytes).data, new Uint8Array([0, 1, 2, 3, 4, 5]))
  })

  it("reads the header's fields in any order and with either quotes", () => {
    const bytes = file(`{"shape":(), "fortran_order":False, "descr":"|b1"}`, [1])
    assert.deepStrictEqual(decode(bytes), { shape: [], dtype: "bool", data: new Uint8Array([1]) })
  })

  it.each([
    ["an empty file", new Uint8Array(), "it does not start with \\x93NUMPY"],
    ["version 4.0", file(header("|u1", "()"), [1], 4), "its version is not 1.0, 2.0 or 3.0"],
    ["an end inside the header's length", file("").subarray(0, 9), "it ends after 9 bytes"],
    ["a header beyond the end", file(header("|u1", "()")).subarray(0, 20), "but only 10 follow"],
    ["a header of gigabytes", file("", [], 2).fill(255, 8, 12), "its header claims 4294967295 bytes"],
    [
      "a header without its line break",
      file(`${header("|u1", "()")} `).fill(0x20, -1),
      "does not end with a line break"
    ],
    [
      "a structured dtype",
      file(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }`),
      "does not describe a plain array"
    ],
    [
      "code in the header",
      file(`{'descr': __import__('os'), 'fortran_order': False, 'shape': (2,), }`),
      "does not describe a plain array"
    ],
    ["a number for a shape", file(header("|u1", "(2)"), [1, 2]), "does not describe a plain array"],
    ["a comma for a shape", file(header("|u1", "(,)"), [1]), "does not describe a plain array"],
    ["a negative extent", file(header("|u1", "(-1,)"), [1]), "does not describe a plain array"],
    ["a key twice", file(`{'shape': (), ${header("|u1", "()").slice(1)}`, [1]), 'the key "shape" twice'],
    ["a missing key", file(`{'descr': '|u1', 'shape': ()}`, [1]), "its header must have the keys"],
    ["a foreign key", file(`{'x': True, ${header("|u1", "()").slice(1)}`, [1]), "its header must have the keys"],
    ["64-bit integers", file(header("<i8", "()"), Array(8).fill(0)), 'its dtype "<i8" is not one of'],
    ["objects", file(header("|O", "()"), [1]), 'its dtype "|O" is not one of'],
    ["floats of no byte order", file(header("|f4", "()"), [0, 0, 0, 0]), 'its dtype "|f4" is not one of'],
    ["65 axes", file(header("|u1", `(${"1, ".repeat(65)})`), [1]), "its shape has 65 axes"],
    ["an extent beyond counting", file(header("|u1", "(99999999999999999999,)")), "its header must have the keys"],
    ["a shape beyond counting", file(header("|u1", "(4294967296, 4294967296)")), "has too many elements"],
    ["missing elements", file(header("<f4", "(2147483648,)"), [0]), "takes 8589934592 bytes, but 1 follow the header"],
    ["trailing bytes", file(header("|u1", "(1,)"), [1, 2]), "takes 1 bytes, but 2 follow the header"],
    ["a bool of 2", file(header("|b1", "(2,)"), [1, 2]), "element 1 is 2, but a bool is 0 or 1"]
  ])("refuses %s", (_, bytes, reason) => assert.include(refusal(bytes), reason))
})

describe("Npy.encode", () => {
  it("writes the header that NumPy writes", () => {
    const bytes = Npy.encode(make([2, 3], "f32", [0, 1, 2, 3, 4, 5]))
    const text = `v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`
    assert.strictEqual(new TextDecoder().decode(bytes.subarray(8, 128)), `${text.padEnd(119)}\n`)
    assert.deepStrictEqual([...bytes.subarray(0, 8)], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
    assert.strictEqual(bytes.length, 128 + 24)
  })

  it("throws for bf16", () =>
    assert.throws(() => Npy.encode(make([], "bf16", [1])), /Npy.encode: expected a dtype that NumPy has/))

  it("throws for more axes than NumPy has", () =>
    assert.throws(() => Npy.encode(make(Array(65).fill(1), "u8", [1])), /at most 64 axes/))
})
