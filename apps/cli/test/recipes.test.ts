import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { parseLines, runHere, temporaryFolder, writeClothes, writeDigits } from "./run.ts"
import { recipes } from "../src/recipes.ts"

const path = temporaryFolder()

writeDigits(path("data"), 400)
writeClothes(path("data"), 40)

/** What a recipe prints, on few examples and in few passes. */
const quick = async (name: string) => {
  const options = ["--data", path("data"), "--limit", "200", "--epochs", "2", "--offline", "--json"]
  const { code, err, out } = await runHere("train", name, ...options, "--out", path(name))
  assert.deepStrictEqual([code, err], [0, ""])
  return parseLines(out)
}

describe.each(Object.values(recipes).map((recipe) => [recipe.name, recipe] as const))("%s", (name, recipe) => {
  it("comes to what it promises something of, with checkpoints and a report with pictures", async () => {
    const lines = await quick(name)
    const finished = lines.at(-1) as unknown as {
      readonly results: Readonly<Record<string, number | null>>
      readonly expected: ReadonlyArray<unknown>
      readonly trainings: ReadonlyArray<{ readonly name: string; readonly steps: number }>
    }
    assert.containsAllKeys(
      finished.results,
      recipe.expected.map(({ result }) => result)
    )
    // Few examples prove nothing.
    assert.isEmpty(finished.expected)
    const { trainings } = await recipe.load()
    assert.deepStrictEqual(
      finished.trainings.map(({ name }) => name),
      trainings
    )
    for (const { name: training, steps } of finished.trainings) {
      assert.isAbove(steps, 0)
      assert.isTrue(existsSync(path(name, training, "checkpoint.safetensors")))
    }
    const report = readFileSync(path(name, "report.html"), "utf8")
    assert.match(report, /<svg|<img/)
    assert.notMatch(report, /undefined/)
  })
})
