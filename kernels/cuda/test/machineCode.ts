/**
 * Machine code by NVRTC itself, which needs no GPU. Where there is none, this says why, and what needs it is to be skipped.
 */
import type { Nvrtc } from "../src/driver/Nvrtc.ts"
import { open, optionsFor } from "../src/driver/Nvrtc.ts"
import type { DevicePlan } from "../src/Plan.ts"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { assert } from "vitest"
import { buildAdapter } from "../native/adapter.ts"

const find = (): Nvrtc | undefined => {
  const adapter = buildAdapter()
  const without = (reason: string): undefined =>
    console.log(`nothing is compiled by NVRTC itself: ${reason}`) as undefined
  if (adapter.tag === "failed") return without(adapter.reason)
  const found = Effect.runSync(Effect.result(open({ ...process.env, COTANGENT_CUDA_ADAPTER: adapter.file })))
  return Result.isSuccess(found) ? found.success : without(found.failure.reason)
}

/** NVRTC itself. */
export const nvrtc = find()

/** What a kernel takes of a multiprocessor. **Units** registers of a thread, bytes. */
export interface Use {
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

const compile = async (plans: ReadonlyArray<DevicePlan>, architecture: number): Promise<ReadonlyArray<Use>> => {
  const sources = [...new Set(plans.flatMap((plan) => plan.sources))]
  const options = [...optionsFor(architecture), "--ptxas-options=-v"]
  const compiled = await Promise.all(sources.map((source) => nvrtc!.compile(source, options)))
  return compiled.flatMap(({ log }) => usesOf(log))
}

/** Compiles the kernels of `plans` for GPUs of several generations, and says what they take. Rejects where one is none. */
export const kernelsOf = async (name: string, plans: ReadonlyArray<DevicePlan>): Promise<ReadonlyArray<Use>> => {
  const all: Array<Use> = []
  for (const architecture of [80, 90]) {
    const used = await compile(plans, architecture)
    const { kernel, registers } = used.reduce((x, y) => (x.registers >= y.registers ? x : y))
    const names = spilling(used).map((use) => `${use.kernel} ${use.spilled} bytes`)
    const spills = names.length === 0 ? "none spills" : `spilled: ${names.join(", ")}`
    console.log(
      `${name}, sm_${architecture}: ${used.length} kernels, at most ${registers} registers (${kernel}), ${spills}`
    )
    all.push(...used)
  }
  return all
}

/** Those that spill registers. */
export const spilling = (used: ReadonlyArray<Use>): ReadonlyArray<Use> => used.filter(({ spilled }) => spilled > 0)

/** Demands that the kernels of `plans` compile, that there are some, and that none spills registers. */
export const assertSound = async (name: string, plans: ReadonlyArray<DevicePlan>): Promise<void> => {
  const used = await kernelsOf(name, plans)
  assert.isNotEmpty(used)
  assert.deepStrictEqual(spilling(used), [])
}
