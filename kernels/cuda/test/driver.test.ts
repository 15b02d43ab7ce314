import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { at, input, memory, output, planOf } from "./plans.ts"
import { emulator, nothing, remains } from "./support.ts"

const standIn = emulator()
const { open } = standIn

describe.skipIf(standIn.obstacle !== undefined)("a device", () => {
  it.effect("says what it is", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { info } = yield* open()
        assert.strictEqual(info.name, "CUDA on the CPU")
        assert.strictEqual(info.architecture, 90)
        assert.strictEqual(info.driverVersion, "13.0")
        assert.match(info.libraries.nvrtc, /libnvrtc/)
      })
    )
  )

  it.effect("gives back what was written, of any length", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        for (const length of [0, 1, 3, 64, 1000, 2 ** 21 + 5, 5_000_000]) {
          const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) % 251)
          const allocation = yield* driver.allocate(length)
          yield* driver.write(allocation, bytes)
          const read = yield* driver.read(allocation, length)
          driver.free(allocation)
          assert.strictEqual(Buffer.compare(read, bytes), 0)
        }
      })
    )
  )

  it.effect("reads what was there when it was asked, whatever comes later", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const allocation = yield* driver.allocate(4)
        yield* driver.write(allocation, new Uint8Array([1, 2, 3, 4]))
        const [first, , second] = yield* Effect.all(
          [
            driver.read(allocation, 4),
            driver.write(allocation, new Uint8Array([5, 6, 7, 8])),
            Effect.andThen(Effect.yieldNow, driver.read(allocation, 4))
          ],
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual([...first], [1, 2, 3, 4])
        assert.include([1, 5], second[0])
        driver.free(allocation)
      })
    )
  )

  it.effect("says how much there is when it has no memory for something", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open({ MEMORY: 1 << 20 })
        const first = yield* driver.allocate(1 << 19)
        const failure = yield* Effect.flip(driver.allocate((1 << 19) + 1))
        assert.strictEqual(failure._tag, "OutOfMemory")
        assert.include(failure, { device: "cuda:0", requested: (1 << 19) + 1, available: 1 << 19 })
        driver.free(first)
      })
    )
  )

  it.effect("takes the time of what it does", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const [value, time] = yield* driver.timed(Effect.succeed(7))
        assert.strictEqual(value, 7)
        assert.isAtLeast(time, 0)
      })
    )
  )

  it.effect("takes the time of every operation of a plan, and what the plan does stays the same", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const bytes = Uint8Array.from({ length: 64 }, (_, i) => i)
        const from = yield* memory(driver, 64)
        const to = yield* memory(driver, 64)
        yield* driver.write(from, bytes)
        const copy = { tag: "copy", from: at(input(0)), to: at(output(0)), bytes: 32 } as const
        const clear = { tag: "clear", place: at(output(0), 32), bytes: 32 } as const
        const plan = planOf("", [copy, clear])
        const prepared = yield* driver.prepare(plan, { inputs: 1, outputs: 1 })
        const run = prepared.run([from], [to])
        const [, times] = yield* driver.profiled(Effect.andThen(run, run))
        assert.deepStrictEqual(
          times.map(({ operation }) => operation),
          [copy, clear, copy, clear]
        )
        for (const { ms } of times) assert.isAtLeast(ms, 0)
        assert.deepStrictEqual([...(yield* driver.read(to, 64))], [...bytes.subarray(0, 32), ...new Uint8Array(32)])
        const [, after] = yield* Effect.andThen(run, driver.profiled(Effect.void))
        assert.deepStrictEqual(after, [])
      })
    )
  )

  it.effect("leaves nothing behind", () =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const driver = yield* open()
          const allocation = yield* driver.allocate(1000)
          yield* driver.write(allocation, new Uint8Array(1000))
          yield* driver.read(allocation, 1000)
          driver.free(allocation)
        })
      )
      assert.deepStrictEqual(remains(standIn), nothing)
    })
  )

  it.effect("gives a step the same addresses again, in whatever order it gave them back", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open({}, { COTANGENT_CUDA_POOL: "" })
        const round = Effect.forEach([1000, 70, 900, 1024, 512, 1, 0], driver.allocate)
        const first = yield* round
        first.forEach(driver.free)
        const expected = (yield* Effect.tap(round, (pieces) => Effect.sync(() => pieces.forEach(driver.free)))).map(
          ({ address }) => address
        )
        assert.strictEqual(new Set(expected).size, expected.length)
        const orders = fc.shuffledSubarray([...expected.keys()], { minLength: expected.length })
        for (const order of fc.sample(orders, 20)) {
          const pieces = yield* round
          const addresses = pieces.map(({ address }) => address)
          for (const i of order) driver.free(pieces[i])
          assert.deepStrictEqual(addresses, expected)
        }
      })
    )
  )
})
