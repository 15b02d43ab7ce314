/**
 * How long each operation of a list takes.
 */
import type { Straight, Work } from "./Blocks.ts"
import * as Events from "./Events.ts"
import type { Surroundings } from "./Recording.ts"
import { record } from "./Recording.ts"

/** An operation and the time that the device took for it, a mark on the stream included. **Units** milliseconds. */
export interface OperationTime {
  readonly operation: Work
  readonly ms: number
}

/** Takes the times of operations in the order in which they ran. */
export type Observer = (times: ReadonlyArray<OperationTime>) => void

/** A run that is observed. */
export interface Observed {
  /** One for each slot. */
  readonly addresses: ArrayLike<number>
  readonly observe: Observer
}

/** Runs operations with a mark behind each, waits for the last and tells the times. **Throws** `CudaError`. */
export const timeEach = (block: Straight, surroundings: Surroundings, { addresses, observe }: Observed): void => {
  const { session } = surroundings
  const marks: Array<Events.Event> = []
  try {
    for (let i = 0; i <= block.instances.length; i++) marks.push(Events.make(session))
    record(block, surroundings, marks).start(addresses)
    session.call([session.cuda.cuStreamSynchronize, session.stream])
    observe(
      block.instances.map(({ work }, i) => ({
        operation: work,
        ms: Events.elapsed(session, marks[i], marks[i + 1])
      }))
    )
  } finally {
    for (const mark of marks) Events.destroy(session, mark)
  }
}
