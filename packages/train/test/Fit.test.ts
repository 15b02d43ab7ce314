import { assert, describe, it } from "@effect/vitest"
import { Device } from "@cotangent/runtime/Device"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { Event } from "../src/Event.ts"
import type { Snapshot } from "../src/Fit.ts"
import { fit } from "../src/Fit.ts"
import * as Stop from "../src/Stop.ts"
import type { Line } from "./line.ts"
import { batches, initial, lossOf, numbers, onReference, step } from "./line.ts"

const task = { initial, step, batches, epochs: 2 }

const tags = (events: ReadonlyArray<Event>) => events.map(({ _tag }) => _tag)

/** Three steps of an epoch, in short. */
const steps = ["Step", "Step", "Step"] as const

class Broken extends Data.TaggedError("Broken")<{ readonly at: string }> {}

describe("fit", () => {
  it.effect("gives the events of a training in order", () =>
    onReference(
      Effect.gen(function* () {
        const training = yield* fit(task)
        const events = yield* Stream.runCollect(training.events)
        assert.deepStrictEqual(tags(events), [
          "Started",
          ...steps,
          "EpochFinished",
          ...steps,
          "EpochFinished",
          "Stopped"
        ])
        assert.deepStrictEqual(events[0], { _tag: "Started", device: "reference", epoch: 0, epochs: 2, step: 0 })
        assert.deepStrictEqual(
          events.flatMap((event) => (event._tag === "Step" ? [[event.epoch, event.step, event.examples]] : [])),
          [
            [0, 1, 2],
            [0, 2, 2],
            [0, 3, 1],
            [1, 4, 2],
            [1, 5, 2],
            [1, 6, 1]
          ]
        )
        assert.deepStrictEqual(events.at(-1), { _tag: "Stopped", reason: "completed", epoch: 2, step: 6 })
      })
    )
  )

  it.effect("folds the step over the batches", () =>
    onReference(
      Effect.gen(function* () {
        const device = yield* Device
        const training = yield* fit(task)
        yield* Stream.runDrain(training.events)
        let expected = initial
        const all = Stream.make(0, 1).pipe(Stream.flatMap((epoch) => batches({ epoch, batch: 0, step: 0 })))
        for (const batch of yield* Stream.runCollect(all)) expected = step(expected, batch).state
        const { params, steps: count } = yield* training.state
        assert.deepStrictEqual(yield* numbers(yield* training.state), yield* numbers(expected))
        assert.strictEqual(yield* device.readNumber(count), 6)
        assert.isBelow(Math.abs((yield* device.readNumber(params.slope)) - 3), 3)
      })
    )
  )

  it.effect("reports the loss of the state that a step starts from, and the mean over the epoch", () =>
    onReference(
      Effect.gen(function* () {
        const device = yield* Device
        const training = yield* fit({ ...task, epochs: 1 })
        const events = yield* Stream.runCollect(training.events)
        const losses = events.flatMap((event) => (event._tag === "Step" ? [event.loss] : []))
        const [first] = yield* Stream.runCollect(batches({ epoch: 0, batch: 0, step: 0 }))
        assert.strictEqual(losses[0], yield* device.readNumber(lossOf(initial, first)))
        const finished = events.find((event) => event._tag === "EpochFinished")
        assert.strictEqual(finished?.loss, (losses[0] + losses[1] + losses[2]) / 3)
      })
    )
  )

  it.effect("reads the loss only as often as it is told, and counts what lies between", () =>
    onReference(
      Effect.gen(function* () {
        const training = yield* fit({ ...task, readEvery: 4 })
        const events = yield* Stream.runCollect(training.events)
        assert.deepStrictEqual(tags(events), ["Started", "EpochFinished", "Step", "EpochFinished", "Stopped"])
        const read = events.find((event) => event._tag === "Step")
        assert.deepStrictEqual([read?.step, read?.examples], [4, 7])
        assert.isTrue(events.every((event) => event._tag !== "EpochFinished" || Number.isFinite(event.loss)))
      })
    )
  )

  it.effect("keeps memory flat, and the initial state usable", () =>
    onReference(
      Effect.gen(function* () {
        const device = yield* Device
        const mine = yield* device.realize(initial)
        const counts: Array<number> = []
        const training = yield* fit({
          ...task,
          initial: mine,
          epochs: 8,
          evaluate: () =>
            Effect.as(
              Effect.tap(device.liveBuffers, (count) => Effect.sync(() => counts.push(count))),
              {}
            )
        })
        yield* Stream.runDrain(training.events)
        assert.strictEqual(counts.length, 8)
        assert.strictEqual(new Set(counts).size, 1)
        assert.deepStrictEqual(yield* numbers(mine), [0, 0, 0])
      })
    )
  )

  it.effect("measures each epoch and times with the clock", () =>
    onReference(
      Effect.gen(function* () {
        const evaluate = (state: Line) =>
          Effect.map(Effect.andThen(Effect.sleep("250 millis"), numbers(state)), ([slope]) => ({ slope }))
        const training = yield* fit({ ...task, epochs: 1, evaluate })
        const fiber = yield* Effect.forkChild(Stream.runCollect(training.events))
        yield* TestClock.adjust("250 millis")
        const finished = (yield* Fiber.join(fiber)).find((event) => event._tag === "EpochFinished")
        assert.strictEqual(finished?.millis, 250)
        assert.deepStrictEqual(finished?.metrics, { slope: (yield* numbers(yield* training.state))[0] })
      })
    )
  )

  it.effect("runs no further than its consumer asks", () =>
    onReference(
      Effect.gen(function* () {
        const training = yield* fit(task)
        yield* training.events.pipe(Stream.take(3), Stream.runDrain)
        assert.strictEqual((yield* numbers(yield* training.state))[2], 2)
      })
    )
  )

  it.effect("goes on from a cursor as if it had not stopped", () =>
    onReference(
      Effect.gen(function* () {
        const whole = yield* fit(task)
        yield* Stream.runDrain(whole.events)
        const part = yield* fit(task)
        yield* part.events.pipe(Stream.take(5), Stream.runDrain)
        const rest = yield* fit({ ...task, initial: yield* part.state, cursor: { epoch: 1, batch: 0, step: 3 } })
        const events = yield* Stream.runCollect(rest.events)
        assert.deepStrictEqual(tags(events), ["Started", ...steps, "EpochFinished", "Stopped"])
        assert.deepStrictEqual(yield* numbers(yield* rest.state), yield* numbers(yield* whole.state))
      })
    )
  )

  it.effect("fails as its parts fail, and keeps the state from before", () =>
    onReference(
      Effect.gen(function* () {
        const failing = Stream.concat(
          batches({ epoch: 0, batch: 0, step: 0 }),
          Stream.fail(new Broken({ at: "batches" }))
        )
        const training = yield* fit({ ...task, batches: () => failing })
        assert.deepStrictEqual(yield* Effect.flip(Stream.runDrain(training.events)), new Broken({ at: "batches" }))
        assert.strictEqual((yield* numbers(yield* training.state))[2], 3)
        const evaluate = () => Effect.fail(new Broken({ at: "evaluate" }))
        const save = () => Effect.fail(new Broken({ at: "save" }))
        for (const options of [{ evaluate }, { checkpoint: { save } }]) {
          const { events } = yield* fit({ ...task, ...options })
          const error = yield* Effect.flip(Stream.runDrain(events))
          assert.strictEqual(error._tag === "Broken" && error.at in { save, evaluate }, true)
        }
      })
    )
  )
})

