import { Device } from "@cotangent/runtime/Device"
import { recorder } from "@cotangent/testing/gpu"
import * as Effect from "effect/Effect"
import { describe, it } from "vitest"
import { assertSound, nvrtc } from "../../../kernels/cuda/test/machineCode.ts"
import type { Training } from "../src/Workload.ts"
import { gpt2Size, transformer } from "../src/workloads/gpt.ts"
import { networks } from "../src/workloads/training.ts"

/** What the step of a training asks a GPU for. */
const plansOf = (workload: Training) =>
  Effect.gen(function* () {
    const { layer, plans } = recorder()
    yield* Effect.gen(function* () {
      const device = yield* Device
      const data = yield* Effect.forEach(workload.data(), device.put)
      const step = yield* device.compile(workload.step, { donate: [0] })
      const state = yield* device.realize(workload.start())
      yield* step(state as never, ...data)
    }).pipe(Effect.scoped, Effect.provide(layer))
    return plans
  }).pipe(Effect.runPromise)

// Blocks are all alike: two of them have all kernels.
const workloads = [...networks, transformer({ ...gpt2Size, blocks: 2 })]

describe.skipIf(nvrtc === undefined)("NVRTC", () => {
  it.each(workloads)(
    "compiles what a step of $name takes, for GPUs of several generations, and no kernel spills registers",
    async (workload) => assertSound(workload.name, await plansOf(workload)),
    300_000
  )
})
