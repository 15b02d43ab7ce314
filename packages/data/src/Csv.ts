/**
 * Columns of numbers and categories from comma-separated text.
 *
 * The text itself is taken apart by csv-parse: of the two parsers in wide use it is the one that treats a stray quote
 * or a row of the wrong length as an error with its line, ships its own types, depends on nothing and is maintained
 * (version 7, 2026). It is imported in the form that runs in browsers too.
 *
 * **Source** Shafranovich 2005, "Common Format and MIME Type for CSV Files", RFC 4180, with a header line.
 */
import type { FormatError, Source } from "@cotangent/formats/FormatError"
import { at } from "@cotangent/formats/FormatError"
import type { DType } from "@cotangent/tensor/DType"
import * as DTypes from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { allocate, view } from "@cotangent/tensor/HostArray"
import { CsvError, parse } from "csv-parse/browser/esm/sync"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Datasets from "./Dataset.ts"
import * as Rows from "./internal/rows.ts"
import type { Reading, Tolerance } from "./Reading.ts"
import * as Readings from "./Reading.ts"

/** What the cells of a column are: numbers of a dtype, or one of the listed words, read as its place in the list. */
export type Column = DType | ReadonlyArray<string>

/** The arrays that columns become. */
export type ColumnsOf<K extends Readonly<Record<string, Column>>> = {
  readonly [N in keyof K]: HostArray<K[N] extends DType ? K[N] : "i32">
}

/** What to read, and how. */
export interface CsvOptions<K extends Readonly<Record<string, Column>>> extends Tolerance {
  /** The columns by their names in the header; columns that are not named here are left out. */
  readonly columns: K
  /** What separates cells; a comma unless stated. */
  readonly delimiter?: string
}

/** A record with the line of the file that it ends on. */
interface Row {
  readonly record: ReadonlyArray<string>
  readonly info: { readonly lines: number }
}

type Fail = (reason: string) => FormatError

const textOf = (bytes: Uint8Array, fail: Fail): Effect.Effect<string, FormatError> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => fail("it is not UTF-8")
  })

/** The rows of `text`. Where `skips` is given, rows of a wrong length or with a stray quote go there instead. */
const rowsOf = (
  text: string,
  delimiter: string,
  fail: Fail,
  skips: Array<FormatError> | undefined
): Effect.Effect<ReadonlyArray<Row>, FormatError> =>
  Effect.try({
    // With `info`, each record comes with its place.
    try: () =>
      parse(text, {
        delimiter,
        info: true,
        skip_records_with_error: skips !== undefined,
        on_skip: (error) => void skips?.push(fail(error?.message ?? "a row cannot be read"))
      }) as unknown as ReadonlyArray<Row>,
    catch: (error) => fail(error instanceof CsvError ? error.message : String(error))
  })

/** Where the wanted columns stand in the header. */
const placesOf = Effect.fnUntraced(function* (header: ReadonlyArray<string>, names: ReadonlyArray<string>, fail: Fail) {
  const repeated = header.find((name, i) => header.indexOf(name) < i)
  if (repeated !== undefined) return yield* fail(`its header has the column ${JSON.stringify(repeated)} twice`)
  const missing = names.find((name) => !header.includes(name))
  if (missing !== undefined) {
    return yield* fail(
      `it has no column ${JSON.stringify(missing)}, but ${header.map((name) => JSON.stringify(name)).join(", ")}`
    )
  }
  return names.map((name) => header.indexOf(name))
})

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** The number that `cell` spells; nothing unless `dtype` holds it, up to the rounding of fractions. */
const numberOf = (cell: string, dtype: DType): number | undefined => {
  if (!decimal.test(cell)) return undefined
  const value = DTypes.round(dtype, Number(cell))
  return Number.isFinite(value) && (DTypes.isFloat(dtype) || value === Number(cell)) ? value : undefined
}

const truths: ReadonlyMap<string, number> = new Map([
  ["false", 0],
  ["true", 1]
])

