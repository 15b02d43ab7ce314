import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { buildAdapter } from "../native/adapter.ts"
import { recorder } from "./device.ts"
import { lessons, losses } from "./lessons.ts"
import * as Nvrtc from "../src/driver/Nvrtc.ts"
import { source } from "./programs.ts"
import { emulator } from "./support.ts"

const standIn = emulator()

describe.skipIf(standIn.obstacle !== undefined)("the compiler", () => {
  it.effect("compiles several sources at the same time, and says what is wrong in those that are wrong", () =>
    Effect.gen(function* () {
      const nvrtc = yield* Nvrtc.open(standIn.environment)
      const wrong = 'extern "C" __global__ void f(int* x) { x[0] = nothing; }'
      const results = yield* Effect.promise(() =>
        Promise.allSettled([source, wrong, source].map((text) => nvrtc.compile(text, Nvrtc.optionsFor(90))))
      )
      assert.deepStrictEqual(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"]
      )
      const [, failed] = results
      assert.match(String((failed as PromiseRejectedResult).reason), /program\.cu.*nothing/s)
    })
  )

  it.effect("refuses options that NVRTC does not have", () =>
    Effect.gen(function* () {
      const nvrtc = yield* Nvrtc.open(standIn.environment)
      const failure = yield* Effect.flip(
        Effect.tryPromise({ try: () => nvrtc.compile(source, ["--nothing"]), catch: String })
      )
      assert.include(failure, "nvrtcCompileProgram gave 5")
    })
  )
})

const adapter = buildAdapter()
const built = adapter.tag === "built" ? adapter.file : ""
const real =
  adapter.tag === "failed"
    ? adapter.reason
    : Effect.runSync(Effect.result(Nvrtc.open({ ...process.env, COTANGENT_CUDA_ADAPTER: adapter.file })))
const obstacle = typeof real === "string" ? real : real._tag === "Failure" ? real.failure.reason : undefined
if (obstacle !== undefined) console.log(`tests of NVRTC itself are skipped: ${obstacle}`)

describe.skipIf(obstacle !== undefined)("NVRTC itself", () => {
  it.effect("makes machine code for GPUs of several generations, without one", () =>
    Effect.gen(function* () {
      const nvrtc = yield* Nvrtc.open({
        ...process.env,
        COTANGENT_CUDA_ADAPTER: built
      })
      for (const architecture of [80, 90]) {
        const { image } = yield* Effect.promise(() => nvrtc.compile(source, Nvrtc.optionsFor(architecture)))
        assert.strictEqual(Buffer.from(image.subarray(0, 4)).toString("latin1"), "\x7fELF")
      }
    })
  )

  it.effect.each(Object.entries(lessons))(
    "compiles what a training of %s takes, for GPUs of several generations, and no kernel spills registers",
    ([name, lesson]) =>
      Effect.gen(function* () {
        const nvrtc = yield* Nvrtc.open({ ...process.env, COTANGENT_CUDA_ADAPTER: built })
        const { layer, plans } = recorder()
        yield* losses(lesson, 1).pipe(Effect.provide(layer))
        const sources = plans.flatMap((plan) => plan.sources)
        const launched = plans.flatMap(({ operations }) => operations).filter(({ tag }) => tag === "launch").length
        for (const architecture of [80, 90]) {
          const options = [...Nvrtc.optionsFor(architecture), "--ptxas-options=-v"]
          const compiled = yield* Effect.promise(() =>
            Promise.all(sources.map((source) => nvrtc.compile(source, options)))
          )
          const used = compiled.flatMap(({ log }) => usesOf(log))
          assert.isAtLeast(used.length, Math.min(launched, 4))
          const most = Math.max(...used.map(({ registers }) => registers))
          console.log(`${name}, sm_${architecture}: ${used.length} kernels, at most ${most} registers`)
          assert.deepStrictEqual(
            used.filter(({ spilled }) => spilled > 0),
            []
          )
        }
      }),
    120_000
  )
})

/** What a kernel takes of a multiprocessor. **Units** registers of a thread, bytes. */
interface Use {
  readonly kernel: string
  readonly registers: number
  readonly spilled: number
}

/** What the compiler says of each kernel. */
const usesOf = (log: string): ReadonlyArray<Use> =>
  log
    .split("Compiling entry function '")
    .slice(1)
    .map((text) => ({
      kernel: text.slice(0, text.indexOf("'")),
      registers: Number(/Used (\d+) registers/.exec(text)?.[1]),
      spilled: Number(/(\d+) bytes spill stores/.exec(text)?.[1])
    }))
