/** Builds a WebAssembly module around one imported memory, `env.memory`. */
import type { IndexType, ValueType, Writer } from "./Encoder.ts"
import * as Encoder from "./Encoder.ts"
import type { FunctionBuilder, FunctionReference, Global } from "./FunctionBuilder.ts"
import * as FunctionBuilders from "./FunctionBuilder.ts"

/** Limits of the imported memory, in pages of 64 KiB. They must cover those of the memory that is passed in. */
export interface MemoryLimits {
  readonly minimum: number
  /** Needed for a shared memory. */
  readonly maximum?: number
  readonly isShared?: boolean
  /** Whether addresses, and with them all indices, are i64. */
  readonly is64?: boolean
}

/** A function to be added to a module. */
export interface FunctionOptions<P extends ReadonlyArray<ValueType>> {
  /** Shown in stack traces; also the name of the export. */
  readonly name: string
  readonly parameters: P
  readonly results?: ReadonlyArray<ValueType>
  readonly isExported?: boolean
}

/** A function to be imported, from `env`. */
export type ImportOptions = Omit<FunctionOptions<ReadonlyArray<ValueType>>, "isExported">

/** A module under construction. */
export interface ModuleBuilder {
  /** Imports a function; all imports come before the first `function`. */
  readonly importFunction: (options: ImportOptions) => FunctionReference
  /** Adds a function with an empty body. */
  readonly function: <const P extends ReadonlyArray<ValueType>>(options: FunctionOptions<P>) => FunctionBuilder<P>
  /** What indices are, and how many bytes they have in memory. */
  readonly indexType: IndexType
  readonly indexBytes: 4 | 8
  /** Adds a mutable index, exported under `name` if there is one. */
  readonly global: (initial: number, name?: string) => Global<"index">
  /** The value that `make` gave at the first call with this key: what equal kernels share. */
  readonly shared: <A>(key: string, make: () => A) => A
  /** The module's bytes. `hasNames` adds the debug names of functions. */
  readonly build: (options?: { readonly hasNames?: boolean }) => Uint8Array<ArrayBuffer>
}

interface Entry {
  readonly options: ImportOptions & { readonly isExported?: boolean }
  readonly type: number
}

/** An empty module. */
export const make = (memory: MemoryLimits): ModuleBuilder => {
  const indexType: IndexType = memory.is64 === true ? "i64" : "i32"
  const types = typeTable(indexType)
  const imports: Array<Entry> = []
  const functions: Array<Entry & { readonly builder: FunctionBuilder }> = []
  const globals: Array<{ readonly initial: number; readonly name: string | undefined }> = []
  const shared = new Map<string, unknown>()
  return {
    indexType,
    indexBytes: indexType === "i32" ? 4 : 8,
    importFunction: (options) => {
      if (functions.length > 0) throw new TypeError(`${options.name}: expected imports before functions`)
      return { index: imports.push({ options, type: types.indexOf(options) }) - 1 }
    },
    function: (options) => {
      const { name, parameters } = options
      const builder = FunctionBuilders.make({ name, parameters, indexType, index: imports.length + functions.length })
      functions.push({ options, type: types.indexOf(options), builder })
      return builder
    },
    global: (initial, name) => ({ type: "index", globalIndex: globals.push({ initial, name }) - 1 }),
    shared: <A>(key: string, create: () => A): A => {
      if (!shared.has(key)) shared.set(key, create())
      // The key says what was made.
      return shared.get(key) as A
    },
    build: ({ hasNames = false } = {}) => {
      const out = Encoder.make(16384).bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
      section(out, 1, types.encoded())
      section(out, 2, [importedMemory(memory), ...imports.map(importedFunction)])
      section(
        out,
        3,
        functions.map(({ type }) => Encoder.make().unsigned(type))
      )
      section(
        out,
        6,
        globals.map(({ initial }) => {
          const entry = Encoder.make().byte(Encoder.typeCode("index", indexType)).byte(1)
          const value =
            indexType === "i32" ? entry.byte(0x41).signed(initial) : entry.byte(0x42).signed64(BigInt(initial))
          return value.byte(0x0b)
        })
      )
      section(out, 7, [
        ...functions.flatMap(({ options, builder }) =>
          options.isExported === true ? [Encoder.make().text(options.name).byte(0).unsigned(builder.index)] : []
        ),
        ...globals.flatMap(({ name }, index) =>
          name === undefined ? [] : [Encoder.make().text(name).byte(3).unsigned(index)]
        )
      ])
      section(
        out,
        10,
        functions.map(({ builder }) => Encoder.make().bytes(builder.encode()))
      )
      if (hasNames) nameSection(out, [...imports, ...functions])
      return out.view().slice()
    }
  }
}

/** Function types without repetition. */
const typeTable = (indexType: IndexType) => {
  const keys: Array<string> = []
  const encoded: Array<Writer> = []
  const codes = (types: ReadonlyArray<ValueType>) => types.map((type) => Encoder.typeCode(type, indexType))
  return {
    encoded: (): ReadonlyArray<Writer> => encoded,
    indexOf: ({ parameters, results = [] }: ImportOptions): number => {
      const [from, to] = [codes(parameters), codes(results)]
      const key = `${from.join(" ")}:${to.join(" ")}`
      const found = keys.indexOf(key)
      if (found >= 0) return found
      const type = Encoder.make().byte(0x60).unsigned(parameters.length).bytes(from)
      encoded.push(type.unsigned(results.length).bytes(to))
      return keys.push(key) - 1
    }
  }
}

const importedMemory = ({ minimum, maximum, isShared = false, is64 = false }: MemoryLimits): Writer => {
  const flags = (maximum === undefined ? 0 : 1) | (isShared ? 2 : 0) | (is64 ? 4 : 0)
  const entry = Encoder.make().text("env").text("memory").byte(2).byte(flags).unsigned(minimum)
  return maximum === undefined ? entry : entry.unsigned(maximum)
}

const importedFunction = ({ options, type }: Entry): Writer =>
  Encoder.make().text("env").text(options.name).byte(0).unsigned(type)

/** Appends a section: its code, its size, the number of its entries, the entries. An empty one is left out. */
const section = (out: Writer, code: number, entries: ReadonlyArray<Writer>): void => {
  if (entries.length === 0) return
  const content = Encoder.make(1024).unsigned(entries.length)
  for (const entry of entries) content.bytes(entry.view())
  out.byte(code).unsigned(content.size()).bytes(content.view())
}

const nameSection = (out: Writer, functions: ReadonlyArray<Entry>): void => {
  const names = Encoder.make(1024).unsigned(functions.length)
  functions.forEach(({ options }, index) => names.unsigned(index).text(options.name))
  const content = Encoder.make(1024).text("name").byte(1).unsigned(names.size()).bytes(names.view())
  out.byte(0).unsigned(content.size()).bytes(content.view())
}
