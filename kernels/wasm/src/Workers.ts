/**
 * Where threads come from: the worker threads of Node, or the workers of a browser.
 */

/** A thread that was started, or is about to. */
export interface Worker {
  /** Why it does not run, or undefined, as soon as either is known. */
  readonly started: Promise<string | undefined>
  readonly terminate: () => Promise<unknown>
}

/** What a thread does, from its start to its end, and to whom it tells that it runs. */
export interface Life<S> {
  /** The source text of a function of `start` and of a function to be called when the thread runs. */
  readonly work: string
  readonly start: S
  /** Called with a reason where the thread has run and ends. */
  readonly ended: (reason: string) => void
}

/** A way to start threads. */
export interface Host {
  readonly spawn: <S>(life: Life<S>) => Worker
  /** Whether it is known at once that threads will start. Browsers may forbid it later. */
  readonly isSure: boolean
  /** What lets threads start where they do not. */
  readonly hint: string
}

interface NodeWorker {
  readonly on: (event: "message" | "error" | "exit", listener: (value: unknown) => void) => NodeWorker
  readonly terminate: () => Promise<number>
  readonly unref: () => void
}

interface NodeWorkers {
  readonly Worker: new (source: string, options: Readonly<Record<string, unknown>>) => NodeWorker
}

const node = ({ Worker: Thread }: NodeWorkers): Host => ({
  isSure: true,
  hint: "Node's permission model, if it is on, has to allow workers",
  spawn: ({ ended, start, work }) => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const source = `const { parentPort, workerData } = require("node:worker_threads");
(${work})(workerData, () => parentPort.postMessage(0))`
    // Modules that the process preloads are not for us.
    const worker = new Thread(source, { eval: true, workerData: start, execArgv: [] })
    let cause = "it ended"
    let isRunning = false
    let isEnding = false
    worker.on("message", () => {
      isRunning = true
      // From here on it keeps no process alive, unless somebody waits for its end; before, somebody may wait for it to run.
      if (!isEnding) worker.unref()
      resolve(undefined)
    })
    worker.on("error", (error) => (cause = String(error)))
    worker.on("exit", () => {
      resolve(cause)
      if (isRunning) ended(cause)
    })
    return {
      started: promise,
      terminate: () => {
        isEnding = true
        return worker.terminate()
      }
    }
  }
})

const browser: Host = {
  isSure: false,
  hint: "a content security policy has to allow `worker-src blob:`",
  spawn: ({ ended, start, work }) => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const source = `onmessage = ({ data }) => (${work})(data, () => postMessage(0))`
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
    const worker = new Worker(address, { name: "cotangent" })
    let isRunning = false
    worker.addEventListener("message", () => {
      isRunning = true
      resolve(undefined)
    })
    worker.addEventListener("error", ({ message }) => {
      // A worker whose script may not be loaded says nothing more.
      const cause = message === "" || message === undefined ? "it was refused" : message
      resolve(cause)
      if (isRunning) ended(cause)
    })
    worker.postMessage(start)
    void promise.then(() => URL.revokeObjectURL(address))
    return {
      started: promise,
      terminate: async () => {
        worker.terminate()
        resolve("it was terminated")
      }
    }
  }
}

/** How threads start here; undefined where they cannot. */
export const host = (): Host | undefined => {
  const { Worker: Thread, process } = globalThis as {
    readonly Worker?: unknown
    readonly process?: { readonly getBuiltinModule?: (name: string) => unknown }
  }
  const threads = process?.getBuiltinModule?.("node:worker_threads")
  // Node's own module of this name has this class.
  if (threads !== undefined) return node(threads as NodeWorkers)
  return Thread === undefined ? undefined : browser
}

/** More threads than this wait for memory, and for one another, more than they help. */
const mostThreads = 8

/** How many threads serve best: as many as there are processors, up to 8. */
export const advisable = (): number => {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } }
  return host() === undefined ? 1 : Math.max(1, Math.min(mostThreads, navigator?.hardwareConcurrency ?? 1))
}
