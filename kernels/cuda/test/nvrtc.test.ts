import { recorder } from "@cotangent/testing/gpu"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { lessons, losses } from "./lessons.ts"
import * as Nvrtc from "../src/driver/Nvrtc.ts"
import { kernelsOf, nvrtc, spilling } from "./machineCode.ts"
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

describe.skipIf(nvrtc === undefined)("NVRTC itself", () => {
  it.effect("makes machine code for GPUs of several generations, without one", () =>
    Effect.gen(function* () {
      for (const architecture of [80, 90]) {
        const { image } = yield* Effect.promise(() => nvrtc!.compile(source, Nvrtc.optionsFor(architecture)))
        assert.strictEqual(Buffer.from(image.subarray(0, 4)).toString("latin1"), "\x7fELF")
      }
    })
  )

  it.effect.each(Object.entries(lessons))(
    "compiles what a training of %s takes, for GPUs of several generations, and no kernel spills registers",
    ([name, lesson]) =>
      Effect.gen(function* () {
        const { layer, plans } = recorder()
        yield* losses(lesson, 1).pipe(Effect.provide(layer))
        const launched = plans.flatMap(({ operations }) => operations).filter(({ tag }) => tag === "launch").length
        const used = yield* Effect.promise(() => kernelsOf(name, plans))
        assert.isAtLeast(used.length, Math.min(launched, 4))
        assert.deepStrictEqual(spilling(used), [])
      }),
    120_000
  )
})
