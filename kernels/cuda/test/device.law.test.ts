import { deviceIsDeterministic, deviceIsReference } from "@cotangent/gradcheck/laws/device"
import type { Measurement } from "@cotangent/gradcheck/Measurement"
import { holds } from "@cotangent/gradcheck/Measurement"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { directedAs, withGradients } from "@cotangent/testing/directions"
import { names, signatures } from "@cotangent/testing/generators"
import { programs } from "@cotangent/testing/programs"
import type * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { layerOn } from "./device.ts"
import { emulator } from "./support.ts"

const standIn = emulator()

const { LAW_RUNS } = process.env
/** The seed is fixed unless more runs are asked for: every program is compiled for the stand-in, which takes its time. */
const parameters = (numRuns: number): Pick<fc.Parameters, "numRuns" | "seed"> => ({
  numRuns: LAW_RUNS === undefined ? numRuns : Number(LAW_RUNS),
  ...(LAW_RUNS === undefined ? { seed: 1 } : {})
})

describe.skipIf(standIn.obstacle !== undefined)("the device cuda on the stand-in", () => {
  const orders = [0, 1, 2].map((ORDER) => ({ ORDER, runtime: ManagedRuntime.make(layerOn(standIn, { ORDER })) }))
  const [{ runtime }] = orders
  afterAll(() => Promise.all(orders.map((each) => each.runtime.dispose())))

  const expectHolds = async (law: Effect.Effect<Measurement, DeviceError, Device>, on = runtime): Promise<void> => {
    const measured = await on.runPromise(law)
    if (!holds(measured)) expect(measured).toBeUndefined()
  }

  it.each(names)(
    "agrees with the reference on %s and its gradients",
    (name) =>
      fc.assert(
        fc.asyncProperty(signatures[name].chain(directedAs("f32")).map(withGradients), (given) =>
          expectHolds(deviceIsReference(given, 64))
        ),
        parameters(3)
      ),
    300_000
  )

  it(
    "agrees with the reference on f16 and bf16",
    () =>
      fc.assert(
        fc.asyncProperty(
          fc
            .tuple(fc.constantFrom("f16", "bf16"), fc.constantFrom(...names))
            .chain(([dtype, name]) => signatures[name].chain(directedAs(dtype)).map(withGradients)),
          (given) => expectHolds(deviceIsReference(given, 64))
        ),
        parameters(40)
      ),
    300_000
  )

  it.each(orders)(
    "agrees with the reference on random programs and their gradients, threads in order $ORDER",
    (order) => {
      standIn.configure({ ORDER: order.ORDER })
      return fc.assert(
        fc.asyncProperty(programs().chain(directedAs("f32")).map(withGradients), (given) =>
          expectHolds(deviceIsReference(given, 128), order.runtime)
        ),
        parameters(12)
      )
    },
    300_000
  )

  it(
    "gives the same bits whenever a program runs again",
    () =>
      fc.assert(
        fc.asyncProperty(programs().chain(directedAs("f32")), (given) =>
          expectHolds(deviceIsDeterministic(given, { dtype: "f32", mode: "both" }))
        ),
        parameters(8)
      ),
    300_000
  )
})
