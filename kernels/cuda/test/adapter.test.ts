import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { Worker } from "node:worker_threads"
import { buildAdapter } from "../native/adapter.ts"
import type { Adapter } from "../src/driver/Adapter.ts"
import { load } from "../src/driver/Adapter.ts"
import { commands, failedEntry, readWord, writeWord } from "../src/driver/Commands.ts"

const built = buildAdapter()
const obstacle = built.tag === "failed" ? built.reason : process.platform === "linux" ? undefined : "it is for Linux"
if (obstacle !== undefined) console.log(`tests of the adapter are skipped: ${obstacle}`)

const file = built.tag === "built" ? built.file : ""
const adapter = (): Adapter => Effect.runSync(load({ COTANGENT_CUDA_ADAPTER: file }))

/** A function of the C library. */
const foreign = (native: Adapter, name: string, arity: number) => {
  const library = native.open("libc.so.6")
  if (typeof library === "string") throw new Error(library)
  return { name, arity, address: native.find(library, name) }
}

describe("words", () => {
  it("hold addresses and integers with their sign", () => {
    const words = new Uint32Array(2)
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 53 - 1 }), (value) => {
        writeWord(words, 0, value)
        assert.strictEqual(new BigInt64Array(words.buffer)[0], BigInt(value))
        if (value >= 0) assert.strictEqual(readWord(words, 0), value)
      })
    )
  })
})

describe.skipIf(obstacle !== undefined)("the adapter", () => {
  it("calls functions in order, up to the first that does not give 0, and says which", () => {
    const native = adapter()
    const abs = foreign(native, "abs", 1)
    const copy = foreign(native, "memcmp", 3)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 20 }), (values) => {
        const list = commands(
          native,
          values.map((value) => [abs, value])
        )
        const first = values.findIndex((value) => value !== 0)
        assert.strictEqual(native.call(list.words, list.memory), first < 0 ? 0 : Math.abs(values[first]))
        assert.strictEqual(readWord(list.words, 0), first < 0 ? values.length : first)
        assert.strictEqual(native.run(native.bind(list.words)), first < 0 ? 0 : Math.abs(values[first]))
      })
    )
    const bytes = new Uint8Array([1, 2, 3])
    const list = commands(native, [
      [copy, bytes, bytes, 3],
      [abs, 3]
    ])
    assert.strictEqual(native.call(list.words, list.memory), 3)
    assert.strictEqual(failedEntry(list), "abs")
  })

  it("calls on another thread, many at a time", async () => {
    const native = adapter()
    const abs = foreign(native, "abs", 1)
    const values = Array.from({ length: 50 }, (_, i) => i - 25)
    const statuses = await Promise.all(
      values.map((value) => native.callAsync(commands(native, [[abs, value]]).words, []))
    )
    assert.deepStrictEqual(statuses, values.map(Math.abs))
  })

  it("sees memory that is not of JavaScript, until it is detached", () => {
    const native = adapter()
    const bytes = new Uint8Array(Buffer.from("text\0"))
    const address = native.address(bytes)
    assert.strictEqual(native.text(address), "text")
    const view = native.view(address, 4)
    new Uint8Array(view)[0] = "n".charCodeAt(0)
    assert.strictEqual(native.text(address), "next")
    native.detach(view)
    assert.strictEqual(view.byteLength, 0)
  })

  it("refuses what is no list of calls", () => {
    const native = adapter()
    for (const wrong of [new Uint32Array(2), new Uint32Array(0)]) assert.throws(() => native.call(wrong, []), TypeError)
    assert.throws(() => native.call(undefined!, []), TypeError)
    assert.throws(() => native.run({} as never), TypeError)
    const missing = new Uint32Array([0, 0, 1, 0])
    assert.strictEqual(native.call(missing, []), -1)
    const tooMany = new Uint32Array(100)
    tooMany.set([0, 0, 1, 0, 1, 0, 23, 0])
    assert.strictEqual(native.call(tooMany, []), -1)
    assert.isString(native.open("/nowhere/at/all.so"))
  })

  it("works in several threads of Node at the same time", async () => {
    const source = `
      const { parentPort, workerData } = require("node:worker_threads")
      const native = require(workerData)
      const abs = native.find(native.open("libc.so.6"), "abs")
      const words = new BigUint64Array([0n, 1n, BigInt(abs), 1n, 7n])
      const program = native.bind(words)
      let sum = 0
      for (let i = 0; i < 10_000; i++) sum += native.run(program)
      native.callAsync(words, []).then((status) => parentPort.postMessage(sum + status))`
    const sums = await Promise.all(
      Array.from(
        { length: 3 },
        () =>
          new Promise((resolve, reject) => {
            new Worker(source, { eval: true, workerData: file }).on("message", resolve).on("error", reject)
          })
      )
    )
    assert.deepStrictEqual(sums, [70_007, 70_007, 70_007])
  })
})
