/** A training that is small enough to check by hand: fitting a line to points by gradient descent. */
import { assert } from "@effect/vitest"
import { Device } from "@cotangent/runtime/Device"
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import { make } from "@cotangent/tensor/HostArray"
import { mul } from "@cotangent/tensor/primitive/bilinear"
import { constant, full } from "@cotangent/tensor/primitive/leaf"
import { add, broadcast, sub, sum } from "@cotangent/tensor/primitive/linear"
import type { Tensor } from "@cotangent/tensor/Primitive"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Cursor } from "../src/Event.ts"
import type { StepResult } from "../src/Fit.ts"

export interface Line {
  readonly params: { readonly slope: Tensor; readonly intercept: Tensor }
  readonly steps: Tensor
}

export interface Points {
  readonly x: Tensor
  readonly y: Tensor
}

export const scalar = (value: number, dtype: "f32" | "i32" = "f32"): Tensor => full({ shape: [], dtype, value })

const vector = (values: ReadonlyArray<number>): Tensor => constant(make([values.length], "f32", values))

const spread = (x: Tensor, like: Tensor): Tensor => broadcast(x, { shape: like.shape, axes: [0] })

const meanOf = (x: Tensor): Tensor => mul(sum(x, { axes: [0] }), scalar(1 / x.shape[0]))

export const initial: Line = {
  params: { slope: scalar(0), intercept: scalar(0) },
  steps: scalar(0, "i32")
}

const errorOf = ({ params }: Line, { x, y }: Points): Tensor =>
  sub(add(mul(spread(params.slope, x), x), spread(params.intercept, x)), y)

/** Half the mean squared error. */
export const lossOf = (state: Line, batch: Points): Tensor => {
  const error = errorOf(state, batch)
  return mul(meanOf(mul(error, error)), scalar(0.5))
}

/** One step of gradient descent with rate 0.1. */
export const step = (state: Line, batch: Points): StepResult<Line> => {
  const error = errorOf(state, batch)
  const descend = (x: Tensor, gradient: Tensor): Tensor => sub(x, mul(gradient, scalar(0.1)))
  return {
    state: {
      params: {
        slope: descend(state.params.slope, meanOf(mul(error, batch.x))),
        intercept: descend(state.params.intercept, meanOf(error))
      },
      steps: add(state.steps, scalar(1, "i32"))
    },
    loss: lossOf(state, batch),
    metrics: { largest: mul(meanOf(batch.x), scalar(1)) }
  }
}

/** Batches of 2, 2 and 1 points of the line `y = 3 x - 1`, other ones in every epoch. */
export const batches = ({ batch, epoch }: Cursor): Stream.Stream<Points> =>
  Stream.fromIterable([2, 2, 1].slice(batch)).pipe(
    Stream.zipWithIndex,
    Stream.map(([size, i]) => {
      const x = Array.from({ length: size }, (_, k) => Math.sin(100 * epoch + 10 * (batch + i) + k))
      return { x: vector(x), y: vector(x.map((value) => 3 * value - 1)) }
    })
  )

/** The numbers of a state. */
export const numbers = ({ params, steps }: Line) =>
  Effect.flatMap(Device, (device) => Effect.forEach([params.slope, params.intercept, steps], device.readNumber))

/** Runs a test on a fresh reference device; when its scope has closed no buffer may be alive. */
export const onReference = <A, E, R>(
  test: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<Exclude<R, Scope.Scope>, Device>> =>
  Effect.gen(function* () {
    const device = yield* Device
    const result = yield* Effect.scoped(test)
    assert.strictEqual(yield* device.liveBuffers, 0, "live buffers at the end of the test")
    return result
  }).pipe(Effect.provide(ReferenceDevice.layer))
