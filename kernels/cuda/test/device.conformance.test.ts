import { runSuite } from "@cotangent/testing/conformance/run"
import { load, ownFolder } from "@cotangent/testing/conformance/suites"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { layerOn } from "./device.ts"
import { emulator, nothing, remains } from "./support.ts"

const standIn = emulator()
const suites = await Effect.runPromise(load(ownFolder).pipe(Effect.provide(NodeServices.layer)))

describe.skipIf(standIn.obstacle !== undefined)("the device cuda on the stand-in", () => {
  it.each(suites)(
    "gives the reference values of $suite in f32",
    async (suite) => {
      const run = runSuite(suite, "f32").pipe(Effect.provide(layerOn(standIn)))
      const { failures, passed } = await Effect.runPromise(run)
      expect(failures).toEqual([])
      expect(passed).toBe(suite.cases.length)
      expect(remains(standIn)).toEqual(nothing)
    },
    // Each case compiles programs of its own, unless that was done before.
    600_000
  )
})
