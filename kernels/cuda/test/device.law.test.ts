import { deviceIsDeterministic, deviceIsReference } from "@cotangent/gradcheck/laws/device"
import type { Measurement } from "@cotangent/gradcheck/Measurement"
import { holds } from "@cotangent/gradcheck/Measurement"
import type { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import { directedAs, withGradients } from "@cotangent/testing/directions"
import { names, signatures } from "@cotangent/testing/generators"
import { programs } from "@cotangent/testing/programs"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { compileAhead } from "./ahead.ts"
import { layerOn } from "./device.ts"
import { emulator } from "./support.ts"

const standIn = emulator()

const { LAW_RUNS } = process.env
/** It is fixed unless more runs are asked for: every program is compiled for the stand-in, which takes its time. */
const seed = LAW_RUNS === undefined ? 1 : fc.sample(fc.integer(), 1)[0]

type Checking = Effect.Effect<Measurement, DeviceError, Device>

/** A law that is checked for some generated cases. */
interface Checked {
  readonly title: string
  /** The order in which threads run. */
  readonly order: number
  /** What will be checked. */
  readonly all: () => ReadonlyArray<Checking>
  readonly run: (check: (one: Checking) => Promise<void>) => Promise<void>
}

const checked = <A>(
  title: string,
  cases: fc.Arbitrary<A>,
  law: (given: A) => Checking,
  { order = 0, runs }: { readonly order?: number; readonly runs: number }
): Checked => {
  const parameters = { numRuns: LAW_RUNS === undefined ? runs : Number(LAW_RUNS), seed }
  return {
    title,
    order,
    all: () => fc.sample(cases, parameters).map(law),
    run: (check) =>
      fc.assert(
        fc.asyncProperty(cases, (given) => check(law(given))),
        parameters
      )
  }
}

const checks: ReadonlyArray<Checked> = [
  ...names.map((name) =>
    checked(
      `agrees with the reference on ${name} and its gradients`,
      signatures[name].chain(directedAs("f32")).map(withGradients),
      (given) => deviceIsReference(given, 64),
      { runs: 3 }
    )
  ),
  checked(
    "agrees with the reference on f16 and bf16",
    fc
      .tuple(fc.constantFrom("f16", "bf16"), fc.constantFrom(...names))
      .chain(([dtype, name]) => signatures[name].chain(directedAs(dtype)).map(withGradients)),
    (given) => deviceIsReference(given, 64),
    { runs: 40 }
  ),
  ...[0, 1, 2].map((order) =>
    checked(
      `agrees with the reference on random programs and their gradients, threads in order ${order}`,
      programs().chain(directedAs("f32")).map(withGradients),
      (given) => deviceIsReference(given, 128),
      { order, runs: 12 }
    )
  ),
  checked(
    "gives the same bits whenever a program runs again",
    programs().chain(directedAs("f32")),
    (given) => deviceIsDeterministic(given, { dtype: "f32", mode: "both" }),
    { runs: 8 }
  )
]

describe.skipIf(standIn.obstacle !== undefined)("the device cuda on the stand-in", () => {
  const runtime = ManagedRuntime.make(layerOn(standIn))
  beforeAll(async () => {
    const all = checks.flatMap(({ all }) => all())
    await compileAhead(standIn, Effect.forEach(all, Effect.exit))
    await runtime.runPromise(Effect.void)
  }, 600_000)
  afterAll(() => runtime.dispose())

  const expectHolds = async (one: Checking): Promise<void> => {
    const measured = await runtime.runPromise(one)
    if (!holds(measured)) expect(measured).toBeUndefined()
  }

  it.each(checks)(
    "$title",
    ({ order, run }) => {
      standIn.configure({ ORDER: order })
      return run((one) => expectHolds(one))
    },
    300_000
  )
})
