/**
 * The device for NVIDIA GPUs: programs become CUDA C and products of cuBLASLt, a run one plan, and from its second time
 * on at the same addresses a graph.
 */
import { compile as compileProgram } from "@cotangent/compiler/Compile"
import { identifier } from "@cotangent/compiler/Key"
import type { LoopProgram } from "@cotangent/compiler/LoopProgram"
import { print } from "@cotangent/compiler/Print"
import type { Target } from "@cotangent/compiler/Target"
import { graphics } from "@cotangent/compiler/Target"
import type { Backend, Executable } from "@cotangent/runtime/Backend"
import { Device } from "@cotangent/runtime/Device"
import type { DeviceUnavailable, OutOfMemory } from "@cotangent/runtime/errors"
import { CompileFailed } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Driver } from "./driver/Driver.ts"
import * as Drivers from "./driver/Driver.ts"
import type { DevicePlan } from "./Plan.ts"
import { render } from "./render/Render.ts"
import { describe } from "./render/describe.ts"
import { mostShared } from "./render/strips.ts"

/** How the device is set up. */
export interface Options extends Drivers.Options {
  /** Rounds the operands of products of `f32` to tf32: several times as fast, with an error of about 5e-4. */
  readonly isTf32?: boolean
  /** False computes every tensor by itself, to tell faults of the compiler from others. */
  readonly fusion?: boolean
  /** From how many bytes on scores of attention are computed again rather than kept, by the dtype of what is multiplied. */
  readonly leastScores?: Target["leastScores"]
}

/** Elements that one multiprocessor computes at the same time. */
const lanes = 128

/** The backend over an open GPU. */
export const backend = (driver: Driver, options: Options = {}): Backend => {
  const { info } = driver
  const name = `cuda:${info.ordinal}`
  const identify = identifier()
  // Attention takes more shared memory than the least GPUs have.
  const leastScores = info.sharedBytes < mostShared ? {} : (options.leastScores ?? graphics.leastScores)
  const target: Target = { ...graphics, leastScores }
  const failed = (reason: string, cause: unknown): CompileFailed => new CompileFailed({ device: name, reason, cause })
  return {
    description: {
      name,
      threads: info.multiprocessors * lanes,
      memoryBytes: info.memoryBytes,
      features: {
        gpu: info.name,
        architecture: `sm_${info.architecture}`,
        driver: info.driverVersion,
        products: (options.isTf32 ?? false) ? "tf32" : "f32"
      }
    },
    allocate: driver.allocate,
    free: driver.free,
    write: driver.write,
    read: driver.read,
    synchronize: driver.synchronize,
    compile: Effect.fnUntraced(function* (
      program,
      { donated }
    ): Effect.fn.Return<Executable, CompileFailed | OutOfMemory, Scope.Scope> {
      const fusion = options.fusion ?? true
      const loops = yield* Effect.try({
        try: () => compileProgram(program, { donated, identify, fusion, target }),
        catch: (cause) => failed(`the compiler failed: ${String(cause)}`, cause)
      })
      const plan = yield* Effect.try({
        try: () => render(loops, { isTf32: options.isTf32 ?? false }),
        catch: (cause) => failed(`code generation failed: ${String(cause)}`, cause)
      })
      const prepared = yield* driver.prepare(plan, { inputs: loops.inputs.length, outputs: loops.outputs.length })
      return {
        aliases: loops.aliases,
        scratchBytes: plan.scratchBytes,
        explain: () => explain(loops, plan),
        run: prepared.run
      }
    })
  }
}

const explain = (loops: LoopProgram, plan: DevicePlan): string => `${print(loops)}\n${describe(plan)}`

/** The device, set up as stated. **Fails** with `DeviceUnavailable` where there is no GPU, or nothing to use it with. */
export const layerWith = (options: Options): Layer.Layer<Device, DeviceUnavailable> =>
  Device.layer(Effect.map(Drivers.open(options), (driver) => backend(driver, options)))

/** The first GPU, or the one that `COTANGENT_CUDA_DEVICE` names. */
export const layer: Layer.Layer<Device, DeviceUnavailable> = layerWith({})
