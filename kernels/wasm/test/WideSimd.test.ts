import * as v8 from "node:v8"
import { describe, expect, it } from "vitest"
import * as WideSimd from "../src/WideSimd.ts"
import { check, features, layouts, shapes } from "./gemmCases.ts"

describe("WideSimd", () => {
  const outcome = WideSimd.enable()

  it("is enabled where it speeds kernels up, or says why not", () => {
    if (outcome.isEnabled) expect(outcome.speedup).toBeGreaterThan(1.5)
    else expect(outcome.reason).not.toBe("results differ from those of plain code")
  })

  it.runIf(outcome.isEnabled)("leaves matrix products as they are", () => {
    v8.setFlagsFromString("--no-liftoff")
    for (const [m, n, k] of shapes) {
      for (const name of ["plain", "B transposed"]) {
        const given = { m, n, k, ...layouts[name](m, n, k), isRelaxed: features.relaxedSimd, isWide: true }
        check({ ...given, dtype: "f32" })
        check({ ...given, dtype: "f64" })
      }
    }
    v8.setFlagsFromString("--liftoff")
  })
})
