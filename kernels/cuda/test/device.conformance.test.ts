import { runSuite } from "@cotangent/testing/conformance/run"
import { load, ownFolder } from "@cotangent/testing/conformance/suites"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { beforeAll, describe, expect, it } from "vitest"
import { compileAhead } from "./ahead.ts"
import { layerInEveryOrder } from "./device.ts"
import { emulator, nothing, remains } from "./support.ts"

const standIn = emulator()
const suites = await Effect.runPromise(load(ownFolder).pipe(Effect.provide(NodeServices.layer)))
const rows = (["f32", "f64"] as const).flatMap((precision) =>
  // Random streams have a dtype of their own.
  suites.flatMap((suite) =>
    "normalTolerance" in suite && precision === "f64" ? [] : [{ name: suite.suite, suite, precision }]
  )
)

describe.skipIf(standIn.obstacle !== undefined)("the device cuda on the stand-in", () => {
  beforeAll(
    () =>
      compileAhead(
        standIn,
        Effect.forEach(rows, ({ precision, suite }) => runSuite(suite, precision))
      ),
    600_000
  )

  it.each(rows)(
    "gives the reference values of $name in $precision, the same bits in whatever order threads run",
    async ({ precision, suite }) => {
      const run = runSuite(suite, precision).pipe(Effect.provide(layerInEveryOrder(standIn)))
      const { failures, passed } = await Effect.runPromise(run)
      expect(failures).toEqual([])
      expect(passed).toBe(suite.cases.length)
      expect(remains(standIn)).toEqual(nothing)
    },
    600_000
  )
})
