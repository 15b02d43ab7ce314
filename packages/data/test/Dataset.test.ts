import { assert, describe, it, layer } from "@effect/vitest"
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import { Device } from "@cotangent/runtime/Device"
import { make } from "@cotangent/tensor/HostArray"
import type { HostArray } from "@cotangent/tensor/HostArray"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Dataset from "../src/Dataset.ts"

/** `size` examples: their number, and a row of two that begins with it. */
const examples = (size: number): Dataset.Dataset<{ readonly id: HostArray<"i32">; readonly row: HostArray<"f32"> }> =>
  Dataset.make({
    id: make(
      [size],
      "i32",
      Array.from({ length: size }, (_, i) => i)
    ),
    row: make(
      [size, 2],
      "f32",
      Array.from({ length: 2 * size }, (_, i) => (i % 2 === 0 ? i / 2 : -1))
    )
  })

const idsOf = ({ columns }: { readonly columns: { readonly id: HostArray } }): ReadonlyArray<number> => [
  ...columns.id.data
]

describe("Dataset.make", () => {
  it("throws unless all columns have the same leading extent", () => {
    const columns = { x: make([2], "u8", [1, 2]), y: make([3], "u8", [1, 2, 3]) }
    assert.throws(() => Dataset.make(columns), /Dataset.make: expected one column or more.*received \[2\] and \[3\]/)
    assert.throws(() => Dataset.make({ x: make([], "u8", [1]) }), /Dataset.make/)
    assert.throws(() => Dataset.make({}), /Dataset.make/)
  })
})

describe("parts of a dataset", () => {
  it("take gives the first examples, or all", () => {
    assert.deepStrictEqual(idsOf(Dataset.take(examples(5), 2)), [0, 1])
    assert.deepStrictEqual(examples(5).columns, Dataset.take(9)(examples(5)).columns)
    assert.deepStrictEqual(Dataset.take(examples(5), 0).columns.row.shape, [0, 2])
    assert.throws(() => Dataset.take(examples(5), -1), /Dataset.take: expected a whole number from 0, received -1/)
  })

  it("split gives each example to one of two", () => {
    const [first, second] = Dataset.split(examples(5), 3)
    assert.deepStrictEqual(
      [idsOf(first), idsOf(second)],
      [
        [0, 1, 2],
        [3, 4]
      ]
    )
    assert.deepStrictEqual(second.columns.row, make([2, 2], "f32", [3, -1, 4, -1]))
    assert.throws(() => Dataset.split(examples(5), 6), /Dataset.split: expected a whole number from 0 to 5, received 6/)
  })

  it("map rewrites the columns as a whole", () => {
    const renamed = Dataset.map(examples(3), ({ row }) => ({ x: row }))
    assert.deepStrictEqual(Object.keys(renamed.columns), ["x"])
    assert.throws(() => Dataset.map(examples(3), ({ id }) => ({ id, one: make([1], "u8", [1]) })), /Dataset.make/)
  })

  it("filter keeps what is accepted, in its order", () => {
    const odd = Dataset.filter(examples(6), (i, { id }) => id.data[i] % 2 === 1)
    assert.deepStrictEqual(odd, Dataset.gather(examples(6), [1, 3, 5]))
    assert.strictEqual(Dataset.filter(() => false)(examples(6)).size, 0)
  })

  it("gather gives the examples that are named", () => {
    const gathered = Dataset.gather(examples(4), [3, 0, 3])
    assert.deepStrictEqual(gathered.columns, {
      id: make([3], "i32", [3, 0, 3]),
      row: make([3, 2], "f32", [3, -1, 0, -1, 3, -1])
    })
    for (const index of [-1, 4, 0.5, Number.NaN]) {
      assert.throws(() => Dataset.gather(examples(4), [index]), /Dataset.gather: expected whole numbers from 0 to 3/)
    }
  })
})

const collect = <E, R>(stream: Stream.Stream<{ readonly id: HostArray; readonly row: HostArray }, E, R>) =>
  Effect.map(Stream.runCollect(stream), (batches) =>
    batches.map(({ id, row }) => {
      assert.deepStrictEqual(
        [...id.data],
        [...row.data].filter((_, i) => i % 2 === 0)
      )
      assert.deepStrictEqual(row.shape, [id.shape[0], 2])
      return [...id.data]
    })
  )

