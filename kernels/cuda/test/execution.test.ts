import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { blocks } from "../src/driver/Blocks.ts"
import type { Block } from "../src/driver/Blocks.ts"
import type { Operation, Place } from "../src/Plan.ts"
import {
  at,
  f32,
  floats,
  i32,
  ints,
  input,
  launch,
  memory,
  output,
  planOf,
  pointer,
  runOnce,
  scratch,
  upload
} from "./plans.ts"
import { applyAll, cell, cells, operationsOf, program, scale, source } from "./programs.ts"
import { emulator, nothing, remains } from "./support.ts"

const standIn = emulator()
const { open, statistics } = standIn

describe.skipIf(standIn.obstacle !== undefined)("a plan", () => {
  it.effect("gives its kernels arguments of every kind", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const out = yield* memory(driver, 40)
        const counter = { name: "c" }
        const operation: Operation = {
          tag: "repeat",
          counter,
          count: 6,
          body: [
            launch(
              "arguments_",
              [1, 1],
              [
                { tag: "i64", value: -(2 ** 40) - 1 },
                f32(0.1),
                { tag: "f64", value: 0.1 },
                i32(-7),
                { tag: "counter", counter },
                pointer(at(output(0)))
              ]
            )
          ]
        }
        yield* runOnce(driver, planOf(source, [operation]), [], [out])
        const bytes = yield* driver.read(out, 40)
        const values = [...new Float64Array(bytes.buffer as ArrayBuffer)]
        assert.deepStrictEqual(values, [-(2 ** 40) - 1, Math.fround(0.1), 0.1, -7, 5])
      })
    )
  )

  it.effect("does what its operations say, in their order, however threads run, at the first run and from graphs", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          program,
          fc.array(fc.integer({ min: -99, max: 99 }), { minLength: cells, maxLength: cells }),
          fc.nat(2),
          fc.nat(1),
          (steps, start, ORDER, LAZY) =>
            Effect.runPromise(
              Effect.scoped(
                Effect.gen(function* () {
                  const driver = yield* open({ ORDER, LAZY })
                  const plan = planOf(
                    source,
                    [
                      { tag: "copy", from: at(input(0)), to: cell(0), bytes: 4 * cells },
                      ...operationsOf(steps),
                      { tag: "copy", from: cell(0), to: at(output(0)), bytes: 4 * cells }
                    ],
                    4 * (cells + 2)
                  )
                  const given = yield* upload(driver, Int32Array.from(start))
                  const out = yield* memory(driver, 4 * cells)
                  const { run } = yield* driver.prepare(plan, { inputs: 1, outputs: 1 })
                  for (let i = 0; i < 3; i++) {
                    const values = Int32Array.from(start, (value) => value + i)
                    yield* driver.write(given, new Uint8Array(values.buffer))
                    yield* run([given], [out])
                    applyAll(steps, values)
                    assert.deepStrictEqual(yield* ints(driver, out), values)
                  }
                })
              )
            )
        ),
        { numRuns: 60 }
      )
    )
  )

  it.effect("becomes a graph when the same addresses come again, and works where they do not", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const n = 100
        const shift = launch("shift", [4, 32], [pointer(at(output(0))), f32(1), i32(n)])
        const { run } = yield* driver.prepare(planOf(source, [shift, shift, shift, shift]), { inputs: 1, outputs: 1 })
        const outs = yield* Effect.forEach([0, 1, 2, 3, 4, 5, 6], () => upload(driver, new Float32Array(n)))
        const before = statistics()
        yield* run([outs[0]], [outs[0]])
        assert.strictEqual(statistics().replays, before.replays)
        for (let i = 0; i < 5; i++) yield* run([outs[0]], [outs[0]])
        assert.strictEqual(statistics().replays, before.replays + 5)
        for (let round = 0; round < 3; round++) for (const out of outs.slice(1)) yield* run([out], [out])
        assert.isAtMost(statistics().graphs - before.graphs, 4)
        assert.deepStrictEqual([...new Set(yield* floats(driver, outs[0]))], [24])
        for (const out of outs.slice(1)) assert.deepStrictEqual([...new Set(yield* floats(driver, out))], [12])
        assert.strictEqual(statistics().launches - before.launches, 4 * (6 + 18))
      })
    )
  )

  it.effect("is a graph, too, where what it reads and writes never lies at the same place", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const n = 100
        const operations: ReadonlyArray<Operation> = [
          { tag: "copy", from: at(input(0)), to: at(output(0)), bytes: 4 * n },
          ...[1, 2, 3].map(() => launch("shift", [4, 32], [pointer(at(output(0))), f32(1), i32(n)]))
        ]
        const { run } = yield* driver.prepare(planOf(source, operations), { inputs: 1, outputs: 1 })
        const before = statistics()
        for (let i = 0; i < 12; i++) {
          const given = yield* upload(driver, new Float32Array(n).fill(i))
          const out = yield* upload(driver, new Float32Array(n))
          yield* run([given], [out])
          assert.deepStrictEqual([...new Set(yield* floats(driver, out))], [i + 3])
          assert.deepStrictEqual([...new Set(yield* floats(driver, given))], [i])
        }
        assert.isAtLeast(statistics().replays - before.replays, 6)
        assert.strictEqual(statistics().graphs - before.graphs, 1)
      })
    )
  )

  it.effect("moves to other scratch memory when another plan needs more of it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const plan = (bytes: number) =>
          planOf(
            source,
            [
              { tag: "clear", place: at(scratch, bytes - 4), bytes: 4 },
              scale(at(scratch, bytes - 4), at(scratch, bytes - 4), 1, 5),
              { tag: "copy", from: at(scratch, bytes - 4), to: at(output(0)), bytes: 4 }
            ],
            bytes
          )
        const out = yield* memory(driver, 4)
        const small = yield* driver.prepare(plan(64), { inputs: 0, outputs: 1 })
        for (let i = 0; i < 3; i++) yield* small.run([], [out])
        const large = yield* driver.prepare(plan(4096), { inputs: 0, outputs: 1 })
        for (let i = 0; i < 3; i++) {
          yield* large.run([], [out])
          yield* small.run([], [out])
          assert.deepStrictEqual([...(yield* ints(driver, out))], [5])
        }
      })
    )
  )

  it.effect("gives kernels the shared memory that they ask for, more than 48 KiB, too", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const x = yield* upload(
          driver,
          Float32Array.from({ length: 256 }, (_, i) => i)
        )
        const y = yield* memory(driver, 4)
        for (const shared of [1024, 100_000]) {
          const call = launch("total", [1, 256], [pointer(at(input(0))), pointer(at(output(0)))], shared)
          yield* runOnce(driver, planOf(source, [call]), [x], [y])
          assert.deepStrictEqual([...(yield* floats(driver, y))], [(255 * 256) / 2])
        }
      })
    )
  )

  it.effect("that is no CUDA C does not compile, and the compiler says where", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const wrong = planOf('extern "C" __global__ void f(int* x) { x[0] = nothing; }', [])
        const failure = yield* Effect.flip(driver.prepare(wrong, { inputs: 0, outputs: 0 }))
        assert.strictEqual(failure._tag, "CompileFailed")
        assert.match(failure.message, /program\.cu.*nothing/s)
        const missing = planOf(source, [launch("missing", [1, 1], [])])
        const other = yield* Effect.flip(driver.prepare(missing, { inputs: 0, outputs: 0 }))
        assert.strictEqual(other._tag, "CompileFailed")
        assert.include(other.message, "cuModuleGetFunction")
      })
    )
  )

  it.effect("leaves nothing behind", () =>
    Effect.sync(() => {
      assert.deepStrictEqual(remains(standIn), nothing)
    })
  )
})

describe("the blocks of a plan", () => {
  const counter = { name: "c" }
  const clear = (place: Place): Operation => ({ tag: "clear", place, bytes: 4 })
  const shape = (list: ReadonlyArray<Block>): ReadonlyArray<string> =>
    list.map((block) =>
      block.tag === "straight"
        ? `${block.instances.length}`
        : block.tag === "rounds"
          ? `rounds ${block.count}`
          : block.tag
    )

  it("write repetitions out, up to a limit, and keep lists short", () => {
    const body = [clear(cell(0, counter)), clear(cell(1))]
    const plan = (count: number) =>
      planOf("", [clear(cell(0)), { tag: "repeat", counter, count, body }, clear(cell(0))])
    assert.deepStrictEqual(shape(blocks(plan(3))), ["8"])
    assert.deepStrictEqual(shape(blocks(plan(0))), ["2"])
    assert.deepStrictEqual(shape(blocks(plan(3), { repetition: 100, list: 5 })), ["5", "3"])
    assert.deepStrictEqual(shape(blocks(plan(3), { repetition: 5, list: 100 })), ["1", "rounds 3", "1"])
  })
})
