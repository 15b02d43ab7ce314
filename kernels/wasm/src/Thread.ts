/**
 * The life of a thread that is not the owner's. The functions of this file are sent to workers as source text, so they
 * may use nothing from outside.
 */
import type { commands, words } from "./Barrier.ts"

/** What a thread is told when it starts. */
export interface Start {
  readonly memory: WebAssembly.Memory
  /** Address of the control block, and its length in words. */
  readonly control: number
  readonly controlWords: number
  /** Whether the memory has 64-bit addresses. */
  readonly is64: boolean
  /** The number of the thread, from 1: the owner is 0. */
  readonly thread: number
  /** Names of the functions of `Math` that programs import. */
  readonly functions: ReadonlyArray<string>
  readonly words: typeof words
  readonly commands: typeof commands
  /** How long a thread looks again before it sleeps. **Units** milliseconds. */
  readonly patience: number
}

/** Looks at a word for a while; whether it is no longer `old`. */
export type Spin = (word: number, old: number) => boolean

/**
 * A way to look at words for up to `patience` milliseconds. Where that was in vain several times in a row, threads
 * probably share a core, and looking only keeps the others from theirs: then it looks long now and then, else briefly.
 */
export const spinner = (block: Int32Array, patience: number): Spin => {
  // Newer engines tell the processor that we only wait, which spares whom it shares a core with.
  const { pause = () => undefined } = Atomics as { readonly pause?: () => void }
  let vain = 0
  return (word, old) => {
    const end = performance.now() + (vain < 4 || vain % 32 === 0 ? patience : 0)
    do {
      for (let i = 0; i < 32; i++) {
        if (Atomics.load(block, word) !== old) {
          vain = 0
          return true
        }
        pause()
      }
    } while (performance.now() < end)
    vain++
    return false
  }
}

/** Says that a thread has failed, unless one has before: from then on nobody waits for anybody. */
export const fail = (block: Int32Array, at: typeof words, reason: string): void => {
  if (Atomics.exchange(block, at.claimed, 1) !== 0) return
  for (let i = 0; i < Math.min(at.answers - at.reason, reason.length); i++) block[at.reason + i] = reason.charCodeAt(i)
  Atomics.store(block, at.failed, 1)
  // Who sleeps before a barrier, or is about to, sees another generation.
  Atomics.add(block, at.generation, 1)
  Atomics.notify(block, at.generation)
}

/** The whole life of a thread. */
export const work = (
  { commands: kinds, control, controlWords, functions, is64, memory, patience, thread, words: at }: Start,
  tell: () => void,
  look: typeof spinner,
  giveUp: typeof fail
): void => {
  const block = new Int32Array(memory.buffer, control, controlWords)
  const [spinIdle, spinInside] = [look(block, patience), look(block, patience)]
  const programs = new Map<number, (table: number | bigint, thread: number) => void>()
  const math = Math as unknown as Readonly<Record<string, (x: number, y: number) => number>>
  const env = {
    memory,
    mark: () => undefined,
    idle: (generation: number) => {
      if (spinInside(at.generation, generation)) return
      Atomics.add(block, at.sleepers, 1)
      if (Atomics.load(block, at.failed) === 0) Atomics.wait(block, at.generation, generation)
      Atomics.sub(block, at.sleepers, 1)
    },
    ...Object.fromEntries(functions.map((name) => [name, math[name]]))
  }
  const obey = (): void => {
    const [command, program] = [block[at.command], block[at.program]]
    const address = (block[at.low] >>> 0) + block[at.high] * 2 ** 32
    if (command === kinds.run) return programs.get(program)!(is64 ? BigInt(address) : address, thread)
    programs.delete(program)
    if (command === kinds.unload) return
    const length = block[at.length]
    // Another thread has made memory grow; some engines tell us of it between two rounds of a loop.
    while (memory.buffer.byteLength < address + length);
    const bytes = new Uint8Array(memory.buffer, address, length).slice()
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env })
    programs.set(program, exports["run"] as (table: number | bigint, thread: number) => void)
  }
  tell()
  try {
    for (let seen = 0; ;) {
      if (!spinIdle(at.sequence, seen)) Atomics.wait(block, at.sequence, seen)
      const sequence = Atomics.load(block, at.sequence)
      if (sequence === seen) continue
      seen = sequence
      obey()
      Atomics.store(block, at.answers + thread, seen)
      Atomics.notify(block, at.answers + thread)
    }
  } catch (error) {
    giveUp(block, at, `thread ${thread}: ${String(error)}`)
  }
}
