import { assert, describe, it } from "@effect/vitest"
import { ArgumentError } from "@cotangent/tensor/errors"
import { Device } from "@cotangent/runtime/Device"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { evaluator } from "../src/Evaluation.ts"
import type { Line, Points } from "./line.ts"
import { batches, initial, lossOf, onReference } from "./line.ts"

const from = { epoch: 0, batch: 0, step: 0 }

describe("evaluator", () => {
  it.effect("gives means over examples, however they are cut into batches", () =>
    onReference(
      Effect.gen(function* () {
        const device = yield* Device
        const evaluate = yield* evaluator((state: Line, batch: Points) => ({ loss: lossOf(state, batch) }))
        const { loss } = yield* evaluate(initial, batches(from))
        const all = yield* Stream.runCollect(batches(from))
        const losses = yield* Effect.forEach(all, (batch) => device.readNumber(lossOf(initial, batch)))
        assert.strictEqual(loss, (2 * losses[0] + 2 * losses[1] + losses[2]) / 5)
      })
    )
  )

  it.effect("leaves nothing behind on the device", () =>
    onReference(
      Effect.gen(function* () {
        const device = yield* Device
        const evaluate = yield* evaluator((state: Line, batch: Points) => ({ loss: lossOf(state, batch) }))
        yield* evaluate(yield* device.realize(initial), batches(from))
        assert.strictEqual(yield* device.liveBuffers, 3)
      })
    )
  )

  it.effect("dies with an ArgumentError where there is no batch", () =>
    onReference(
      Effect.gen(function* () {
        const evaluate = yield* evaluator((state: Line, batch: Points) => ({ loss: lossOf(state, batch) }))
        const exit = yield* Effect.exit(evaluate(initial, Stream.empty))
        assert.instanceOf(Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined, ArgumentError)
      })
    )
  )
})
