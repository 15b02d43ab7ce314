/** Bytes of the WebAssembly binary format: a growing buffer and the number encodings. */

/** The types of values on the stack, in locals and in globals. */
export type MachineType = "i32" | "i64" | "f32" | "f64" | "v128"

/** What counts and addresses in a module: `i64` where its memory has 64-bit addresses. */
export type IndexType = "i32" | "i64"

/** What generated code is written in: `index` is the module's `IndexType`. */
export type ValueType = MachineType | "index"

const codes: Readonly<Record<MachineType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** The byte that stands for a value type. */
export const typeCode = (type: ValueType, index: IndexType): number => codes[type === "index" ? index : type]

/** A growing run of bytes. Every method appends and returns the writer. */
export interface Writer {
  /** Appends one byte. */
  readonly byte: (value: number) => Writer
  /** Appends bytes as they are. */
  readonly bytes: (values: ArrayLike<number>) => Writer
  /** Appends an unsigned integer below 2^53 as LEB128. */
  readonly unsigned: (value: number) => Writer
  /** Appends a signed 32-bit integer as LEB128; values up to 2^32 - 1 are taken modulo 2^32. */
  readonly signed: (value: number) => Writer
  /** Appends a signed 64-bit integer as LEB128. */
  readonly signed64: (value: bigint) => Writer
  /** Appends a float, little end first. */
  readonly float: (value: number, type: "f32" | "f64") => Writer
  /** Appends the length of a UTF-8 text, then the text. */
  readonly text: (value: string) => Writer
  /** How many bytes there are. */
  readonly size: () => number
  /** The bytes so far, without a copy: valid until the next append. */
  readonly view: () => Uint8Array<ArrayBuffer>
}

/** An empty writer. */
export const make = (capacity = 64): Writer => {
  let buffer = new Uint8Array(capacity)
  let size = 0
  const reserve = (count: number): void => {
    if (size + count <= buffer.length) return
    const larger = new Uint8Array(Math.max(2 * buffer.length, size + count))
    larger.set(buffer)
    buffer = larger
  }
  const writer: Writer = {
    byte: (value) => {
      reserve(1)
      buffer[size++] = value
      return writer
    },
    bytes: (values) => {
      reserve(values.length)
      buffer.set(values, size)
      size += values.length
      return writer
    },
    unsigned: (value) => {
      reserve(8)
      let rest = value
      for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) buffer[size++] = (rest % 0x80) | 0x80
      buffer[size++] = rest
      return writer
    },
    signed: (value) => {
      reserve(5)
      let rest = value | 0
      for (; rest < -0x40 || rest >= 0x40; rest >>= 7) buffer[size++] = (rest & 0x7f) | 0x80
      buffer[size++] = rest & 0x7f
      return writer
    },
    signed64: (value) => {
      reserve(10)
      let rest = BigInt.asIntN(64, value)
      for (; rest < -0x40n || rest >= 0x40n; rest >>= 7n) buffer[size++] = Number(rest & 0x7fn) | 0x80
      buffer[size++] = Number(rest & 0x7fn)
      return writer
    },
    float: (value, type) => writer.bytes(floatBytes(value, type)),
    text: (value) => {
      const encoded = new TextEncoder().encode(value)
      return writer.unsigned(encoded.length).bytes(encoded)
    },
    size: () => size,
    view: () => buffer.subarray(0, size)
  }
  return writer
}

/** The bytes of a float, little end first. A fresh array. */
export const floatBytes = (value: number, type: "f32" | "f64"): Uint8Array<ArrayBuffer> => {
  const view = new DataView(new ArrayBuffer(type === "f32" ? 4 : 8))
  if (type === "f32") view.setFloat32(0, value, true)
  else view.setFloat64(0, value, true)
  return new Uint8Array(view.buffer)
}
