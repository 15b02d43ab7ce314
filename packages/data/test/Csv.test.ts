import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Csv from "../src/Csv.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const columns = { length: "f32", count: "u8", kind: ["dog", "cat"] } as const
const options = { path: "pets.csv", columns }
const header = "length,count,kind\n"

const refusal = (text: string | Uint8Array): string =>
  Effect.runSync(Effect.flip(Csv.decode(typeof text === "string" ? bytes(text) : text, options))).message

describe("Csv.decode", () => {
  it("reads numbers of the dtypes asked for, and words as their places", () => {
    const text = `kind,"length",ignored,count\ncat,5.1,"a ""b"", c",0\r\ndog, -1e-3 ,,255\n`
    const { columns: read, size } = Effect.runSync(Csv.decode(bytes(text.replaceAll("\r", "")), options))
    assert.strictEqual(size, 2)
    assert.deepStrictEqual(read, {
      length: make([2], "f32", [5.1, -1e-3]),
      count: make([2], "u8", [0, 255]),
      kind: make([2], "i32", [1, 0])
    })
  })

  it("reads a byte order mark, Windows line ends and a last line without its end", () => {
    const { columns: read } = Effect.runSync(Csv.decode(bytes("\ufefflength,count,kind\r\n1,2,cat"), options))
    assert.deepStrictEqual(read.count, make([1], "u8", [2]))
  })

  it("reads other delimiters, and truth values", () => {
    const decoded = Csv.decode(bytes("a;b\n1;TRUE\n0;false\n"), {
      path: "x",
      columns: { a: "bool", b: "bool" },
      delimiter: ";"
    })
    const { columns: read } = Effect.runSync(decoded)
    assert.deepStrictEqual([...read.a.data, ...read.b.data], [1, 0, 1, 0])
  })

  it("reads a header without rows", () =>
    assert.strictEqual(Effect.runSync(Csv.decode(bytes(header), options)).size, 0))

  it.each([
    ["an empty file", "", "it has no header line"],
    ["bytes that are not UTF-8", new Uint8Array([0x61, 0xff]), "it is not UTF-8"],
    ["a missing column", "length,count\n1,2\n", 'it has no column "kind", but "length", "count"'],
    ["a column named twice", "length,count,kind,count\n", 'its header has the column "count" twice'],
    ["a short row", `${header}1,2,cat\n1,2\n`, "Invalid Record Length: expect 3, got 2 on line 3"],
    ["a long row", `${header}1,2,cat,\n`, "Invalid Record Length: expect 3, got 4 on line 2"],
    ["an empty line", `${header}\n1,2,cat\n`, "Invalid Record Length: expect 3, got 1 on line 2"],
    ["an open quote", `${header}1,2,"cat\n`, "Quote Not Closed"],
    ["a stray quote", `${header}1,2,c"at\n`, "Invalid Opening Quote"],
    [
      "a word for a number",
      `${header}1,2,cat\nlong,2,cat\n`,
      'line 3, column "length": expected a number of f32, received "long"'
    ],
    ["an empty cell", `${header},2,cat\n`, 'line 2, column "length": expected a number of f32, received ""'],
    ["not a number", `${header}nan,2,cat\n`, "expected a number of f32"],
    ["a hexadecimal number", `${header}0x10,2,cat\n`, "expected a number of f32"],
    ["a float beyond f32", `${header}1e39,2,cat\n`, "expected a number of f32"],
    ["a fraction for an integer", `${header}1,2.5,cat\n`, 'column "count": expected a number of u8, received "2.5"'],
    ["an integer beyond its dtype", `${header}1,256,cat\n`, "expected a number of u8"],
    ["a negative count", `${header}1,-1,cat\n`, "expected a number of u8"],
    ["an unknown word", `${header}1,2,bird\n`, 'column "kind": expected one of dog, cat, received "bird"'],
    ["the name of a method", `${header}1,2,toString\n`, "expected one of dog, cat"]
  ])("refuses %s", (_, text, reason) => {
    assert.include(refusal(text), "pets.csv is not a valid CSV file: ")
    assert.include(refusal(text), reason)
  })
})

describe("Csv.readFile", () => {
  it.effect("reads a file, and names one that is missing", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/pets.csv`
      yield* fs.writeFileString(path, `${header}1,2,cat\n`)
      assert.strictEqual((yield* Csv.readFile(path, { columns })).size, 1)
      assert.strictEqual((yield* Effect.flip(Csv.readFile(`${path}.none`, { columns })))._tag, "PlatformError")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

describe("Csv.decode with skipInvalid", () => {
  it("leaves out rows that it cannot read, and reports each with its line", () => {
    const text = `${header}1,2,cat\n1,2\n3,x,dog\n4,5,dog\n6,7,bird\n8,9,c"at\n0,1,cat\n`
    const { columns: read, size, skipped } = Effect.runSync(Csv.decode(bytes(text), { ...options, skipInvalid: true }))
    assert.strictEqual(size, 3)
    assert.deepStrictEqual(read, {
      length: make([3], "f32", [1, 4, 0]),
      count: make([3], "u8", [2, 5, 1]),
      kind: make([3], "i32", [1, 0, 1])
    })
    assert.strictEqual(skipped.length, 4)
    for (const [line, reason] of [
      [3, "Invalid Record Length"],
      [4, 'column "count"'],
      [6, 'column "kind": expected one of dog, cat, received "bird"'],
      [7, "Quote"]
    ] as const) {
      const failure = skipped.find(({ message }) => message.includes(`line ${line}`))
      assert.include(failure?.message ?? "", reason)
    }
  })

  it("reports nothing where nothing is wrong, and still fails where there are no rows to read", () => {
    const read = (text: string) => Csv.decode(bytes(text), { ...options, skipInvalid: true })
    assert.deepStrictEqual(Effect.runSync(read(`${header}1,2,cat\n`)).skipped, [])
    assert.include(Effect.runSync(Effect.flip(read("length\n1\n"))).message, 'it has no column "count"')
  })
})
