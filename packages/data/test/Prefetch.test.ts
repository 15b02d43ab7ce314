import { assert, layer } from "@effect/vitest"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import { make } from "@cotangent/tensor/HostArray"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Worker } from "node:worker_threads"
import * as Dataset from "../src/Dataset.ts"
import * as Prefetch from "../src/Prefetch.ts"
import type { task } from "./prefetch.worker.ts"

let started = 0
let running = 0
const workers = NodeWorker.layer(() => {
  const worker = new Worker(new URL("./prefetch.worker.ts", import.meta.url))
  started++
  running++
  worker.on("exit", () => void running--)
  return worker
})

const batchesOf = (places: ReadonlyArray<number>) =>
  Dataset.batches(Dataset.make({ place: make([places.length], "i32", places) }), { size: 2 })

const squares = (count: number, options: Prefetch.PrefetchOptions) =>
  batchesOf([...Array(count).keys()]).pipe(Prefetch.through<typeof task>(options), Stream.runCollect)

layer(workers, { excludeTestServices: true })("Prefetch", (it) => {
  it.effect("gives the same batches in the same order for any number of workers", () =>
    Effect.gen(function* () {
      const expected = [...Array(23).keys()].map((i) => i ** 2)
      for (const options of [{ workers: 1 }, { workers: 3 }, { workers: 2, ahead: 7 }]) {
        const results = yield* squares(23, options)
        assert.deepStrictEqual(
          results.flatMap(({ square }) => [...square.data]),
          expected
        )
        assert.strictEqual(new Set(results.map(({ thread }) => thread)).size, options.workers)
      }
    })
  )

  it.effect("ends its workers with the stream", () =>
    Effect.gen(function* () {
      const before = started
      const first = yield* Stream.runCollect(
        Stream.take(batchesOf([...Array(50).keys()]).pipe(Prefetch.through<typeof task>({ workers: 2 })), 1)
      )
      assert.deepStrictEqual([...first[0].square.data], [0, 1])
      assert.strictEqual(started, before + 2)
      assert.strictEqual(running, 0)
    })
  )

  it.effect("asks for no more inputs than may be begun", () =>
    Effect.gen(function* () {
      let asked = 0
      yield* batchesOf([...Array(100).keys()]).pipe(
        Stream.tap(() => Effect.sync(() => void asked++)),
        Prefetch.through<typeof task>({ workers: 1, ahead: 3 }),
        Stream.take(2),
        Stream.runDrain
      )
      assert.isAtMost(asked, 6)
    })
  )

  it.effect("fails as a task does, after what came before it", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const error = yield* batchesOf([1, 2, 3, 4, 100, 5, 6, 7]).pipe(
        Prefetch.through<typeof task>({ workers: 2 }),
        Stream.runForEach(({ square }) => Effect.sync(() => void seen.push(...square.data))),
        Effect.flip
      )
      assert.strictEqual(error.message, "a.png is not a valid picture file: it is damaged")
      assert.strictEqual(error._tag, "FormatError")
      assert.deepStrictEqual(seen, [1, 4, 9, 16])
    })
  )

  it.effect("names a defect of a task, and a worker that ends", () =>
    Effect.gen(function* () {
      for (const [place, reason] of [
        [101, "a defect"],
        [102, "exited with code: 7"]
      ] as const) {
        const error = yield* batchesOf([place]).pipe(
          Prefetch.through<typeof task>({ workers: 2 }),
          Stream.runDrain,
          Effect.flip
        )
        assert.strictEqual(error._tag, "TaskFailed")
        assert.include(error.message, reason)
      }
    })
  )

  it.effect("throws for counts that are none", () =>
    Effect.sync(() => {
      assert.throws(
        () => Prefetch.through<typeof task>({ workers: 0 }),
        /Prefetch.through: expected a whole number of workers/
      )
      assert.throws(
        () => Prefetch.through<typeof task>({ workers: 1, ahead: 0.5 }),
        /batches ahead from 1, received 0.5/
      )
    })
  )
})
