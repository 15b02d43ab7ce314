import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import { beforeAll, describe, expect, it } from "vitest"
import { load, ownFolder } from "../src/conformance/suites.ts"
import { bundle } from "./browser/bundle.ts"
import { obstacle, show } from "./browser/chromium.ts"
import type { Outcome } from "./browser/page.ts"
import { gradients, losses } from "./browser/work.ts"

if (obstacle !== undefined) console.log(`browser tests are skipped: ${obstacle}`)

describe.skipIf(obstacle !== undefined).each([
  { isIsolated: true, title: "with cross-origin isolation" },
  { isIsolated: false, title: "without cross-origin isolation" }
])("in Chromium $title", ({ isIsolated }) => {
  let outcome: Outcome

  beforeAll(async () => {
    const suites = await Effect.runPromise(load(ownFolder).pipe(Effect.provide(NodeServices.layer)))
    const { code } = await bundle("page.ts")
    const files = { "page.js": code, "suites.json": JSON.stringify(suites) }
    // What the page sends, unless it fails.
    outcome = (await show({ files, isIsolated })) as Outcome
    expect(outcome).not.toHaveProperty("error")
  }, 120_000)

  it("the page is isolated where it should be", () => {
    expect(outcome.isIsolated).toBe(isIsolated)
  })

  it("all suites give the reference values, on wasm and on the reference", () => {
    expect(outcome.suites.flatMap(({ device, failures, precision, suite }) =>
      failures.map((failure) => `${device} ${precision} ${suite}: ${failure}`)
    )).toEqual([])
    expect(outcome.suites.every(({ passed }) => passed > 0)).toBe(true)
    console.log(`Chromium took ${(outcome.milliseconds / 1000).toFixed(1)} s`)
  })

  it("steps of training give the losses that Node gives", async () => {
    const expected = await Effect.runPromise(Effect.provide(losses, Wasm.layer))
    expect(outcome.losses).toHaveLength(expected.length)
    outcome.losses.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i], 5))
    expect(outcome.losses.at(-1)).toBeLessThan(outcome.losses[0])
  })

  it("gradients obey all laws", async () => {
    const { laws } = await Effect.runPromise(Effect.provide(gradients, Wasm.layer))
    expect(outcome.laws).toEqual(laws.map(({ law }) => law))
  })

  it("more threads than one are refused", () => {
    expect(outcome.withoutThreads).toMatch(/worker threads|memory/)
  })
})
