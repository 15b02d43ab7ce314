import * as ManagedRuntime from "effect/ManagedRuntime"
import { afterAll, describe, expect, it } from "vitest"
import { devices } from "../src/devices.ts"
import { directedAs, withGradients } from "../src/directions.ts"
import { names, signatures } from "../src/generators.ts"
import { deviceIsReference } from "../src/laws/device.ts"
import { programs } from "../src/programs.ts"
import { eventualCounterexample } from "./laws.ts"

const rows = Object.entries(devices).flatMap(([name, { dtypes, layer }]) =>
  dtypes.map((dtype) => ({ name, layer, dtype }))
)

describe.each(rows)("the device $name in $dtype", ({ dtype, layer }) => {
  const runtime = ManagedRuntime.make(layer)
  afterAll(() => runtime.dispose())

  const agrees = (roundings: number) => (given: ReturnType<typeof withGradients>) =>
    runtime.runPromise(deviceIsReference(given.program, given.inputs, roundings))

  it.each(names)("agrees with the reference on %s and its gradients", async (name) => {
    const cases = signatures[name].chain(directedAs(dtype)).map(withGradients)
    expect(await eventualCounterexample(agrees(64), cases)).toBeUndefined()
  })

  it("agrees with the reference on random programs and their gradients", async () => {
    const cases = programs().chain(directedAs(dtype)).map(withGradients)
    expect(await eventualCounterexample(agrees(64), cases)).toBeUndefined()
  })
})
