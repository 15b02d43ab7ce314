import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { standIn as build } from "../../../kernels/cuda/emulator/standIn.ts"
import { buildAdapter } from "../../../kernels/cuda/native/adapter.ts"
import { parseLines, runHere, temporaryFolder, writeDigits } from "./run.ts"

const path = temporaryFolder()
writeDigits(path("digits"), 200)

const train = (...options: ReadonlyArray<string>) =>
  runHere("train", "mnist-mlp", "--device", "cuda", "--data", path("digits"), ...options)

afterAll(() => void vi.unstubAllEnvs())

describe("the device cuda", () => {
  it("that is missing is said to be, with what to do", async () => {
    vi.stubEnv("COTANGENT_CUDA_ADAPTER", "/nowhere/cuffi.node")
    const { code, err, out } = await train("--out", path("none"))
    assert.deepStrictEqual([code, out], [1, ""])
    assert.match(err, /^the device cuda.* its native adapter is missing: build it by `pnpm run cuda:build`/)
    assert.notInclude(err, "\n")
    const { devices } = parseLines((await runHere("devices", "--json")).out)[0] as {
      readonly devices: ReadonlyArray<{ readonly name: string; readonly reason?: string }>
    }
    assert.include(devices.find(({ name }) => name === "cuda")!.reason, "its native adapter is missing")
  })
})

const [adapter, standIn] = [buildAdapter(), build()]
const obstacle = adapter.tag === "failed" ? adapter.reason : standIn.tag === "failed" ? standIn.reason : undefined
if (obstacle !== undefined) console.log(`nothing is trained on the stand-in for CUDA: ${obstacle}`)

describe.skipIf(obstacle !== undefined)("on the stand-in for CUDA, a training", () => {
  beforeAll(() => {
    if (adapter.tag === "failed" || standIn.tag === "failed") return
    const settings = { ...standIn.environment, COTANGENT_CUDA_ADAPTER: adapter.file }
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
  })

  it("has its usual end", { timeout: 120_000 }, async () => {
    const { code, err, out } = await train("--epochs", "2", "--json", "--out", path("trained"))
    assert.deepStrictEqual([code, err], [0, ""])
    const finished = parseLines(out).at(-1)!
    assert.deepInclude(finished, { _tag: "Finished", device: "cuda:0", total: 200 })
    assert.isAbove((finished["results"] as Readonly<Record<string, number>>)["test accuracy"], 0.3)
  })
})
