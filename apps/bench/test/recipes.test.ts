import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { standIn as build } from "../../../kernels/cuda/emulator/standIn.ts"
import { buildAdapter } from "../../../kernels/cuda/native/adapter.ts"
import type { Numbers } from "../src/gpu/recipes.ts"
import { compare, differences, names } from "../src/gpu/recipes.ts"

const [adapter, standIn] = [buildAdapter(), build()]
const obstacle = adapter.tag === "failed" ? adapter.reason : standIn.tag === "failed" ? standIn.reason : undefined
if (obstacle !== undefined) console.log(`recipes are not carried out on the stand-in for CUDA: ${obstacle}`)

describe("numbers of two devices", () => {
  const numbers = (losses: ReadonlyArray<number | null>, results: Numbers["results"]): Numbers => ({
    losses: losses.map((loss, i) => ({ training: "large", step: i + 1, loss })),
    results
  })
  const expected = numbers([2, 40, 3], { "test accuracy of large": 0.9, "test accuracy of small": 0.8 })

  it("are the same up to rounding, and no more", () => {
    const check = (losses: ReadonlyArray<number | null>, results = expected.results) =>
      differences(expected, numbers(losses, results), expected)
    assert.deepStrictEqual(check([2 + 1e-4, 40 + 1e-3, 3]), [])
    assert.deepStrictEqual(check([2, 40, 3], { ...expected.results, "test accuracy of small": 0.805 }), [])
    assert.deepStrictEqual(check([2, 40, 3.001]), ["large step 3: 3.001, expected 3"])
    assert.lengthOf(check([2, null, 3]), 1)
    assert.lengthOf(check([2, 40]), 1)
    assert.lengthOf(check([2, 40, 3], { ...expected.results, "test accuracy of large": 0.92 }), 1)
    assert.lengthOf(check([2, 40, 3], { "test accuracy of large": 0.9 }), 1)
  })

  it("may be as far apart as the least change of pictures moves them, after which nothing is compared", () => {
    const nudged = numbers([2.3, 41, 3], { ...expected.results, "test accuracy of large": 0.5 })
    const check = (losses: ReadonlyArray<number | null>, results = expected.results) =>
      differences(expected, numbers(losses, results), nudged)
    assert.deepStrictEqual(check([2.2, 90, 7], { ...expected.results, "test accuracy of large": 0 }), [])
    assert.deepStrictEqual(check([2.4, 40, 3]), ["large step 1: 2.4, expected 2"])
    assert.lengthOf(check([2.2, 40, 3], { ...expected.results, "test accuracy of small": 0.5 }), 1)
  })
})

describe.skipIf(obstacle !== undefined)("a recipe on the stand-in for CUDA", () => {
  beforeAll(() => {
    if (adapter.tag === "failed" || standIn.tag === "failed") return
    vi.stubEnv("COTANGENT_CUDA_ADAPTER", adapter.file)
    for (const [name, value] of Object.entries(standIn.environment)) vi.stubEnv(name, value)
  })
  afterAll(() => void vi.unstubAllEnvs())

  it("comes to what it comes to on the CPU, step by step", { timeout: 300_000 }, async () => {
    const chosen = ["mnist-mlp", "gumbel"]
    const compared = Effect.gen(function* () {
      assert.includeMembers([...(yield* names)], chosen)
      return yield* compare(chosen, ["wasm", "cuda"], 250)
    })
    const outcomes = await Effect.runPromise(Effect.provide(compared, NodeServices.layer))
    assert.sameMembers(
      outcomes.map(({ recipe }) => recipe),
      chosen
    )
    for (const { failures, numbers } of outcomes) {
      assert.deepStrictEqual(failures, [])
      assert.isAbove(numbers, 2)
    }
  })

  it("that cannot be carried out says why", { timeout: 60_000 }, async () => {
    vi.stubEnv("COTANGENT_CUDA_DRIVER", "/nowhere/libcuda.so.1")
    const outcomes = compare(["gumbel"], ["wasm", "cuda"], 50)
    const [{ failures }] = await Effect.runPromise(Effect.provide(outcomes, NodeServices.layer))
    vi.stubEnv("COTANGENT_CUDA_DRIVER", undefined)
    assert.match(failures.join(), /the NVIDIA driver is not found.*COTANGENT_CUDA_DRIVER/)
  })
})
