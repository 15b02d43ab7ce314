import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Worker as Thread } from "node:worker_threads"
import { Device } from "@cotangent/runtime/Device"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Wasm from "@cotangent/wasm/Wasm"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as fc from "fast-check"
import type { Host } from "@cotangent/wasm/Workers"
import { vi } from "vitest"
import { hang, load, make, moduleOf, steps, trap } from "./pool/programs.ts"

describe("a pool of threads", () => {
  it.effect("lets no thread pass a barrier before all have come, however long each takes", () =>
    Effect.gen(function* () {
      const [threads, count] = [3, 20]
      const setting = yield* make({ threads })
      const { run } = yield* load(setting, moduleOf(setting, steps(count, threads)))
      const words = threads * (count + 1)
      const table = setting.heap.allocate(4 * words)!
      const rounds = fc.oneof(fc.constant(0), fc.nat(1000), fc.nat(300_000))
      const pause = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(2))
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(rounds, { minLength: threads * count, maxLength: threads * count }),
            pause,
            async (limits, millis) => {
              // Threads that wait for a command are asleep by then, or about to be.
              if (millis > 0) await new Promise((resolve) => setTimeout(resolve, millis))
              const cells = new Int32Array(setting.heap.memory.buffer, table, words).fill(0)
              cells.set(limits)
              assert.strictEqual(run(table), undefined)
              assert.deepStrictEqual(
                [...cells.subarray(threads * count)],
                Array.from({ length: threads }, () => count)
              )
            }
          ),
          { numRuns: 100 }
        )
      )
    }).pipe(Effect.scoped)
  )

  it.effect("fails together where one traps", () =>
    Effect.gen(function* () {
      const setting = yield* make({ threads: 3 })
      const { run } = yield* load(setting, moduleOf(setting, trap))
      assert.throws(() => run(0), WebAssembly.RuntimeError)
      assert.match(String(setting.pool.failure()), /^thread [12]: RuntimeError: unreachable/)
      assert.strictEqual(run(0), setting.pool.failure())
    }).pipe(Effect.scoped)
  )

  it.effect("fails where one cannot take a program", () =>
    Effect.gen(function* () {
      const setting = yield* make({})
      const program = yield* setting.pool.load(moduleOf(setting, () => undefined, ["nothing"]))
      assert.match(String(setting.pool.start(program, 0)), /^thread 1: LinkError/)
      const { run } = yield* load(
        setting,
        moduleOf(setting, () => undefined)
      )
      assert.match(String(run(0)), /^thread 1: LinkError/)
    }).pipe(Effect.scoped)
  )

  it.effect("fails where one dies in the middle of a program", () =>
    Effect.gen(function* () {
      const setting = yield* make({ silence: 200 })
      const { finish, start } = yield* load(setting, moduleOf(setting, hang))
      const table = setting.heap.allocate(4)!
      const cell = new Int32Array(setting.heap.memory.buffer, table, 1).fill(0)
      assert.strictEqual(start(table), undefined)
      while (Atomics.load(cell, 0) === 0) yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      const dead = setting.workers[0].terminate()
      assert.throws(() => finish(table), WebAssembly.RuntimeError)
      assert.match(String(setting.pool.failure()), /has said nothing for/)
      yield* Effect.promise(() => dead)
    }).pipe(Effect.scoped)
  )

  it.effect("fails where one never comes to a barrier, and still ends with its scope", () =>
    Effect.gen(function* () {
      const setting = yield* make({ silence: 200 })
      const { run } = yield* load(setting, moduleOf(setting, hang))
      const table = setting.heap.allocate(4)!
      assert.throws(() => run(table), WebAssembly.RuntimeError)
      assert.match(String(run(table)), /has said nothing for/)
    }).pipe(Effect.scoped)
  )

  it.effect("fails where one died before a program", () =>
    Effect.gen(function* () {
      const setting = yield* make({})
      const { run } = yield* load(
        setting,
        moduleOf(setting, () => undefined)
      )
      assert.strictEqual(run(0), undefined)
      yield* Effect.promise(() => setting.workers[0].terminate())
      assert.strictEqual(run(0), "thread 1: it ended")
    }).pipe(Effect.scoped)
  )

  it.effect("ends with its scope, asleep or not, and runs nothing afterwards", () =>
    Effect.gen(function* () {
      for (const millis of [0, 20]) {
        const scope = yield* Scope.make()
        const setting = yield* Scope.provide(make({ threads: 3 }), scope)
        const { run } = yield* Effect.scoped(
          load(
            setting,
            moduleOf(setting, () => undefined)
          )
        )
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, millis)))
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(run(0), "its scope has closed")
      }
    })
  )

  it.effect("keeps nothing of programs whose scopes have closed", () =>
    Effect.gen(function* () {
      const setting = yield* make({})
      const module = moduleOf(setting, steps(20, 2))
      const table = setting.heap.allocate(4 * 42)!
      const available = setting.heap.available()
      for (let i = 0; i < 300; i++) {
        new Int32Array(setting.heap.memory.buffer, table, 42).fill(0)
        const reason = yield* Effect.scoped(Effect.map(load(setting, module), ({ run }) => run(table)))
        assert.strictEqual(reason, undefined)
      }
      assert.strictEqual(setting.heap.available(), available)
      assert.strictEqual(setting.workers.length, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("is not there, or runs nothing, where threads do not start", () =>
    Effect.gen(function* () {
      const refusing = (isSure: boolean): Host => ({
        isSure,
        hint: "ask nicely",
        spawn: () => ({ started: Promise.resolve("no"), terminate: () => Promise.resolve() })
      })
      const missing = yield* Effect.flip(make({ host: refusing(false) }))
      assert.strictEqual(missing.reason, "its threads do not start: no; ask nicely")
      const setting = yield* make({ host: refusing(true) })
      const { run } = yield* load(
        setting,
        moduleOf(setting, () => undefined)
      )
      assert.strictEqual(run(0), missing.reason)
      let running = 0
      const second: Host = {
        ...refusing(true),
        spawn: () => {
          if (running === 1) throw new TypeError("never")
          running++
          return { started: Promise.resolve(undefined), terminate: () => Promise.resolve(running--) }
        }
      }
      const refused = yield* Effect.scoped(Effect.flip(make({ host: second, threads: 3 })))
      assert.match(refused.reason, /never; ask nicely/)
      assert.strictEqual(running, 0)
    }).pipe(Effect.scoped)
  )
})

/** The threads that are started meanwhile. */
const watched = Effect.acquireRelease(
  Effect.sync(() => {
    const started: Array<Thread> = []
    class Watched extends Thread {
      constructor(...args: ConstructorParameters<typeof Thread>) {
        super(...args)
        started.push(this)
      }
    }
    const spy = vi.spyOn(process, "getBuiltinModule").mockReturnValue({ Worker: Watched })
    return { started, spy }
  }),
  ({ spy }) => Effect.sync(() => spy.mockRestore())
)

describe("a device with threads", () => {
  it.effect("is lost where a thread dies, and others are not", () =>
    Effect.gen(function* () {
      const { started } = yield* watched
      const large = Tensor.mul(Tensor.tanh(Tensor.ones([64, 4096])), 2)
      const build = Layer.build(Wasm.layerWith({ threads: 2 }))
      const [device, other] = [Context.get(yield* build, Device), Context.get(yield* build, Device)]
      const [x] = yield* device.realize([large])
      yield* device.read(Tensor.mul(x, x))
      yield* Effect.promise(() => started[0].terminate())
      // Programs that the threads have, that they do not have, and that one thread runs alone.
      for (const tensor of [Tensor.mul(x, x), Tensor.sin(x), Tensor.exp(Tensor.ones([]))]) {
        const failure = yield* Effect.flip(device.read(tensor))
        assert.strictEqual(failure._tag, "DeviceLost")
        assert.strictEqual(failure.message, "the device wasm is lost: thread 1: it ended")
      }
      assert.closeTo((yield* other.read(large)).data[0], 2 * Math.tanh(1), 1e-6)
    }).pipe(Effect.scoped)
  )
})

it("a process with devices that nobody closes ends by itself", async () => {
  const script = fileURLToPath(new URL("pool/leaving.ts", import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  assert.strictEqual(stdout, "8 8\n")
})
