import { deviceIsReference } from "@cotangent/gradcheck/laws/device"
import type { Measurement } from "@cotangent/gradcheck/Measurement"
import type { Float } from "@cotangent/tensor/DType"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, expect, it } from "vitest"
import { devices } from "../src/devices.ts"
import type { ProgramCase } from "../src/directions.ts"
import { directedAs, withGradients } from "../src/directions.ts"
import { names, signatures } from "../src/generators.ts"
import { programs } from "../src/programs.ts"
import { eventualCounterexample } from "./laws.ts"

const rows = Object.entries(devices).map(([name, row]) => ({ name, ...row }))
/**
 * Halves are checked operation by operation only: so coarse that ties are common, they let the last digit of one
 * operation decide what a program sorts or takes for the maximum.
 */
const stored: ReadonlyArray<Float> = ["f16", "bf16"]

describe.each(rows)("the device $name", ({ dtypes, layer }) => {
  const runtime = ManagedRuntime.make(layer)
  afterAll(() => runtime.dispose())

  const agrees =
    (roundings: number) =>
    (given: ProgramCase): Promise<Measurement> =>
      runtime.runPromise(deviceIsReference(given, roundings))

  describe.each([...dtypes, ...stored])("in %s", (dtype) => {
    it.each(names)("agrees with the reference on %s and its gradients", async (name) => {
      const cases = signatures[name].chain(directedAs(dtype)).map(withGradients)
      expect(await eventualCounterexample(agrees(64), cases)).toBeUndefined()
    })
  })

  it.each(dtypes)(
    "agrees with the reference on random programs of %s and their gradients",
    async (dtype) => {
      const cases = programs().chain(directedAs(dtype)).map(withGradients)
      expect(await eventualCounterexample(agrees(128), cases)).toBeUndefined()
    },
    60_000
  )
})
