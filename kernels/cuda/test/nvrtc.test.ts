import { grad } from "@cotangent/autodiff/Gradient"
import * as Attention from "@cotangent/nn/Attention"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceError } from "@cotangent/runtime/errors"
import type { Shape } from "@cotangent/tensor/ShapeType"
import * as Tensor from "@cotangent/tensor/Tensor"
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

  it.effect.each([
    ["bf16", 64],
    ["f16", 128],
    ["f32", 64]
  ] as const)(
    "compiles attention by blocks in %s, heads of %d, for GPUs of several generations, and no kernel spills registers",
    ([dtype, width]) =>
      Effect.gen(function* () {
        const { layer, plans } = recorder({ leastScores: { [dtype]: 0 } })
        yield* attention(dtype, width).pipe(Effect.provide(layer))
        const name = `attention in ${dtype} of ${width}`
        const used = (yield* Effect.promise(() => kernelsOf(name, plans))).filter(({ kernel }) =>
          kernel.includes("attention")
        )
        // Forward, by queries, by keys, of which wide ones take two; for two generations.
        assert.strictEqual(used.length, 2 * (width > 64 ? 4 : 3))
        assert.deepStrictEqual(spilling(used), [])
      }),
    120_000
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

type Floats = Tensor.Tensor<Shape, "f32">

/** Attention of some heads, and its gradients in a program of its own. */
const attention = (dtype: "bf16" | "f16" | "f32", width: number): Effect.Effect<void, DeviceError, Device> =>
  Effect.gen(function* () {
    const device = yield* Device
    const x = yield* device.realize(Tensor.zeros([4, 512, width], dtype) as Tensor.Tensor as Floats)
    const attend = (query: Floats, key: Floats, value: Floats): Floats =>
      Attention.scaledDotProductAttention({ query, key, value }, { causal: true }) as Floats
    const forward = yield* device.compile(attend)
    yield* forward(x, x, x)
    const backward = yield* device.compile((query: Floats, key: Floats, value: Floats, weights: Floats) =>
      grad(([q, k, v]: readonly [Floats, Floats, Floats]) => Tensor.sum(Tensor.mul(attend(q, k, v), weights)) as never)(
        [query, key, value]
      )
    )
    yield* backward(x, x, x, x)
  }).pipe(Effect.scoped)
