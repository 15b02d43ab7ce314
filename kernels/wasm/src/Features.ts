/** What the WebAssembly engine at hand can do, found out by validating tiny modules. */
import { memoryOf } from "./Heap.ts"
import type { FunctionBuilder } from "./FunctionBuilder.ts"
import type { MemoryLimits } from "./Module.ts"
import * as Module from "./Module.ts"

/** Abilities beyond the first version of WebAssembly that generated code may use. */
export interface Features {
  /** 128-bit vectors. All our kernels need them. */
  readonly simd: boolean
  /** Fused multiply-add, and other vector instructions whose rounding the machine may choose. */
  readonly relaxedSimd: boolean
  /** Atomic instructions and shared memories, which browsers give only to pages that are isolated from other origins. */
  readonly threads: boolean
  /** Memories with 64-bit addresses. */
  readonly memory64: boolean
}

/** Asks the engine. Pure in effect: an engine always answers the same in one page. */
export const detect = (): Features => ({
  simd: accepts({ minimum: 1 }, (code) => code.splat("f32x4", 0).drop()),
  relaxedSimd: accepts({ minimum: 1 }, (code) =>
    code.splat("f32x4", 0).splat("f32x4", 0).splat("f32x4", 0).op("f32x4.relaxed_madd").drop()
  ),
  threads:
    (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated !== false &&
    accepts({ minimum: 1, maximum: 1, isShared: true }, (code) => code.i32(0).op("i32.atomic.load").drop()),
  memory64:
    accepts({ minimum: 1, is64: true }, (code) => code.i64(0n).op("i32.load").drop()) &&
    gives({ minimum: 0, is64: true })
})

/** Whether there are such memories for modules to import. */
const gives = (limits: MemoryLimits): boolean => {
  try {
    memoryOf(limits)
    return true
  } catch {
    return false
  }
}

const accepts = (memory: MemoryLimits, emit: (code: FunctionBuilder<[]>) => void): boolean => {
  const module = Module.make(memory)
  emit(module.function({ name: "probe", parameters: [] }))
  return WebAssembly.validate(module.build())
}
