import { availableParallelism } from "node:os"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { beforeAll, describe, expect, it } from "vitest"
import { load, ownFolder } from "../src/conformance/suites.ts"
import { bundle } from "./browser/bundle.ts"
import { obstacle, show } from "./browser/chromium.ts"
import type { Outcome } from "./browser/page.ts"
import { gradients, losses } from "./browser/work.ts"
import { programs } from "./pool/shared.ts"

if (obstacle !== undefined) console.log(`browser tests are skipped: ${obstacle}`)

const suites = await Effect.runPromise(load(ownFolder).pipe(Effect.provide(NodeServices.layer)))
let code = ""

beforeAll(async () => {
  ;({ code } = await bundle("page.ts"))
}, 60_000)

describe.skipIf(obstacle !== undefined).each([
  {
    isIsolated: true,
    title: "with cross-origin isolation",
    rows: ["wasm f32", "wasm on two threads f32", "wasm f64", "reference f64"]
  },
  { isIsolated: false, title: "without cross-origin isolation", rows: ["wasm f32"] }
])("in Chromium $title", ({ isIsolated, rows }) => {
  let outcome: Outcome

  beforeAll(async () => {
    const files = { "page.js": code, "suites.json": JSON.stringify(suites) }
    // What the page says.
    outcome = (await show({ files, isIsolated })) as Outcome
  }, 120_000)

  it("the page is isolated where it should be", () => {
    expect(outcome.isIsolated).toBe(isIsolated)
  })

  it.each(rows)("all suites give the reference values on %s", (row) => {
    const reports = outcome.suites.filter(({ device, precision }) => `${device} ${precision}` === row)
    expect(reports.flatMap(({ failures, suite }) => failures.map((failure) => `${suite}: ${failure}`))).toEqual([])
    const passed = Object.fromEntries(reports.map(({ passed: count, suite }) => [suite, count]))
    expect(passed).toEqual(Object.fromEntries(suites.map(({ cases, suite }) => [suite, cases.length])))
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

  it("threads are refused where they cannot be, with what to do", () => {
    expect(outcome.withoutThreads).toMatch(isIsolated ? /worker-src blob:/ : /Cross-Origin-Opener-Policy/)
  })

  it("threads give the bits that one gives, on the main thread and in a worker, where they can be", () => {
    const same = Object.fromEntries([...Object.keys(programs), "training"].map((name) => [name, true]))
    expect(outcome.threaded.map(({ isSame }) => isSame)).toEqual(isIsolated ? [same, same] : [])
  })

  it("there are as many threads as serve best, or one", () => {
    const automatic = isIsolated ? Math.min(8, availableParallelism()) : 1
    expect(outcome.automatic).toEqual([automatic, automatic])
  })

  it("threads that trap or never come are a failure, where they can be", () => {
    const failures = [/^thread 1: RuntimeError/, /has said nothing for/].map((pattern) =>
      expect.stringMatching(pattern)
    )
    expect(outcome.threaded.map((threads) => threads.failures)).toEqual(isIsolated ? [failures, failures] : [])
  })
})

describe.skipIf(obstacle !== undefined)("what goes wrong on a page fails", () => {
  it.each([
    ["in what is asked for", "export const outcome = async () => { throw new Error('the page is broken') }"],
    [
      "meanwhile",
      "export const outcome = () => new Promise(() => setTimeout(() => { throw new Error('the page is broken') }))"
    ],
    ["before", "throw new Error('the page is broken')"]
  ])("%s", async (_, module) => {
    await expect(show({ files: { "page.js": module }, isIsolated: false })).rejects.toThrow("the page is broken")
  })
})