/** How the cells of a column are read, and what they must be, in words. */
interface Reader {
  readonly dtype: DType
  readonly expected: string
  readonly read: (cell: string) => number | undefined
}

const readerOf = (column: Column): Reader => {
  if (typeof column === "string") {
    const read = (cell: string): number | undefined =>
      (column === "bool" ? truths.get(cell.toLowerCase()) : undefined) ?? numberOf(cell, column)
    return { dtype: column, expected: `a number of ${column}`, read }
  }
  const places = new Map(column.map((word, i) => [word, i]))
  return { dtype: "i32", expected: `one of ${column.join(", ")}`, read: (cell) => places.get(cell) }
}

/** A column that is being read. */
interface Place extends Reader {
  readonly name: string
  readonly place: number
  readonly data: HostArray["data"]
}

/** Puts the cells of a record into row `i` of all columns, or says which of them does not fit. */
const readRow = ({ info, record }: Row, i: number, columns: ReadonlyArray<Place>): string | undefined => {
  for (const { data, expected, name, place, read } of columns) {
    const value = read(record[place].trim())
    if (value === undefined) {
      const cell = JSON.stringify(record[place].slice(0, 40))
      return `line ${info.lines}, column ${JSON.stringify(name)}: expected ${expected}, received ${cell}`
    }
    data[i] = value
  }
  return undefined
}

/**
 * Reads columns from the bytes of a CSV file with a header line. Spaces around names and cells are left aside.
 *
 * **Shapes** each column `[rows]`
 *
 * **Fails** `FormatError`, with the line, for a row of another length than the header, a broken quote, a cell that is
 * empty or not of its column's kind, a number beyond its dtype; and for a column that is missing or named twice. Rows
 * that are refused are left out if `skipInvalid` says so.
 *
 * **Numerics** Floats are rounded to their dtype; `nan` and `inf` are refused. A bool is 0, 1, false or true.
 *
 * **Example** (Reading measurements and their class)
 *
 * ```ts run
 * const bytes = new TextEncoder().encode("length,kind\n5.1,cat\n4.5,dog\n")
 * const options = { path: "pets.csv", columns: { length: "f32", kind: ["dog", "cat"] } } as const
 * const { columns } = Effect.runSync(Csv.decode(bytes, options))
 * Array.from(columns.kind.data) // => [1, 0]
 * ```
 */
export const decode = <const K extends Readonly<Record<string, Column>>>(
  bytes: Uint8Array,
  options: CsvOptions<K> & Source
): Effect.Effect<Reading<ColumnsOf<K>>, FormatError> =>
  Effect.gen(function* () {
    const fail = at("CSV", options)
    const skips = Readings.skips(options)
    const [header, ...rows] = yield* rowsOf(yield* textOf(bytes, fail), options.delimiter ?? ",", fail, skips)
    if (header === undefined) return yield* fail("it has no header line")
    const wanted = Object.entries(options.columns)
    const names = wanted.map(([name]) => name)
    const places = yield* placesOf(
      header.record.map((name) => name.trim()),
      names,
      fail
    )
    const read = wanted.map(([name, column], i): Place => {
      const reader = readerOf(column)
      return { ...reader, name, place: places[i], data: allocate(reader.dtype, rows.length) }
    })
    let size = 0
    for (const row of rows) {
      const reason = readRow(row, size, read)
      if (reason === undefined) size++
      else if (skips === undefined) return yield* fail(reason)
      else skips.push(fail(reason))
    }
    const arrays = read.map(({ data, dtype, name }) => [name, Rows.view(view([rows.length], dtype, data), 0, size)])
    // Each name got an array of its column's dtype.
    return Readings.make(Datasets.make(Object.fromEntries(arrays) as ColumnsOf<K>), skips)
  })

/** Reads the file at `path`. **Fails** `PlatformError` if it cannot be read, `FormatError` as `decode` does. */
export const readFile = <const K extends Readonly<Record<string, Column>>>(
  path: string,
  options: CsvOptions<K>
): Effect.Effect<Reading<ColumnsOf<K>>, FormatError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* decode(yield* fs.readFile(path), { ...options, path })
  })
