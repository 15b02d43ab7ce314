/**
 * Command buffers: calls of C functions that the adapter makes one after the other, in one native call.
 */
import type { Adapter, Memory } from "./Adapter.ts"
import type { Foreign } from "./Libraries.ts"

/** A call: a function and its arguments, which are integers, addresses, and memory, whose address is passed. */
export type Call = readonly [fn: Foreign, ...args: ReadonlyArray<number | Memory>]

const half = 2 ** 32

/** Writes a 64-bit word. Negative numbers are 32-bit integers with their sign. */
export const writeWord = (words: Uint32Array, index: number, value: number): void => {
  words[2 * index] = value >>> 0
  words[2 * index + 1] = value < 0 ? 0xffff_ffff : Math.floor(value / half)
}

/** Reads a 64-bit word. */
export const readWord = (words: Uint32Array, index: number): number => words[2 * index] + words[2 * index + 1] * half

/** A list of calls in the adapter's form, and what to blame. */
export interface Commands {
  readonly words: Uint32Array<ArrayBuffer>
  /** The functions of the calls, in order. */
  readonly entries: ReadonlyArray<string>
  /** What the words point to, for the adapter to keep. */
  readonly memory: ReadonlyArray<Memory>
}

/** `calls`, in the adapter's form. **Throws** where a call has not as many arguments as its function. */
export const commands = ({ address }: Pick<Adapter, "address">, calls: ReadonlyArray<Call>): Commands => {
  const length = calls.reduce((sum, call) => sum + call.length + 1, 2)
  const words = new Uint32Array(2 * length)
  writeWord(words, 1, calls.length)
  const memory: Array<Memory> = []
  let at = 2
  for (const [fn, ...args] of calls) {
    if (args.length !== fn.arity) throw new RangeError(`${fn.name} takes ${fn.arity} arguments, not ${args.length}`)
    writeWord(words, at++, fn.address)
    writeWord(words, at++, args.length)
    for (const arg of args) {
      if (typeof arg !== "number") memory.push(arg)
      writeWord(words, at++, typeof arg === "number" ? arg : address(arg))
    }
  }
  return { words, entries: calls.map(([fn]) => fn.name), memory }
}

/** The call whose status ended the list. */
export const failedEntry = ({ entries, words }: Pick<Commands, "entries" | "words">): string =>
  entries[readWord(words, 0)] ?? "the adapter"
