import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { runSuite } from "../src/conformance/run.ts"
import { load, ownFolder } from "../src/conformance/suites.ts"
import { devices } from "../src/devices.ts"

const suites = await Effect.runPromise(load(ownFolder).pipe(Effect.provide(NodeServices.layer)))
const rows = Object.entries(devices).flatMap(([name, { dtypes, layer }]) =>
  dtypes.map((precision) => ({ name, layer, precision }))
)

describe.each(rows)("the device $name in $precision", ({ layer, precision }) => {
  it.each(suites)(
    "gives the reference values of $suite",
    async (suite) => {
      const { failures, passed } = await Effect.runPromise(runSuite(suite, precision).pipe(Effect.provide(layer)))
      expect(failures).toEqual([])
      expect(passed).toBe(suite.cases.length)
    },
    60_000
  )
})
