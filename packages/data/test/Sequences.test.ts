import { assert, describe, it, layer } from "@effect/vitest"
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import * as Random from "@cotangent/tensor/Random"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Stream from "effect/Stream"
import * as Sequences from "../src/Sequences.ts"

const sequences = fc.array(fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: 9 }), { maxLength: 20 })

/** The sequences of a padded array; every element after one is padding. */
const unpad = ({ length, token }: Sequences.Padded, padding: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from(length.data, (count, i) => {
    const row = [...token.data.subarray(i * token.shape[1], (i + 1) * token.shape[1])]
    assert.isTrue(row.slice(count).every((value) => value === padding))
    return row.slice(0, count)
  })

describe("Sequences.pad", () => {
  it("keeps every sequence, and fills up behind it", () =>
    fc.assert(
      fc.property(sequences, fc.nat(3), fc.integer(), (given, more, padding) => {
        const most = Math.max(0, ...given.map(({ length }) => length))
        assert.deepStrictEqual(unpad(Sequences.pad(given, { padding, length: most + more }), padding), given)
        assert.deepStrictEqual(Sequences.pad(given).token.shape, [given.length, most])
      })
    ))

  it("names a sequence that is too long", () => {
    assert.throws(() => Sequences.pad([[1], [1, 2, 3]], { length: 2 }), /at most 2 tokens, received 3 in sequence 1/)
  })
})

const options = { size: 3, boundaries: [2, 5, 9] }

const collect = <C extends Sequences.SequenceColumns, E, R>(stream: Stream.Stream<Sequences.SequenceBatch<C>, E, R>) =>
  Stream.runCollect(stream)

const placesOf = (batches: ReadonlyArray<Sequences.SequenceBatch<Sequences.SequenceColumns>>) =>
  batches.map(({ place }) => [...place.data])

layer(ReferenceDevice.layer)("Sequences.batches", (it) => {
  it.effect("hold every example once, in the bucket that it fits into best", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(sequences, fc.boolean(), async (source, isShuffled) => {
          const target = source.map((sequence) => sequence.slice(1))
          const columns = { source, target }
          const stream = isShuffled
            ? Sequences.batches(columns, { ...options, padding: -1, key: Random.key(1), epoch: 0 })
            : Sequences.batches(columns, { ...options, padding: -1 })
          const batches = await Effect.runPromise(Effect.provide(collect(stream), ReferenceDevice.layer))
          assert.strictEqual(batches.length, Sequences.countBatches(columns, options))
          for (const { columns: batch, place } of batches) {
            const places = [...place.data]
            assert.deepStrictEqual(
              unpad(batch.source, -1),
              places.map((i) => source[i])
            )
            assert.deepStrictEqual(
              unpad(batch.target, -1),
              places.map((i) => target[i])
            )
            assert.isAtMost(places.length, 3)
            for (const i of places) {
              assert.strictEqual(
                batch.source.token.shape[1],
                options.boundaries.find((b) => source[i].length <= b)
              )
            }
          }
          assert.sameMembers(placesOf(batches).flat(), [...source.keys()])
        }),
        { numRuns: 40 }
      )
    )
  )

  const many = { text: Array.from({ length: 40 }, (_, i) => Array<number>(i % 10).fill(i + 1)) }

  it.effect("are the same for equal keys and epochs, and go on after a cursor", () =>
    Effect.gen(function* () {
      const shuffled = { ...options, key: Random.key(3), epoch: 1 }
      const whole = placesOf(yield* collect(Sequences.batches(many, shuffled)))
      assert.deepStrictEqual(placesOf(yield* collect(Sequences.batches(many, { ...shuffled, prefetch: 2 }))), whole)
      assert.notDeepEqual(placesOf(yield* collect(Sequences.batches(many, { ...shuffled, epoch: 2 }))), whole)
      for (const from of [1, 5, whole.length]) {
        const rest = placesOf(yield* collect(Sequences.batches(many, { ...shuffled, from })))
        assert.deepStrictEqual(rest, whole.slice(from))
      }
    })
  )

  it.effect("are full if others are left out", () =>
    Effect.gen(function* () {
      const full = { ...options, dropLast: true }
      const batches = yield* collect(Sequences.batches(many, full))
      assert.isTrue(placesOf(batches).every((places) => places.length === 3))
      assert.strictEqual(batches.length, Sequences.countBatches(many, full))
      assert.deepStrictEqual(yield* collect(Sequences.batches({ text: [] }, options)), [])
    })
  )

  it.effect("throw for what fits into no batch", () =>
    Effect.sync(() => {
      const long = { text: [[1], Array<number>(10).fill(1)] }
      assert.throws(() => Sequences.batches(long, options), /at most 9 tokens, received 10 in sequence 1/)
      assert.throws(() => Sequences.batches({ a: [[1]], b: [] }, options), /columns of 1, 0 sequences/)
      assert.throws(
        () => Sequences.batches(long, { size: 1, boundaries: [3, 3] }),
        /boundaries from 1.*received \[3, 3\]/
      )
      assert.throws(() => Sequences.batches(long, { ...options, size: 0 }), /a size from 1, received 0/)
    })
  )
})
