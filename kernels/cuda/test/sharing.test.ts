/** What several devices, processes and uploads share: kernels on disk, memory that the host fills while the device works. */
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { keyOf, make } from "../src/driver/ImageCache.ts"
import { at, floats, i32, f32, launch, output, planOf, pointer, runOnce, upload } from "./plans.ts"
import { source } from "./programs.ts"
import { emulator } from "./support.ts"

const standIn = emulator()

describe.skipIf(standIn.obstacle !== undefined)("kernels on disk", () => {
  let folder = ""
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "cotangent-kernels-"))
  })
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

  const shifted = Effect.scoped(
    Effect.gen(function* () {
      const driver = yield* standIn.open({}, { COTANGENT_CUDA_CACHE: folder })
      const x = yield* upload(driver, new Float32Array(8))
      const shift = launch("shift", [1, 8], [pointer(at(output(0))), f32(1), i32(8)])
      yield* runOnce(driver, planOf(source, [shift]), [], [x])
      return [...(yield* floats(driver, x))]
    })
  )
  const files = () => fs.readdirSync(folder).map((name) => path.join(folder, name))

  it("are compiled again where they are damaged, or of something else", async () => {
    assert.deepStrictEqual(await Effect.runPromise(shifted), Array(8).fill(1))
    const [file, ...others] = files()
    assert.deepStrictEqual(others, [])
    const whole = fs.readFileSync(file)
    fs.writeFileSync(file, whole.subarray(0, 1000))
    assert.deepStrictEqual(await Effect.runPromise(shifted), Array(8).fill(1))
    assert.isTrue(fs.readFileSync(file).length > 1000)
    // Whole, but no machine code: the driver refuses it.
    make(folder).write(path.basename(file, ".image"), new Uint8Array(Buffer.from(keyOf(["of another compiler"]))))
    assert.deepStrictEqual(await Effect.runPromise(shifted), Array(8).fill(1))
  })

  it("serve processes that all find none and compile at the same time", { timeout: 120_000 }, async () => {
    const said = await Promise.all(
      Array.from(
        { length: 4 },
        () =>
          new Promise<string>((resolve) => {
            const script = path.join(import.meta.dirname, "packed.ts")
            const env = { ...process.env, ...standIn.environment, COTANGENT_CUDA_CACHE: folder }
            const child = spawn(process.execPath, ["--no-warnings", script], { env })
            let text = ""
            child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()))
            child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()))
            child.on("close", () => resolve(text))
          })
      )
    )
    assert.deepStrictEqual(said, Array(4).fill("CUDA on the CPU 1 4 9 16\n"))
    assert.isTrue(files().every((file) => file.endsWith(".image")))
  })
})

describe.skipIf(standIn.obstacle !== undefined)("batches", () => {
  it("are on their way while the device still works on those before, each in memory of its own", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const driver = yield* standIn.open({ LAZY: 1 })
          const length = 1000
          const batch = yield* upload(driver, new Float32Array(length))
          const sum = yield* upload(driver, new Float32Array(1))
          yield* driver.synchronize
          const add = `extern "C" __global__ void add(const float* x, float* y, int n) {
            for (int i = 0; i < n; i++) y[0] += x[i];
          }`
          const call = launch("add", [1, 1], [pointer(at(output(0))), pointer(at(output(1))), i32(length)])
          const { run } = yield* driver.prepare(planOf(add, [call]), { inputs: 0, outputs: 2 })
          const before = standIn.statistics()
          const works = (): number => {
            const { launches, replays } = standIn.statistics()
            return launches - before.launches + replays - before.replays
          }
          // Three batches are written before the first has been worked on: the host fills memory that takes turns.
          for (const value of [1, 10, 100]) {
            yield* driver.write(batch, new Uint8Array(new Float32Array(length).fill(value).buffer))
            yield* run([], [batch, sum])
          }
          assert.strictEqual(works(), 0)
          assert.deepStrictEqual([...(yield* floats(driver, sum))], [111 * length])
        })
      )
    ))
})
