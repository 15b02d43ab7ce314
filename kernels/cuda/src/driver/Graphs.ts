/**
 * Lists of operations as graphs of the driver, which start with one call of it, whatever is in them.
 */
import { commands, failedEntry } from "./Commands.ts"
import type { Recording } from "./Recording.ts"
import type { Session } from "./Session.ts"

/** A list of operations at certain addresses. */
export interface Graph {
  /** **Throws** `CudaError`. */
  readonly start: () => void
  readonly destroy: () => void
}

/** Lets what other libraries do while this is captured be no part of it, nor a fault. */
const relaxed = 2

/** Captures a recording: nothing of it runs. **Throws** `CudaError`. */
export const capture = (session: Session, recording: Recording, addresses: ArrayLike<number>): Graph => {
  const { adapter, call, cuda, enter, error, results, status, stream } = session
  call([cuda.cuStreamBeginCapture_v2, stream, relaxed])
  try {
    recording.start(addresses)
  } catch (reason) {
    status([cuda.cuStreamEndCapture, stream, results.at(0)])
    throw reason
  }
  call([cuda.cuStreamEndCapture, stream, results.at(0)])
  const graph = results.word(0)
  const failure = status([cuda.cuGraphInstantiateWithFlags, results.at(0), graph, 0])
  const executable = results.word(0)
  status([cuda.cuGraphDestroy, graph])
  if (failure !== 0) throw error(cuda.cuGraphInstantiateWithFlags.name, failure)
  const list = commands(adapter, [enter, [cuda.cuGraphLaunch, executable, stream]])
  const bound = adapter.bind(list.words)
  return {
    start: () => {
      const result = adapter.run(bound)
      if (result !== 0) throw error(failedEntry(list), result)
    },
    destroy: () => void status([cuda.cuGraphExecDestroy, executable])
  }
}
