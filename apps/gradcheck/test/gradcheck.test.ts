import { customVjp } from "@cotangent/autodiff/Custom"
import { vjp } from "@cotangent/autodiff/Vjp"
import { gradcheck } from "@cotangent/gradcheck/gradcheck"
import { tensor } from "@cotangent/gradcheck/generators"
import * as Recurrent from "@cotangent/nn/Recurrent"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import type { Summary } from "../src/Outcome.ts"
import { toJson } from "../src/Outcome.ts"
import { page } from "../src/report/page.ts"
import { targets } from "../src/targets.ts"
import { linesOf } from "../src/terminal.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "gradcheck-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (...args: ReadonlyArray<string>) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" })

describe("the program", () => {
  it("prints the worst errors, writes JSON and a page, and ends with 0", () => {
    const [json, html] = [join(folder, "report.json"), join(folder, "report.html")]
    const { status, stdout } = run("--filter", "primitive/tanh", "--runs", "3", "--json", json, "--html", html)
    expect(status).toBe(0)
    expect(stdout).toMatch(/primitive\/tanh +\d/)
    expect(stdout).toContain("all hold: 1 function, 30 measurements")
    expect(JSON.parse(readFileSync(json, "utf8"))).toMatchObject({
      runs: 3,
      seed: 1,
      device: "wasm",
      outcomes: [{ name: "primitive/tanh", holds: true }]
    })
    expect(readFileSync(html, "utf8")).toContain("<td>primitive/tanh</td>")
  })

  it("ends with 2 where it is called wrongly", () => {
    expect(run("--filter", "nothing of that name")).toMatchObject({
      status: 2,
      stderr: "no function is called 'nothing of that name'\n"
    })
    expect(run("--device", "abacus")).toMatchObject({ status: 2 })
  })
})

it("names of targets differ", () => {
  expect(new Set(targets.map(({ name }) => name)).size).toBe(targets.length)
})

type Floats = Tensor.Tensor<Shape, "f64">

const inputs = fc.tuple(tensor([1, 2, 1]), fc.record({ weight_ih_l0: tensor([4, 1]), weight_hh_l0: tensor([4, 1]) }))

type Weight = Tensor.Tensor<readonly [number, number], "f64">

interface Weights {
  readonly weight_ih_l0: Weight
  readonly weight_hh_l0: Weight
}

const lstm = (x: Floats, { weight_hh_l0, weight_ih_l0 }: Weights): Floats =>
  Recurrent.lstm(x, { weight_ih_l0, weight_hh_l0 }).output

/** Whose gradient takes the forget gate for the input gate. */
const swapped = customVjp(
  lstm,
  (x, weights) => [lstm(x, weights), [x, weights] as const],
  ([x, weights], c) => {
    const swap = (w: Weight): Weight => Tensor.take(w, Tensor.of([1, 0, 2, 3], "i32"), 0)
    const [dx, dw] = vjp(lstm)(x, weights)[1](c)
    return [dx, { ...dw, weight_ih_l0: swap(dw.weight_ih_l0) }]
  }
)

const mismatchOf = () =>
  Effect.runPromise(Effect.flip(gradcheck(swapped, inputs, { name: "swapped", laws: ["vjp"], runs: 10 })))

it("an lstm with swapped gates is found", async () => {
  expect(await mismatchOf()).toMatchObject({ law: "vjp", input: "1.weight_ih_l0" })
  await Effect.runPromise(gradcheck(lstm, inputs, { laws: ["jvp", "vjp", "adjoint"], runs: 5 }))
})

it("a counterexample is in every form of the report", async () => {
  const mismatch = await mismatchOf()
  if (mismatch._tag !== "GradientMismatch") throw mismatch
  const summary: Summary = {
    runs: 10,
    seed: 1,
    device: "none",
    millis: 5,
    outcomes: [{ name: "layer/<swapped>", millis: 5, laws: [], mismatch }]
  }
  const asItIs = (text: string): string => text
  const silent = { dim: asItIs, red: asItIs, green: asItIs, print: () => Effect.void, status: () => Effect.void }
  expect(linesOf(summary, silent).join("\n")).toContain("1 does not hold: 1 function")
  expect(linesOf(summary, silent).join("\n")).toContain(mismatch.message)
  expect(page(summary)).toContain("layer/&lt;swapped&gt;")
  expect(toJson(summary)).toContain('"holds": false')
})
