/**
 * Timing one workload in this process.
 */
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { HostArray } from "@cotangent/tensor/HostArray"
import type * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Result, Times } from "./Result.ts"
import { summary } from "./Result.ts"
import type { Calculation, Training, Workload } from "./Workload.ts"

/** How long to look. */
export interface Patience {
  /** The least number of timed calls, and how long they go on at least. */
  readonly calls: number
  readonly seconds: number
}

/** Two calls warm up, then at least five are timed, for at least three seconds. */
export const thorough: Patience = { calls: 5, seconds: 3 }
/** Enough to see the check values, and about how long it takes. */
export const quick: Patience = { calls: 3, seconds: 0.3 }

/** Calls between the first and those that are timed. */
export const warmUp = 2

/** Calls `run` again and again. */
export const time = Effect.fnUntraced(function* <E, R>(run: Effect.Effect<void, E, R>, { calls, seconds }: Patience) {
  const once = Effect.gen(function* () {
    const start = performance.now()
    yield* run
    return performance.now() - start
  })
  const first = yield* once
  for (let i = 0; i < warmUp; i++) yield* once
  const rest: Array<number> = []
  const end = performance.now() + 1000 * seconds
  while (rest.length < calls || performance.now() < end) rest.push(yield* once)
  const times: Times = { first, rest }
  return times
})

type Measured = Effect.Effect<
  { readonly times: Times; readonly check: ReadonlyArray<number> },
  DeviceError,
  Device | Scope.Scope
>

const calculate = (workload: Calculation, patience: Patience): Measured =>
  Effect.gen(function* () {
    const device = yield* Device
    // A workload's inputs are arrays, and its functions take them as tensors.
    const inputs = (yield* Effect.forEach(
      workload.inputs() as ReadonlyArray<HostArray>,
      device.put
    )) as ReadonlyArray<unknown> as ReadonlyArray<never>
    const run = yield* device.compile(workload.run, { name: workload.name })
    const times = yield* time(Effect.andThen(Effect.scoped(run(...inputs)), device.synchronize), patience)
    const check = yield* Effect.scoped(
      Effect.gen(function* () {
        const result = yield* run(...inputs)
        return yield* Effect.forEach(workload.check(result as never), device.readNumber)
      })
    )
    return { times, check }
  })

const train = (workload: Training, patience: Patience): Measured =>
  Effect.gen(function* () {
    const device = yield* Device
    const data: ReadonlyArray<Tensor.Tensor> = yield* Effect.forEach(workload.data(), device.put)
    const step = yield* device.compile(workload.step, { name: workload.name, donate: [0] })
    let state = yield* device.realize(workload.start())
    const losses: Array<number> = []
    const times = yield* time(
      Effect.gen(function* () {
        const { loss, next } = yield* step(state as never, ...data)
        losses.push(yield* device.readNumber(loss))
        state = next
      }),
      // Five losses are checked, two of them from warming up and one from the first call.
      patience
    )
    return { times, check: losses.slice(0, 5) }
  })

/** Times `workload` on the device. */
export const measure = (workload: Workload, patience: Patience): Effect.Effect<Result, DeviceError, Device> =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Device
      const { check, times } = yield* workload.kind === "training"
        ? train(workload, patience)
        : calculate(workload, patience)
      return {
        ...summary(workload, times),
        device: device.description.name,
        threads: device.description.threads,
        peakBytes: yield* device.peakBytes,
        check
      }
    })
  )
