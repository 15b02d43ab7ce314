/**
 * Hands out pieces of one WebAssembly memory, which grows as it must. Pieces begin at multiples of a cache line.
 */
import type { IndexType } from "./Encoder.ts"
import type { MemoryLimits } from "./Module.ts"

const pageBytes = 65536
const alignment = 64

/** Matrix products may read up to so many bytes beyond an operand, whose values do not count. */
const slack = 32

const aligned = (bytes: number): number => Math.ceil((bytes + slack) / alignment) * alignment

/** The type of what a memory is addressed by. */
export const indexTypeOf = ({ is64 = false }: Pick<MemoryLimits, "is64">): IndexType => (is64 ? "i64" : "i32")

/** Numbers as engines take them where addresses are of a type: for `i64`, bigints. */
const spelled = (value: number, type: IndexType): number =>
  type === "i32" ? value : (BigInt(value) as unknown as number)

/** An address as a module's function takes it. */
export const pointer: (address: number, type: IndexType) => number | bigint = spelled

/** A memory within `limits`. **Throws** where the engine gives none. */
export const memoryOf = (limits: MemoryLimits): WebAssembly.Memory => {
  const { isShared = false, maximum, minimum } = limits
  const type = indexTypeOf(limits)
  const descriptor: WebAssembly.MemoryDescriptor & { readonly address?: IndexType } = {
    initial: spelled(minimum, type),
    ...(maximum === undefined ? {} : { maximum: spelled(maximum, type) }),
    shared: isShared,
    ...(type === "i32" ? {} : { address: type })
  }
  return new WebAssembly.Memory(descriptor)
}

/** Pieces of a memory. */
export interface Heap {
  readonly memory: WebAssembly.Memory
  readonly indexType: IndexType
  /** The address of `bytes` free bytes, or undefined where there is no room. */
  readonly allocate: (bytes: number) => number | undefined
  readonly free: (address: number, bytes: number) => void
  /** The bytes that could still be handed out if they were in one piece. */
  readonly available: () => number
  /** All of memory. It must not be kept: growing replaces it. */
  readonly bytes: () => Uint8Array
}

interface Hole {
  at: number
  end: number
}

/** A heap over a memory that may grow to `limitBytes`. The first line of memory is never handed out. */
export const make = (memory: WebAssembly.Memory, limitBytes: number, indexType: IndexType = "i32"): Heap => {
  /** In the order of addresses; no two touch. */
  const holes: Array<Hole> = [{ at: alignment, end: memory.buffer.byteLength }]
  let view = new Uint8Array(memory.buffer)

  const bytes = (): Uint8Array => {
    // Growing detaches the old view.
    if (view.buffer !== memory.buffer) view = new Uint8Array(memory.buffer)
    return view
  }

  const insert = (at: number, end: number): void => {
    let next = holes.findIndex((hole) => hole.at > at)
    if (next < 0) next = holes.length
    const before = holes[next - 1]
    const after = holes[next]
    if (before !== undefined && before.end === at) {
      before.end = end
      if (after !== undefined && after.at === end) {
        before.end = after.end
        holes.splice(next, 1)
      }
    } else if (after !== undefined && after.at === end) after.at = at
    else holes.splice(next, 0, { at, end })
  }

  /** Makes the last hole at least `length` long. */
  const grow = (length: number): boolean => {
    const top = memory.buffer.byteLength
    const last = holes.at(-1)
    const open = last !== undefined && last.end === top ? top - last.at : 0
    const needed = length - open
    // Growing a little at a time would cost a system call each.
    const wanted = Math.max(needed, Math.min(top, limitBytes - top, 64 * 2 ** 20))
    for (const amount of [wanted, needed]) {
      const pages = Math.ceil(amount / pageBytes)
      if (top + pages * pageBytes > limitBytes) continue
      try {
        memory.grow(spelled(pages, indexType))
      } catch {
        // The engine says no by throwing; the smaller amount may still be had.
        continue
      }
      insert(top, memory.buffer.byteLength)
      return true
    }
    return false
  }

  const take = (length: number): number | undefined => {
    const at = holes.findIndex((hole) => hole.end - hole.at >= length)
    if (at < 0) return undefined
    const hole = holes[at]
    const address = hole.at
    hole.at += length
    if (hole.at === hole.end) holes.splice(at, 1)
    return address
  }

  return {
    memory,
    indexType,
    bytes,
    allocate: (size) => {
      const length = aligned(size)
      return take(length) ?? (grow(length) ? take(length) : undefined)
    },
    free: (address, size) => insert(address, address + aligned(size)),
    available: () => limitBytes - memory.buffer.byteLength + holes.reduce((sum, hole) => sum + hole.end - hole.at, 0)
  }
}
