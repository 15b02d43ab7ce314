import { evaluate } from "@cotangent/tensor/Reference"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestConsole } from "effect/testing"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { timePeer } from "../src/apart.ts"
import type { Expected } from "../src/checks.ts"
import { expected, objection } from "../src/checks.ts"
import { fill, ints, transposed } from "../src/data.ts"
import { page } from "../src/page.ts"
import { peers } from "../src/peers.ts"
import * as Results from "../src/Result.ts"
import { run as bench } from "../src/run.ts"
import { row, skips, table } from "../src/table.ts"
import { workloads } from "../src/workloads.ts"
import { oddProduct, operands } from "../src/workloads/products.ts"

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
    const results = lines.map((line) => Schema.decodeSync(Results.json)(line))
    expect(results.map(({ workload }) => workload)).toEqual(["gemm_256", "mlp_64"])
    for (const result of results) {
      expect(objection(result, { name: result.workload })).toBeUndefined()
      expect(result.minMs).toBeLessThanOrEqual(result.medianMs)
      expect(result.peakBytes).toBeGreaterThan(0)
    }
    expect(JSON.parse(readFileSync(trace, "utf8"))).toMatchObject({ displayTimeUnit: "ms" })
  })

  it("ends with 2 where it is called wrongly", () => {
    expect(run("--workloads", "nothing")).toMatchObject({ status: 2 })
    expect(run("--device", "abacus", "--workloads", "gemm_256")).toMatchObject({ status: 2 })
    expect(run("--peers=abacus", "--workloads", "gemm_256")).toMatchObject({ status: 2 })
  })
})

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

const at = {
  date: "2026-01-02",
  commit: "abc",
  processor: "P",
  cores: 2,
  load: 0.5,
  node: "24",
  v8: "13",
  wide: "256-bit SIMD on"
}

describe("other libraries", () => {
  it("compute the same", () => {
    const json = join(folder, "peers.jsonl")
    expect(run("--quick", "--peers", "--workloads", "bmm_odd_at", "--json", json).status).toBe(0)
    const lines = readFileSync(json, "utf8").trimEnd().split("\n")
    const outcomes = lines.map((line) => Schema.decodeSync(Results.outcomeJson)(line))
    expect(outcomes.map(({ device }) => device)).toEqual(["wasm", ...Object.keys(peers)])
    const reasons = outcomes.flatMap((outcome) => ("reason" in outcome ? [outcome] : []))
    // What comes from npm is there; a Python with PyTorch need not be.
    expect(reasons.filter(({ reason }) => !/^there is no |has no PyTorch/.test(reason))).toEqual([])
    expect(reasons.filter(({ device }) => !/torch/.test(device))).toEqual([])
  })

  const attempt = (name: string, values: Expected) => {
    const workload = workloads.find((each) => each.name === name)!
    const job = { workload: name, device: "tfjs-wasm", threads: 1, isQuick: true }
    return timePeer(job, workload, values).pipe(Effect.provide(NodeServices.layer), Effect.runPromise)
  }

  it("are skipped, with the reason, where they lack something or compute otherwise", async () => {
    expect(await attempt("conv_fb", expected)).toMatchObject({
      reason: "Kernel 'Conv2DBackpropFilter' not registered for backend 'wasm'"
    })
    expect(await attempt("dispatch", { dispatch: [1] })).toMatchObject({
      reason: expect.stringMatching(/^its values differ: dispatch: expected 1 as value 1/)
    })
  })

  it("are told together where they are skipped for the same reason", () => {
    const [workload] = workloads
    const of = (name: string, reason: string) => {
      const peer = { workload: name, device: "jax-js", reason }
      return { workload, result: { ...result, workload: name }, objection: undefined, peers: [peer] }
    }
    const lines = ["jax-js without a, b: too slow", "jax-js without c: no kernel"]
    expect(skips([of("a", "too slow"), of("b", "too slow"), of("c", "no kernel")])).toEqual(lines)
    expect(page([of("a", "too slow")], at)).toContain("- jax-js without a: too slow")
  })
})

const extent = fc.integer({ min: 1, max: 6 })

describe("check values", () => {
  const options = {
    workloads: "gemm_256,dispatch",
    threads: 1,
    device: "wasm",
    quick: true,
    peers: undefined,
    json: undefined,
    profile: undefined,
    record: false
  }
  const runHere = (values: Expected) =>
    bench({ ...options, values }).pipe(
      Effect.flip,
      Effect.provide(Layer.merge(NodeServices.layer, TestConsole.layer)),
      Effect.runPromise
    )

  it("that differ fail the run", async () => {
    const { gemm_256: right } = expected
    const wrong = await runHere({ gemm_256: [right[0] * 1.001] })
    expect(wrong).toMatchObject({ _tag: "Wrong", message: expect.stringMatching(/^gemm_256: expected 4.259/) })
    expect(await runHere({ gemm_256: right, dispatch: [1] })).toMatchObject({
      _tag: "Wrong",
      message: expect.stringMatching(/^dispatch: expected 1 as value 1/)
    })
  })

  it("must agree, be as many, and be there", () => {
    const values = { sum: [100, 200] }
    const of = (check: ReadonlyArray<number>) => objection({ check }, { name: "sum" }, values)
    expect(of([100.009, 200])).toBeUndefined()
    expect(of([100, 200.03])).toBe("sum: expected 200 as value 2, received 200.03")
    expect(of([100, NaN])).toContain("received NaN")
    expect(of([100])).toContain("expected 2 values")
    expect(objection({ check: [1] }, { name: "product" }, values)).toContain("nothing to check it by")
    expect(objection({ check: [1] }, { name: "product", reference: () => [2] }, values)).toContain("expected 2")
  })

  it("are PyTorch's or those of a reference, for every workload", () => {
    for (const { name, reference } of workloads) expect(Object.hasOwn(expected, name)).toBe(reference === undefined)
  })

  it("of products are those of the whole result", () => {
    fc.assert(
      fc.property(
        fc.record({ batch: extent, m: extent, n: extent, k: extent, ofA: fc.boolean(), ofB: fc.boolean() }),
        (drawn) => {
          const product = { name: "drawn", ...drawn }
          const { check, reference, run: multiply } = oddProduct(product)
          const [a, b] = operands(product).map((each) => Tensor.fromHostArray(each))
          const [{ data }] = evaluate(check(multiply(a as never, b as never) as never))
          expect(
            objection({ check: [...data] }, { name: "drawn", ...(reference === undefined ? {} : { reference }) })
          ).toBe(undefined)
        }
      )
    )
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
  it("tells how results compare with others, and which are wrong", () => {
    expect(row({ result, workload, objection: undefined, peers: [] })).toContain("0.50")
    expect(row({ result, workload, objection: "off by one", peers: [] })).toContain("WRONG")
    expect(
      table([
        ["a", "b"],
        ["ccc", "d"]
      ])
    ).toEqual(["  a  b", "ccc  d"])
  })

  it("becomes a page that says where it was measured", () => {
    const text = page([{ result, workload, objection: undefined, peers: [] }], at)
    expect(text).toContain("commit abc: P, 2 cores, Node 24 (V8 13), device `wasm` with 2 threads, 256-bit SIMD on")
    expect(text).toContain("| mlp_64: 784-512-512-10, batch 64, SGD | 100 | 0.835 |")
  })
})
