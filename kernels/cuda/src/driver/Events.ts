/**
 * Marks on the stream: to wait until the device is there, and to take the time between two.
 */
import type { Call } from "./Commands.ts"
import type { Session } from "./Session.ts"

/** A mark that may be set again and again. */
export interface Event {
  readonly handle: number
  /** The call that sets it. */
  readonly record: Call
}

const success = 0
const notReady = 600

/** For how long it is asked, rather than waited on another thread. **Units** milliseconds. */
const patience = 0.1

/** A mark. **Throws** `CudaError`. */
export const make = ({ call, cuda, results, stream }: Session): Event => {
  call([cuda.cuEventCreate, results.at(0), 0])
  const handle = results.word(0)
  return { handle, record: [cuda.cuEventRecord, handle, stream] }
}

/** Removes a mark. */
export const destroy = ({ cuda, status }: Session, { handle }: Event): void => {
  status([cuda.cuEventDestroy_v2, handle])
}

/** Whether the device has come to where `event` was set last. **Throws** `CudaError`. */
const isReached = ({ cuda, error, status }: Session, { handle }: Event): boolean => {
  const result = status([cuda.cuEventQuery, handle])
  if (result !== success && result !== notReady) throw error(cuda.cuEventQuery.name, result)
  return result === success
}

/** Waits until the device has come to where `event` was set last. Rejects with `CudaError`. */
export const reached = async (session: Session, event: Event): Promise<void> => {
  const until = performance.now() + patience
  do {
    if (isReached(session, event)) return
  } while (performance.now() < until)
  await session.callAsync([session.cuda.cuEventSynchronize, event.handle])
}

/** The time that the device took from `from` to `to`, both of which it has reached. **Units** milliseconds. */
export const elapsed = ({ call, cuda, results }: Session, from: Event, to: Event): number => {
  call([cuda.cuEventElapsedTime, results.at(0), from.handle, to.handle])
  return results.float(0)
}
