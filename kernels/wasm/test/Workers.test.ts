import { EventEmitter } from "node:events"
import { assert, describe, it, vi } from "vitest"
import * as Workers from "../src/Workers.ts"

/** Threads that do nothing but note what is done to them. */
const noting = () => {
  const notes: Array<string> = []
  const threads: Array<EventEmitter> = []
  class Thread extends EventEmitter {
    constructor() {
      super()
      threads.push(this)
    }
    unref(): void {
      notes.push("unref")
    }
    terminate(): Promise<number> {
      notes.push("terminate")
      return new Promise((resolve) => this.once("exit", resolve))
    }
  }
  vi.spyOn(process, "getBuiltinModule").mockReturnValueOnce({ Worker: Thread } as never)
  const worker = Workers.host()!.spawn({ work: "() => {}", start: 0, ended: (reason) => notes.push(reason) })
  return { notes, worker, thread: threads[0] }
}

describe("a thread of Node", () => {
  it("keeps the process alive until it runs", async () => {
    const { notes, thread, worker } = noting()
    assert.deepStrictEqual(notes, [])
    thread.emit("message", 0)
    assert.isUndefined(await worker.started)
    assert.deepStrictEqual(notes, ["unref"])
  })

  it("keeps the process alive until it has ended, though it says that it runs meanwhile", async () => {
    const { notes, thread, worker } = noting()
    const ended = worker.terminate()
    thread.emit("message", 0)
    thread.emit("exit", 1)
    assert.strictEqual(await ended, 1)
    assert.notInclude(notes, "unref")
  })
})