describe("Dataset.batches", () => {
  it.effect("goes through the dataset in its order, the last batch being smaller", () =>
    Effect.gen(function* () {
      const batches = yield* collect(Dataset.batches(examples(5), { size: 2 }))
      assert.deepStrictEqual(batches, [[0, 1], [2, 3], [4]])
    })
  )

  it.effect("leaves out the smaller last batch if told", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collect(Dataset.batches(examples(5), { size: 2, dropLast: true })), [
        [0, 1],
        [2, 3]
      ])
      assert.deepStrictEqual(yield* collect(Dataset.batches(examples(4), { size: 2, dropLast: true })), [
        [0, 1],
        [2, 3]
      ])
      assert.deepStrictEqual(yield* collect(Dataset.batches(examples(1), { size: 2, dropLast: true })), [])
      assert.deepStrictEqual(yield* collect(Dataset.batches(examples(0), { size: 2 })), [])
    })
  )

  it.effect("starts from the batch of a cursor", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collect(Dataset.batches(examples(5), { size: 2, from: 2 })), [[4]])
      assert.deepStrictEqual(yield* collect(Dataset.batches(examples(5), { size: 2, from: 3 })), [])
    })
  )

  it.effect("makes a batch only when it is asked for", () =>
    Effect.gen(function* () {
      const endless = Dataset.make({ x: make([2 ** 30, 0], "u8", []) })
      const batches = yield* Stream.runCollect(Stream.take(Dataset.batches(endless, { size: 2 }), 3))
      assert.deepStrictEqual(
        batches.map(({ x }) => x.shape),
        [
          [2, 0],
          [2, 0],
          [2, 0]
        ]
      )
    })
  )

  it("throws for options that are no counts", () => {
    assert.throws(() => Dataset.batches(examples(5), { size: 0 }), /Dataset.batches: expected a whole number from 1/)
    assert.throws(() => Dataset.batches(examples(5), { size: 1.5 }), /received 1.5/)
    assert.throws(() => Dataset.batches(examples(5), { size: 1, from: -1 }), /received -1/)
    assert.throws(() => Dataset.batches(examples(5), { size: 1, prefetch: -1 }), /received -1/)
    assert.throws(() => Dataset.batches(examples(5), { size: 1, key: Random.key(0), epoch: -1 }), /received -1/)
  })
})

layer(ReferenceDevice.layer)("shuffled batches", (it) => {
  const dataset = examples(23)
  const options = { size: 5, key: Random.key(7), epoch: 3 }

  it.effect("hold every example exactly once", () =>
    Effect.gen(function* () {
      const batches = yield* collect(Dataset.batches(dataset, options))
      assert.deepStrictEqual(
        batches.map((ids) => ids.length),
        [5, 5, 5, 5, 3]
      )
      assert.deepStrictEqual(
        batches.flat().toSorted((a, b) => a - b),
        idsOf(dataset)
      )
      assert.notDeepEqual(batches.flat(), idsOf(dataset))
    })
  )

  it.effect("are the same for the same key and epoch, and others for others", () =>
    Effect.gen(function* () {
      const first = yield* collect(Dataset.batches(dataset, options))
      assert.deepStrictEqual(yield* collect(Dataset.batches(dataset, { ...options, key: Random.key(7) })), first)
      assert.notDeepEqual(yield* collect(Dataset.batches(dataset, { ...options, key: Random.key(8) })), first)
      assert.notDeepEqual(yield* collect(Dataset.batches(dataset, { ...options, epoch: 4 })), first)
    })
  )

  it.effect("go on after a cursor exactly as they would have", () =>
    Effect.gen(function* () {
      const whole = yield* collect(Dataset.batches(dataset, options))
      for (let from = 0; from <= 6; from++) {
        assert.deepStrictEqual(yield* collect(Dataset.batches(dataset, { ...options, from })), whole.slice(from))
      }
    })
  )

  it.effect("are the same when made ahead", () =>
    Effect.gen(function* () {
      const whole = yield* collect(Dataset.batches(dataset, options))
      assert.deepStrictEqual(yield* collect(Dataset.batches(dataset, { ...options, prefetch: 2 })), whole)
    })
  )

  it.effect("of no examples are none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collect(Dataset.batches(examples(0), options)), [])
    })
  )

  it.effect("follow the permutation", () =>
    Effect.gen(function* () {
      const order = yield* Dataset.permutation(dataset, options)
      const batches = yield* collect(Dataset.batches(dataset, options))
      assert.deepStrictEqual(batches.flat(), [...order])
      assert.deepStrictEqual(idsOf(Dataset.gather(dataset, order)), [...order])
    })
  )

  it.effect("leave nothing on the device", () =>
    Effect.gen(function* () {
      yield* Stream.runDrain(Dataset.batches(dataset, options))
      assert.strictEqual(yield* (yield* Device).liveBuffers, 0)
    })
  )
})

describe("a device without memory", () => {
  it.effect("fails the stream of shuffled batches", () =>
    Effect.gen(function* () {
      const stream = Dataset.batches(examples(23), { size: 5, key: Random.key(7), epoch: 0 })
      const error = yield* Effect.flip(Stream.runDrain(stream))
      assert.strictEqual(error._tag, "OutOfMemory")
    }).pipe(Effect.provide(ReferenceDevice.layerWith({ memoryBytes: 16 })))
  )
})
