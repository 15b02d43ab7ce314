import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { keepBest } from "../src/Best.ts"
import { stopWhenNoImprovement } from "../src/EarlyStopping.ts"
import { fit } from "../src/Fit.ts"
import * as Stop from "../src/Stop.ts"
import type { Line } from "./line.ts"
import { batches, initial, numbers, onReference, step } from "./line.ts"

/** A training whose epochs are judged as told; what `run` gives beside the states after all epochs. */
const judged = (scores: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const states: Array<ReadonlyArray<number>> = []
    const evaluate = (state: Line) =>
      Effect.map(numbers(state), (seen) => {
        states.push(seen)
        return { score: scores[states.length - 1] }
      })
    const training = yield* fit({ initial, step, batches, epochs: scores.length, evaluate })
    return { training, states }
  })

describe("keepBest", () => {
  it.effect("keeps the state after the epoch that was best, while later steps reuse its memory", () =>
    onReference(
      Effect.gen(function* () {
        const { states, training } = yield* judged([3, 1, 2, 1, 4])
        const { best, events } = keepBest(training, { metric: "score" })
        assert.isUndefined(yield* best)
        yield* Stream.runDrain(events)
        const found = yield* best
        assert.deepStrictEqual([found?.epoch, found?.value], [1, 1])
        assert.deepStrictEqual(yield* numbers(found!.state), states[1])
        assert.notDeepEqual(states[1], states[4])
      })
    )
  )

  it.effect("can look for more instead of less, and for a least change; NaN is never best", () =>
    onReference(
      Effect.gen(function* () {
        const { training } = yield* judged([Number.NaN, 0.5, 0.55, 0.7, 0.65])
        const { best, events } = keepBest(training, { metric: "score", maximize: true, least: 0.1 })
        yield* Stream.runDrain(events)
        assert.deepStrictEqual((yield* best)?.epoch, 3)
        const other = yield* judged([Number.NaN, Number.NaN])
        const none = keepBest(other.training, { metric: "missing" })
        yield* Stream.runDrain(none.events)
        assert.isUndefined(yield* none.best)
      })
    )
  )

  it.effect("gives early stopping the state from before the wait", () =>
    onReference(
      Effect.gen(function* () {
        const stop = yield* Stop.make
        const scores = [3, 2, 5, 5, 5, 1]
        const states: Array<ReadonlyArray<number>> = []
        const evaluate = (state: Line) =>
          Effect.map(numbers(state), (seen) => {
            states.push(seen)
            return { score: scores[states.length - 1] }
          })
        const training = yield* fit({ initial, step, batches, epochs: 6, evaluate, stop })
        const { best, events } = keepBest(training, { metric: "score" })
        yield* Stream.runDrain(stopWhenNoImprovement({ metric: "score", epochs: 2, stop })(events))
        const found = (yield* best)!
        assert.deepStrictEqual([states.length, found.epoch], [4, 1])
        assert.deepStrictEqual(yield* numbers(found.state), states[1])
      })
    )
  )
})
