import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { failWhenNotFinite, stopWhenNoImprovement } from "../src/EarlyStopping.ts"
import { Event } from "../src/Event.ts"
import { fit } from "../src/Fit.ts"
import * as Stop from "../src/Stop.ts"
import { batches, initial, onReference, step } from "./line.ts"

/** Events of epochs with the given losses and accuracies. */
const epochs = (...values: ReadonlyArray<number>) =>
  Stream.fromIterable(values).pipe(
    Stream.zipWithIndex,
    Stream.map(([value, epoch]): Event =>
      Event.cases.EpochFinished.make({ epoch, step: 0, loss: value, metrics: { accuracy: value }, millis: 0 })
    )
  )

/** The epoch in which a stop was requested. */
const stopsIn = (
  events: Stream.Stream<Event>,
  options: Omit<Parameters<typeof stopWhenNoImprovement>[0], "stop">
): Effect.Effect<number | undefined> =>
  Effect.gen(function* () {
    const stop = yield* Stop.make
    let found: number | undefined
    yield* events.pipe(
      stopWhenNoImprovement({ ...options, stop }),
      Stream.runForEach((event) =>
        Effect.map(Stop.requested(stop), (reason) => {
          if (reason !== undefined && event._tag === "EpochFinished") found ??= event.epoch
        })
      )
    )
    return found
  })

describe("stopWhenNoImprovement", () => {
  it.effect("waits for so many epochs since the best one", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stopsIn(epochs(3, 2, 2.5, 1, 1.5, 1.2, 0), { metric: "loss", epochs: 2 }), 5)
      assert.strictEqual(yield* stopsIn(epochs(3, 2, 2.5, 1, 1.5, 1.2, 0), { metric: "loss", epochs: 3 }), undefined)
    })
  )

  it.effect("can look for more instead of less, and for a least change", () =>
    Effect.gen(function* () {
      const rising = epochs(0.5, 0.6, 0.61, 0.62, 0.63)
      assert.strictEqual(yield* stopsIn(rising, { metric: "accuracy", epochs: 2 }), 2)
      assert.strictEqual(yield* stopsIn(rising, { metric: "accuracy", epochs: 2, maximize: true }), undefined)
      assert.strictEqual(yield* stopsIn(rising, { metric: "accuracy", epochs: 2, maximize: true, least: 0.05 }), 3)
    })
  )

  it.effect("takes NaN and a missing metric for no improvement", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stopsIn(epochs(1, Number.NaN, Number.NaN), { metric: "loss", epochs: 2 }), 2)
      assert.strictEqual(yield* stopsIn(epochs(3, 2, 1), { metric: "missing", epochs: 2 }), 1)
    })
  )

  it.effect("ends a training through its stop", () =>
    onReference(
      Effect.gen(function* () {
        const stop = yield* Stop.make
        let epoch = 0
        const evaluate = () => Effect.sync(() => ({ accuracy: [0.5, 0.7, 0.6, 0.6, 0.9][epoch++] }))
        const training = yield* fit({ initial, step, batches, epochs: 5, evaluate, stop })
        const last = yield* training.events.pipe(
          stopWhenNoImprovement({ metric: "accuracy", epochs: 2, maximize: true, stop }),
          Stream.runLast
        )
        assert.deepStrictEqual(
          last._tag === "Some" ? last.value : undefined,
          Event.cases.Stopped.make({ reason: "no improvement of accuracy for 2 epochs", epoch: 4, step: 12 })
        )
      })
    )
  )
})

describe("failWhenNotFinite", () => {
  it.effect("passes finite losses and fails at the first other one", () =>
    Effect.gen(function* () {
      const seen: Array<Event> = []
      const error = yield* epochs(2, 1, Infinity, 0).pipe(
        failWhenNotFinite,
        Stream.runForEach((event) => Effect.sync(() => seen.push(event))),
        Effect.flip
      )
      assert.strictEqual(seen.length, 2)
      assert.match(error.message, /^the loss of step 0: expected finite values/)
    })
  )

  it.effect("fails before the checkpoint of the step that diverged", () =>
    onReference(
      Effect.gen(function* () {
        let saved = 0
        const save = () => Effect.sync(() => `${++saved}`)
        const training = yield* fit({ initial, step, batches, epochs: 1, checkpoint: { save, everySteps: 1 } })
        yield* training.events.pipe(
          Stream.map((event): Event =>
            event._tag === "Step" && event.step === 2 ? { ...event, loss: Number.NaN } : event
          ),
          failWhenNotFinite,
          Stream.runDrain,
          Effect.flip
        )
        assert.strictEqual(saved, 1)
      })
    )
  )
})
