/**
 * `Worker` as browsers have it, on the threads of Node, as far as jax-js uses it: source text under a blob's address,
 * and messages. Without one, jax-js runs on one thread.
 */
import { resolveObjectURL } from "node:buffer"
import { Worker as Thread } from "node:worker_threads"

/** What a browser's worker has around it. */
const surroundings = `
const { parentPort } = require("node:worker_threads")
globalThis.self = globalThis
globalThis.postMessage = (message) => parentPort.postMessage(message)
parentPort.on("message", (data) => self.onmessage({ data }))
`

class WebWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  onerror: ((error: Error) => void) | null = null
  readonly #thread: Promise<Thread>

  constructor(address: string | URL) {
    const blob = resolveObjectURL(String(address))
    if (blob === undefined) throw new TypeError(`no source text at ${String(address)}`)
    this.#thread = blob.text().then((source) => {
      const thread = new Thread(surroundings + source, { eval: true })
      thread.on("message", (data) => this.onmessage?.({ data }))
      thread.on("error", (error) => this.onerror?.(error as Error))
      return thread
    })
  }

  postMessage(message: unknown): void {
    void this.#thread.then((thread) => thread.postMessage(message))
  }
}

/** Makes `Worker` a global, and lets libraries believe that there are `cores` cores. */
export const install = (cores: number): void => {
  Object.assign(globalThis, { Worker: WebWorker })
  Object.defineProperty(globalThis.navigator, "hardwareConcurrency", { value: cores })
}
