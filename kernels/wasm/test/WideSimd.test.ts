import * as v8 from "node:v8"
import { describe, expect, it } from "vitest"
import * as WideSimd from "../src/WideSimd.ts"
import type { Case } from "./gemmCases.ts"
import { layouts, mistakes, shapes } from "./gemmCases.ts"

describe("WideSimd", () => {
  const outcome = WideSimd.enable()

  it("is refused only by engines that join no vectors", () => {
    expect(outcome.isEnabled ? "" : outcome.reason).toMatch(/^$|vectors|host/)
  })

  it("leaves matrix products as they are", () => {
    const cases = shapes.flatMap(([m, n, k]) =>
      ["plain", "B transposed"].flatMap((name): ReadonlyArray<Case> => {
        const given = { m, n, k, ...layouts[name](m, n, k), isWide: true }
        return [
          { ...given, dtype: "f32" },
          { ...given, dtype: "f64" }
        ]
      })
    )
    v8.setFlagsFromString("--no-liftoff")
    expect(cases.flatMap((given) => mistakes(given))).toEqual([])
    v8.setFlagsFromString("--liftoff")
  })
})
