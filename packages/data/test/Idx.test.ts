import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Idx from "../src/Idx.ts"

const source = { path: "labels-idx1-ubyte" }
const file = (...bytes: ReadonlyArray<number>): Uint8Array => new Uint8Array(bytes)
const decode = (bytes: Uint8Array): HostArray => Effect.runSync(Idx.decode(bytes, source))
const refusal = (bytes: Uint8Array): string => Effect.runSync(Effect.flip(Idx.decode(bytes, source))).message

describe("Idx.decode", () => {
  it.each([
    ["u8", file(0, 0, 0x08, 1, 0, 0, 0, 2, 5, 255), make([2], "u8", [5, 255])],
    ["i8 as i32", file(0, 0, 0x09, 1, 0, 0, 0, 2, 5, 255), make([2], "i32", [5, -1])],
    ["i16 as i32", file(0, 0, 0x0b, 1, 0, 0, 0, 2, 1, 2, 255, 254), make([2], "i32", [258, -2])],
    ["i32", file(0, 0, 0x0c, 1, 0, 0, 0, 1, 255, 255, 255, 254), make([1], "i32", [-2])],
    ["f32", file(0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0), make([1], "f32", [1])],
    ["f64", file(0, 0, 0x0e, 1, 0, 0, 0, 1, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0), make([1], "f64", [1])],
    ["a scalar", file(0, 0, 0x08, 0, 7), make([], "u8", [7])],
    ["two axes", file(0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 1, 3, 4), make([2, 1], "u8", [3, 4])],
    ["no elements", file(0, 0, 0x08, 1, 0, 0, 0, 0), make([0], "u8", [])]
  ])("reads %s", (_, bytes, expected) => assert.deepStrictEqual(decode(bytes), expected))

  it.each([
    ["an empty file", file(), "it has 0 bytes, and its magic number takes 4"],
    ["a file of zeros", file(0, 0, 0, 0), "its magic number 00 00 00 00 is not"],
    ["a gzip file", file(0x1f, 0x8b, 0x08, 0), "its magic number 1f 8b 08 00 is not"],
    ["an unknown type", file(0, 0, 0x0a, 0, 1), "its magic number 00 00 0a 00 is not"],
    ["extents that end early", file(0, 0, 0x08, 3, 0, 0, 0, 1), "its 3 extents take 12 bytes, but 4 follow"],
    ["255 extents that are not there", file(0, 0, 0x08, 255), "its 255 extents take 1020 bytes, but 0 follow"],
    ["missing elements", file(0, 0, 0x08, 1, 0, 0, 0, 2, 5), "u8 of shape [2] takes 2 bytes, but 1 follow the header"],
    ["trailing bytes", file(0, 0, 0x08, 1, 0, 0, 0, 1, 5, 6), "u8 of shape [1] takes 1 bytes, but 2 follow the header"],
    ["4 GiB that are not there", file(0, 0, 0x08, 1, 255, 255, 255, 255), "takes 4294967295 bytes, but 0 follow"],
    ["a shape beyond counting", file(0, 0, 0x0e, 2, ...Array(8).fill(255)), "has too many elements"],
    ["an empty shape beyond counting", file(0, 0, 0x08, 3, 0, 0, 0, 0, ...Array(8).fill(255)), "has too many elements"]
  ])("refuses %s", (_, bytes, reason) => {
    assert.include(refusal(bytes), "labels-idx1-ubyte is not a valid IDX file: ")
    assert.include(refusal(bytes), reason)
  })
})

describe("Idx.encode", () => {
  it("throws for dtypes that the format does not have", () => {
    for (const dtype of ["bool", "u32", "f16", "bf16"] as const) {
      assert.throws(() => Idx.encode(make([1], dtype, [1])), /Idx.encode: expected u8, i32, f32 or f64/)
    }
  })
})

describe("Idx files", () => {
  it.effect("readFile gives back what writeFile wrote", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/x`
      const array = make([2, 2], "f32", [1, -0, 3, Infinity])
      yield* Idx.writeFile(path, array)
      assert.deepStrictEqual(yield* Idx.readFile(path), array)
      assert.strictEqual((yield* Effect.flip(Idx.readFile(`${path}.none`)))._tag, "PlatformError")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
