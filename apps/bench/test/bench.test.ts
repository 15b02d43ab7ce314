import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { expected, objection } from "../src/checks.ts"
import { fill, ints, transposed } from "../src/data.ts"
import { page } from "../src/page.ts"
import * as Results from "../src/Result.ts"
import { row, table } from "../src/table.ts"
import { workloads } from "../src/workloads.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "bench-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (...args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, ["--no-warnings", main, ...args], { encoding: "utf8" })

describe("the program", () => {
  it("times workloads, checks them, writes a line each and a trace", () => {
    const [json, trace] = [join(folder, "results.jsonl"), join(folder, "trace.json")]
    const { status, stdout } = run("--quick", "--workloads", "gemm_256,mlp_64", "--json", json, "--profile", trace)
    expect(status).toBe(0)
    expect(stdout).toContain("mlp_64: 784-512-512-10, batch 64, SGD")
    const lines = readFileSync(json, "utf8").trimEnd().split("\n")
    const results = lines.map((line) => Schema.decodeUnknownSync(Results.json)(line))
    expect(results.map(({ workload }) => workload)).toEqual(["gemm_256", "mlp_64"])
    for (const result of results) {
      expect(objection(result, true)).toBeUndefined()
      expect(result.minMs).toBeLessThanOrEqual(result.medianMs)
      expect(result.peakBytes).toBeGreaterThan(0)
    }
    expect(JSON.parse(readFileSync(trace, "utf8"))).toMatchObject({ displayTimeUnit: "ms" })
  })

  it("ends with 2 where it is called wrongly", () => {
    expect(run("--workloads", "nothing")).toMatchObject({ status: 2 })
    expect(run("--device", "abacus", "--workloads", "gemm_256")).toMatchObject({ status: 2 })
  })
})

describe("check values", () => {
  it("must agree, be as many, and be there", () => {
    const values = { sum: [100, 200] }
    expect(objection({ workload: "sum", check: [100.009, 200] }, true, values)).toBeUndefined()
    expect(objection({ workload: "sum", check: [100, 200.03] }, true, values)).toBe(
      "sum: expected 200 as value 2, received 200.03"
    )
    expect(objection({ workload: "sum", check: [100, NaN] }, true, values)).toContain("received NaN")
    expect(objection({ workload: "sum", check: [100] }, true, values)).toContain("expected 2 values")
    expect(objection({ workload: "product", check: [1] }, true, values)).toContain("nothing to check it by")
  })

  it("are there for every workload that says so", () => {
    for (const { isChecked, name } of workloads) expect(Object.hasOwn(expected, name)).toBe(isChecked)
  })
})

describe("the data", () => {
  it("are the same numbers for everybody", () => {
    expect([...fill([3], 1).data].every((value) => value >= -1 && value < 1)).toBe(true)
    expect([...ints([100], 2, 10).data].every((value) => value >= 0 && value < 10)).toBe(true)
    const x = fill([2, 3], 4)
    expect([...transposed(transposed(x)).data]).toEqual([...x.data])
    expect(transposed(x).data[1]).toBe(x.data[3])
  })
})

describe("the table", () => {
  const workload = workloads.find(({ name }) => name === "mlp_64")!
  const result = {
    workload: "mlp_64",
    device: "wasm",
    threads: 2,
    firstMs: 100,
    medianMs: 0.835,
    minMs: 0.8,
    peakBytes: 2 ** 22,
    check: [1]
  }

  it("tells how results compare with others, and which are wrong", () => {
    expect(row(result, workload, undefined)).toContain("0.50")
    expect(row(result, workload, "off by one")).toContain("WRONG")
    expect(
      table([
        ["a", "b"],
        ["ccc", "d"]
      ])
    ).toEqual(["  a  b", "ccc  d"])
  })

  it("becomes a page that says where it was measured", () => {
    const at = {
      date: "2026-01-02",
      commit: "abc",
      processor: "P",
      cores: 2,
      node: "24",
      v8: "13",
      wide: "256-bit SIMD on"
    }
    const text = page([{ result, workload, objection: undefined }], at)
    expect(text).toContain("commit abc: P, 2 cores, Node 24 (V8 13), device `wasm` with 2 threads, 256-bit SIMD on")
    expect(text).toContain("| mlp_64: 784-512-512-10, batch 64, SGD | 100 | 0.835 |")
  })
})
