import type { Finding } from "@cotangent/train/Finding"
import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { recipes } from "../src/recipes.ts"
import { parseLines, run, runHere, temporaryFolder, writeClothes, writeDigits } from "./run.ts"

const path = temporaryFolder()

writeDigits(path("data"), 400)
writeClothes(path("data"), 40)

/** Recipes that learn in other ways, or do not learn. */
const others = ["optimizers", "regressions", "gumbel", "image-kernels", "checklist"]

type Told = Finding & { readonly training: string }

/** An examination of a second or so. */
const quick = (name: string, limit = 200): ReadonlyArray<string> =>
  ["diagnose", name, "--limit", String(limit), "--steps", "20", "--offline"].concat(
    "--data",
    path("data"),
    "--out",
    path(name)
  )

const examined = Object.values(recipes).filter(({ name }) => !others.includes(name))

describe.each(examined.map((recipe) => [recipe.name, recipe] as const))("%s", (name, recipe) => {
  it("has each of its trainings examined, with one report of all", async () => {
    const { code, err, out } = await runHere(...quick(name), "--json")
    assert.deepStrictEqual([code, err], [0, ""])
    const lines = parseLines(out)
    const findings = lines.slice(0, -1) as unknown as ReadonlyArray<Told>
    const finished = lines.at(-1)!
    assert.deepInclude(finished, { _tag: "Finished", recipe: name, report: path(name, "diagnosis.html") })
    const { trainings } = await recipe.load()
    assert.deepStrictEqual([...new Set(findings.map(({ training }) => training))], trainings)
    for (const training of trainings) {
      const mine = findings.filter((finding) => finding.training === training)
      const range = mine.find(({ _tag }) => _tag === "RateRange")
      // Where no learning rate lowers the loss there is no use in going on.
      const tags = ["InitialLoss", "Regularization", "RateRange"]
      assert.deepStrictEqual(
        mine.map(({ _tag }) => _tag),
        range?.isHealthy === true ? [...tags, "Overfit", "Search", "Curve", "Updates"] : tags
      )
    }
    const report = readFileSync(path(name, "diagnosis.html"), "utf8")
    assert.match(report, /<svg/)
    assert.notMatch(report, /undefined|NaN/)
    assert.isFalse(existsSync(path(name, "checkpoint.safetensors")))
  })
})

describe("diagnose", () => {
  it.each(others)("says that there is nothing to examine in %s", async (name) => {
    const { code, err, out } = await runHere(...quick(name), "--json")
    assert.deepStrictEqual([code, out], [1, ""])
    assert.match(err, new RegExp(`^there is nothing to examine in ${name}: it.*; name another recipe, for instance `))
  })

  it("finds what is wrong with a beginning, in lines for people", async () => {
    const { code, out } = await run(...quick("notes-mlp"), "--search", "random")
    assert.strictEqual(code, 0)
    assert.match(out, /^notes-mlp: the lecture notes' network .*\non wasm.*\n\n {2}784-10-10$/m)
    assert.match(out, /^ {2}✗ first loss +the loss before the first step is \d.*; theory expects 2.3$/m)
    assert.match(out, /^ {2}✓ regularization +regularization of 1 raises the loss from /m)
    assert.match(out, /^ {2}. search +of 12 trials the best has a learning rate of /m)
    assert.match(out, /^ {2}healthy findings +\d +of 7$/m)
    assert.match(out, /^ {2}report +.*diagnosis\.html$/m)
  })

  it("does with as little as one example", async () => {
    const { code, err } = await runHere(...quick("notes-mlp", 1), "--json")
    assert.deepStrictEqual([code, err], [0, ""])
  })

  it("knows two ways to search", async () => {
    const { code, err } = await runHere(...quick("notes-mlp"), "--search", "radnom")
    assert.deepStrictEqual([code, err], [2, "unknown search 'radnom': did you mean 'random'?"])
  })
})
