import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { standIn as build } from "../../../kernels/cuda/emulator/standIn.ts"
import { buildAdapter } from "../../../kernels/cuda/native/adapter.ts"
import { compare, differences, names } from "../src/gpu/recipes.ts"

const [adapter, standIn] = [buildAdapter(), build()]
const obstacle = adapter.tag === "failed" ? adapter.reason : standIn.tag === "failed" ? standIn.reason : undefined
if (obstacle !== undefined) console.log(`recipes are not carried out on the stand-in for CUDA: ${obstacle}`)

describe("numbers of two devices", () => {
  const expected = new Map([
    ["step 1", 2],
    ["step 2", 40],
    ["test accuracy", 0.9]
  ])

  it("are the same up to rounding, and no more", () => {
    const moved = (name: string, by: number) => new Map([...expected, [name, expected.get(name)! + by]])
    assert.deepStrictEqual(differences("r", expected, moved("step 1", 1e-4)), [])
    assert.deepStrictEqual(differences("r", expected, moved("step 2", 1e-3)), [])
    assert.deepStrictEqual(differences("r", expected, moved("test accuracy", 0.005)), [])
    assert.deepStrictEqual(differences("r", expected, moved("step 1", 1e-3)), ["step 1: 2.001, expected 2"])
    assert.lengthOf(differences("r", expected, moved("step 2", NaN)), 1)
    assert.lengthOf(differences("r", expected, moved("test accuracy", 0.02)), 1)
    assert.lengthOf(differences("r", expected, new Map([...expected].slice(1))), 1)
    assert.lengthOf(differences("r", expected, new Map([...expected, ["step 3", 1]])), 1)
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
