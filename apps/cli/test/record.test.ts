import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { entryOf, recorded } from "../src/train/record.ts"
import { history, outcome, outcomeOf, plan } from "./outcome.ts"

const entry = await Effect.runPromise(entryOf(outcome))
const names = ["first", "mnist-mlp", "last"]
const other = (name: string) => ({ name, row: `| [${name}](#${name}) | x |`, part: `## ${name}\n\nof ${name}` })

describe("the page of results", () => {
  it("has what came out beside what was promised, with seed, time and machine", () => {
    assert.match(
      entry.row,
      /^\| \[mnist-mlp\]\(#mnist-mlp\) \| ✗ test accuracy ≥ 90\.00 % \| 75\.00 % \| 7 \| 12\.3 s \| .*; wasm, 1 thread \| \d{4}-\d\d-\d\d \|$/
    )
    assert.include(entry.part, "- test accuracy: 75.00 %, 30 of 40")
  })

  it("has the recipes in their order, whichever came last", () => {
    const page = [other("last"), entry, other("first")].reduce((text, one) => recorded(text, one, names), "")
    assert.deepStrictEqual(
      [...page.matchAll(/^\| \[([^\]]+)\]/gm)].map(([, name]) => name),
      names
    )
    assert.deepStrictEqual(
      [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name),
      names
    )
  })

  it("says of a recipe what came last, and nothing of one that is no more", async () => {
    const before = [other("gone"), entry].reduce((text, one) => recorded(text, one, ["gone", ...names]), "")
    const better = await Effect.runPromise(entryOf(outcomeOf({ plan, history }, [])))
    const page = recorded(before, better, names)
    assert.include(page, "✓ test accuracy ≥ 90.00 % | 100.00 %")
    assert.notInclude(page, "75.00 %")
    assert.notInclude(page, "gone")
    assert.strictEqual(recorded(page, better, names), page)
  })
})
