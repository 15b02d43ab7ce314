import { existsSync, globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { expect, it } from "vitest"
import { near } from "@cotangent/gradcheck/Comparison"
import { collect, plain, run } from "../src/examples.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const load = (specifier: string): Promise<Record<string, unknown>> => import(/* @vite-ignore */ specifier)

const packages = globSync("{packages,kernels}/*/package.json", { cwd: root })
  .map((file) => file.replace("package.json", ""))
  .filter((folder) => !/testing|config/.test(folder) && existsSync(`${root}${folder}src/index.ts`))
// Beside the exports of the packages: the modules of Effect that examples speak of.
const names = Object.assign(
  { Effect, Layer, Schema, Stream, pipe },
  ...(await Promise.all(packages.map((folder) => load(`${root}${folder}src/index.ts`))))
)

const examples = globSync(["README.md", "{packages,kernels}/*/README.md", "{packages,kernels}/*/src/**/*.ts"], {
  cwd: root
}).flatMap((file) => {
  const all = collect(readFileSync(root + file, "utf8"))
  const run = all.filter(({ language }) => language === "ts run")
  const first =
    file.endsWith(".md") && run.length === 0 ? all.filter(({ language }) => language === "ts").slice(0, 1) : run
  return first.map(({ code, line }) => ({ place: `${file}:${line}`, code }))
})

// Examples state six digits.
expect.addEqualityTesters([
  (a, b) => (typeof a === "number" && typeof b === "number" ? near(b, a, { absolute: 0, relative: 5e-6 }) : undefined)
])

it("an example that says something else is found", async () => {
  const seen: Array<unknown> = []
  const code =
    "const twice = (x: number) =>\n  2 * x\nconst four = twice(2) // => 5\n[four, 1]\n  .map(twice) // => [8, 2]"
  await run(code, { names: {}, load, assert: (...line) => void seen.push(line) })
  expect(seen).toEqual([
    [4, 5],
    [
      [8, 2],
      [8, 2]
    ]
  ])
})

it.each(examples)("the example at $place says what it computes", async ({ code }) => {
  expect.hasAssertions()
  await run(code, {
    names,
    load,
    assert: (received, expected) => expect(plain(received)).toEqual(plain(expected))
  })
})
