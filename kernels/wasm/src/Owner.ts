/**
 * The thread that owns a pool: gives commands, and waits for the others, but not for those that are dead.
 */
import { patience, words } from "./Barrier.ts"
import { fail, spinner } from "./Thread.ts"

/** The owner's side of the control block. */
export interface Owner {
  /**
   * Gives a command when all have done the last one, and calls `done` when all have done this one. The reason where it
   * cannot be given, since a thread has failed.
   */
  readonly send: (command: number, args: ReadonlyArray<number>, done?: () => void) => string | undefined
  /** What modules import for their barriers: waits, for a while at least, until the generation changes. */
  readonly idle: (generation: number) => void
  /** Why the threads cannot be used any more; undefined if they can. */
  readonly failure: () => string | undefined
  /** Makes them fail, unless they have before. */
  readonly fail: (reason: string) => void
}

/** What an owner has to know. **Units** of `silence` milliseconds. */
export interface Options {
  readonly threads: number
  /** How long it waits for a thread at least before it takes it for dead. */
  readonly silence: number
}

/** How much longer than the owner itself a thread may take, beyond `silence`: slow cores, and others that use them. */
const leniency = 20

/** How long the owner sleeps before it looks whether it has waited too long. **Units** milliseconds. */
const nap = 100

/** Whether this thread may sleep. The main thread of a page may not. */
const maySleep = (block: Int32Array): boolean => {
  try {
    Atomics.wait(block, words.sequence, -1, 0)
    return true
  } catch {
    return false
  }
}

/** The owner of a control block that is all zeros. */
export const make = (block: Int32Array, { silence, threads }: Options): Owner => {
  const canSleep = maySleep(block)
  const [spin, watch] = [spinner(block, patience), spinner(block, nap)]
  let sequence = 0
  let sent = 0
  let whenDone = (): void => undefined
  const hasFailed = (): boolean => Atomics.load(block, words.failed) !== 0

  /** Waits until a word changes, or a thread fails: at the latest when it has been silent for too long. */
  const wait = (word: number, old: number, whom: string): void => {
    let now = performance.now()
    let waited = 0
    const allowed = silence + leniency * (now - sent)
    while (Atomics.load(block, word) === old && !hasFailed()) {
      if (canSleep) Atomics.wait(block, word, old, nap)
      else watch(word, old)
      const before = now
      now = performance.now()
      // A process that was stopped has not waited meanwhile.
      waited += Math.min(now - before, 2 * nap)
      if (waited > allowed) fail(block, words, `${whom} has said nothing for ${(allowed / 1000).toFixed(1)} s`)
    }
  }

  const failure = (): string | undefined => {
    if (!hasFailed()) return undefined
    const codes = block.subarray(words.reason, words.answers)
    return String.fromCharCode(...codes.filter((code) => code !== 0))
  }

  return {
    failure,
    fail: (reason) => fail(block, words, reason),
    idle: (generation) => {
      if (spin(words.generation, generation)) return
      if (canSleep) Atomics.add(block, words.sleepers, 1)
      wait(words.generation, generation, "a thread")
      if (canSleep) Atomics.sub(block, words.sleepers, 1)
    },
    send: (command, args, done = () => undefined) => {
      for (let thread = 1; thread < threads; thread++) {
        const word = words.answers + thread
        while (Atomics.load(block, word) !== sequence && !hasFailed()) {
          const answer = Atomics.load(block, word)
          if (answer !== sequence && !spin(word, answer)) wait(word, answer, `thread ${thread}`)
        }
      }
      const reason = failure()
      if (reason !== undefined) return reason
      whenDone()
      whenDone = done
      block[words.command] = command
      args.forEach((value, i) => (block[words.program + i] = value))
      sequence = (sequence + 1) | 0
      sent = performance.now()
      Atomics.store(block, words.sequence, sequence)
      Atomics.notify(block, words.sequence)
      return undefined
    }
  }
}