describe("stopping", () => {
  it.effect("finishes the step, writes a checkpoint and says why", () =>
    onReference(
      Effect.gen(function* () {
        const stop = yield* Stop.make
        const saved: Array<unknown> = []
        const save = ({ cursor, state }: Snapshot<Line>) =>
          Effect.map(numbers(state), (values) => {
            saved.push([cursor, values[2]])
            return "here"
          })
        const training = yield* fit({ ...task, stop, checkpoint: { save } })
        const events = yield* training.events.pipe(
          Stream.tap((event) =>
            event._tag === "Step" && event.step === 5 ? Stop.request(stop, "interrupted") : Effect.void
          ),
          Stream.runCollect
        )
        assert.deepStrictEqual(
          events.slice(-3).map((event) => ({ ...event, millis: 0, loss: 0, metrics: 0 })),
          [
            { _tag: "Step", step: 5, epoch: 1, examples: 2, millis: 0, loss: 0, metrics: 0 },
            { _tag: "Checkpointed", path: "here", step: 5, millis: 0, loss: 0, metrics: 0 },
            { _tag: "Stopped", reason: "interrupted", epoch: 1, step: 5, millis: 0, loss: 0, metrics: 0 }
          ]
        )
        assert.deepStrictEqual(saved, [
          [{ epoch: 1, batch: 0, step: 3 }, 3],
          [{ epoch: 1, batch: 2, step: 5 }, 5]
        ])
      })
    )
  )

  it.effect("does nothing at all if the stop was requested before", () =>
    onReference(
      Effect.gen(function* () {
        const stop = yield* Stop.make
        yield* Stop.request(stop, "first")
        yield* Stop.request(stop, "second")
        const { events } = yield* fit({ ...task, stop })
        assert.deepStrictEqual((yield* Stream.runCollect(events)).slice(1), [
          { _tag: "Stopped", reason: "first", epoch: 0, step: 0 }
        ])
      })
    )
  )

  it.effect("checkpoints stand after the epochs and every so many steps", () =>
    onReference(
      Effect.gen(function* () {
        const save = ({ cursor }: Snapshot<Line>) => Effect.succeed(`${cursor.epoch}.${cursor.batch}`)
        const { events } = yield* fit({ ...task, checkpoint: { save, everySteps: 2 } })
        const seen = (yield* Stream.runCollect(events)).flatMap((event) =>
          event._tag === "Step" ? [String(event.step)] : event._tag === "Checkpointed" ? [event.path] : []
        )
        assert.deepStrictEqual(seen, ["1", "2", "0.2", "3", "1.0", "4", "1.1", "5", "6", "1.3", "2.0"])
      })
    )
  )

  it.effect("interruption in the middle of a step loses neither state nor memory", () =>
    onReference(
      Effect.gen(function* () {
        const training = yield* fit({ ...task, epochs: 1000 })
        const fiber = yield* Effect.forkChild(Stream.runDrain(training.events))
        yield* Effect.yieldNow
        yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        assert.isAtLeast((yield* numbers(yield* training.state))[2], 0)
      })
    )
  )
})
