import { assert, describe, it } from "@effect/vitest"
import { Device } from "@cotangent/runtime/Device"
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import * as Random from "@cotangent/tensor/Random"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import * as Statistics from "../src/Statistics.ts"
import { onReference } from "./line.ts"

type Vector = Tensor.Tensor<readonly [number], "f32">
type Batch = Tensor.Tensor<readonly [number, 2], "f32">

/** The running averages of a layer that normalizes, and of one after it; how many batches they have seen. */
interface State {
  readonly mean: Vector
  readonly inner: { readonly power: Vector }
  readonly seen: Tensor.Tensor<readonly [], "i32">
}

const stateOf = (value: number): State => ({
  mean: Tensor.full([2], value),
  inner: { power: Tensor.full([2], -value) },
  seen: Tensor.full([], 5, "i32")
})

/** Averages that move by shares of their own, as in training. */
const next =
  (share: number) =>
  ({ inner, mean, seen }: State, batch: Batch): State => {
    const moved = (before: Vector, now: Vector, by: number) =>
      Tensor.add(Tensor.mul(before, 1 - by), Tensor.mul(Tensor.stopGradient(now), by))
    const center = Tensor.mean(batch, 0)
    const power = Tensor.mean(Tensor.square(Tensor.sub(batch, center)), 0)
    return {
      mean: moved(mean, center, share),
      inner: { power: moved(inner.power, power, share / 2) },
      seen: Tensor.add(seen, 1)
    }
  }

const rows = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })), {
  minLength: 1,
  maxLength: 4
})

const collected = (state: State, share: number, batches: ReadonlyArray<ReadonlyArray<readonly [number, number]>>) =>
  onReference(
    Effect.gen(function* () {
      const device = yield* Device
      const stream = Stream.fromIterable(batches.map((batch) => Tensor.of(batch.map((row) => [...row])) as Batch))
      const { inner, mean, seen } = yield* Statistics.collect(state, {
        next: next(share),
        batches: stream,
        key: Random.key(0)
      })
      const [means, powers] = [yield* device.read(mean), yield* device.read(inner.power)]
      return { mean: [...means.data], power: [...powers.data], seen: yield* device.readNumber(seen) }
    })
  )

const meanOf = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe("Statistics.collect", () => {
  it("gives the plain mean of what each batch says, whatever was known before and however slowly it moved", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(rows, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: -9, max: 9 }),
        fc.constantFrom(0.01, 0.1, 0.5, 1),
        async (batches, before, share) => {
          const { mean, power, seen } = await Effect.runPromise(collected(stateOf(before), share, batches))
          for (const column of [0, 1] as const) {
            const columns = batches.map((batch) => batch.map((row) => row[column]))
            const powers = columns.map((values) => meanOf(values.map((value) => (value - meanOf(values)) ** 2)))
            // Shares are known as well as `1 − share` is, whose rounding weighs more the smaller they are.
            const within = (value: number, of: number): number => (4 * 2 ** -24 * Math.max(1, Math.abs(value))) / of
            const [center, spread] = [meanOf(columns.map(meanOf)), meanOf(powers)]
            assert.closeTo(mean[column], center, within(50, share))
            assert.closeTo(power[column], spread, within(spread, share / 2))
          }
          // Whole numbers are no averages.
          assert.strictEqual(seen, 5)
        }
      ),
      { numRuns: 25 }
    ))

  it.effect("leaves what no batch moves as it is", () =>
    Effect.gen(function* () {
      const device = yield* Device
      const batches = Stream.make(Tensor.of([[1, 2]]) as Batch)
      const still = yield* Statistics.collect(stateOf(3), { next: (state) => state, batches, key: Random.key(0) })
      assert.deepStrictEqual([...(yield* device.read(still.mean)).data], [3, 3])
    }).pipe(Effect.provide(ReferenceDevice.layer))
  )

  it.effect("asks for batches", () =>
    Effect.gen(function* () {
      const none = { next: next(0.1), batches: Stream.empty, key: Random.key(0) }
      const exit = yield* Effect.exit(Statistics.collect(stateOf(0), none))
      assert.isTrue(exit._tag === "Failure" && Cause.hasDies(exit.cause))
      assert.match(String(exit), /expected batches, received none/)
    }).pipe(Effect.provide(ReferenceDevice.layer))
  )
})
