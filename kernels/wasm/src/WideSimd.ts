/**
 * 256-bit vectors by V8's re-vectorization, which joins adjacent 128-bit instructions of a WebAssembly module.
 *
 * The engine's flag `--experimental-wasm-revectorize` is experimental and acts on the whole process, on all modules
 * that are compiled from then on; V8 gives no promise about it, and has it since Node 24. Hence nothing here happens
 * unasked, and `enable` first compares kernels with and without it, bit by bit.
 */
import * as Features from "./Features.ts"
import type { FunctionBuilder } from "./FunctionBuilder.ts"
import { gemm } from "./gemm.ts"
import { storeRowMajor } from "./gemmEpilogue.ts"
import * as Module from "./Module.ts"

/** What became of the request. */
export type WideSimd =
  | {
      readonly isEnabled: true
      /** How many times as fast a small matrix product with wide kernels has become. */
      readonly speedup: number
    }
  | { readonly isEnabled: false; readonly reason: string }

interface Engine {
  readonly setFlagsFromString: (flags: string) => void
}

interface NodeProcess {
  readonly versions?: { readonly v8?: string }
  readonly getBuiltinModule?: (name: string) => unknown
}

const flag = "experimental-wasm-revectorize"

/** The first version of V8 that gains by the flag; older ones ignore it, or report it to be unknown. */
const firstVersion = 13

/** Below this, vectors were not joined: then wide kernels, which need twice the registers, are slower than narrow ones. */
const leastSpeedup = 1.5

/**
 * Turns wide SIMD on, for all modules compiled later in this process, if the engine has it and passes the check;
 * otherwise leaves everything as it was and says why. Takes a few milliseconds.
 */
export const enable = (): WideSimd => {
  const engine = findEngine()
  if (typeof engine === "string") return { isEnabled: false, reason: engine }
  const isRelaxed = Features.detect().relaxedSimd
  // Optimized code at once: it is the optimizing compiler that joins vectors.
  engine.setFlagsFromString("--no-liftoff")
  engine.setFlagsFromString(`--no-${flag}`)
  try {
    const plain = probe(isRelaxed, "plain")
    engine.setFlagsFromString(`--${flag}`)
    const wide = probe(isRelaxed, "wide")
    const speedup = plain.millis / wide.millis
    const isSame = plain.bits === wide.bits
    if (isSame && speedup >= leastSpeedup) return { isEnabled: true, speedup }
    engine.setFlagsFromString(`--no-${flag}`)
    return {
      isEnabled: false,
      reason: isSame ? "the engine joins no vectors" : "results differ from those of plain code"
    }
  } finally {
    engine.setFlagsFromString("--liftoff")
  }
}

/** V8's settings, through the process object: an import would keep this module out of browsers. */
const findEngine = (): Engine | string => {
  // Only Node has a process; its shape is checked where it is used.
  const { process } = globalThis as { readonly process?: NodeProcess }
  const version = Number.parseInt(process?.versions?.v8 ?? "", 10)
  if (process?.getBuiltinModule === undefined || Number.isNaN(version)) return "the host is not Node"
  if (version < firstVersion) return `V8 ${version} cannot join vectors`
  // The documented interface of this module of Node.
  return process.getBuiltinModule("node:v8") as Engine
}

const size = 48
const matrixBytes = size * size * 4

/** Runs a matrix product and an elementwise kernel, and gives all bits of the results, and the time of a product. */
const probe = (isRelaxed: boolean, name: string): { readonly bits: string; readonly millis: number } => {
  const module = Module.make({ minimum: 2 })
  const product = gemm(module, {
    m: size,
    n: size,
    k: size,
    a: { rowStride: size, depthStride: 1 },
    b: { depthStride: size, columnStride: 1 },
    dtype: "f32",
    isRelaxed,
    isWide: true,
    epilogue: storeRowMajor("f32", size)
  })
  // The name keeps the modules apart: V8 would take equal bytes for the same module and not compile them again.
  const code = module.function({ name, parameters: ["index", "index", "index", "index"], isExported: true })
  const [a, b, c, scratch] = code.parameters
  code
    .get(a)
    .get(b)
    .get(scratch)
    .whole(0)
    .whole(product.units)
    .whole(0)
    .whole(product.panels)
    .get(c)
    .call(product.function)
  elementwise(module.function({ name: "elementwise", parameters: ["index", "index"], isExported: true }), isRelaxed)
  const memory = new WebAssembly.Memory({ initial: 2 })
  const values = new Float32Array(memory.buffer)
  for (let index = 0; index < (3 * matrixBytes) / 4; index += 1) values[index] = Math.fround(Math.sin(index * 1.7))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } })
  const call = (entry: string, ...args: ReadonlyArray<number>): void => {
    const found = exports[entry]
    if (typeof found === "function") found(...args)
  }
  const run = () => call(name, 0, matrixBytes, 2 * matrixBytes, 4 * matrixBytes)
  run()
  call("elementwise", 2 * matrixBytes, 3 * matrixBytes)
  const bits = new Uint32Array(memory.buffer, 2 * matrixBytes, matrixBytes / 2).join()
  return { bits, millis: fastest(run) }
}

/** Milliseconds of one call, at best. */
const fastest = (run: () => void): number => {
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now()
    for (let round = 0; round < 10; round += 1) run()
    return (performance.now() - start) / 10
  })
  return Math.min(...times)
}

/** From `x` at the first address, `max(0, x · x + x) · x − 1/2` to the second. */
const elementwise = (code: FunctionBuilder<readonly ["index", "index"]>, isRelaxed: boolean): void => {
  const [source, target] = code.parameters
  const [zero, half] = [code.constant("f32x4", 0), code.constant("f32x4", 0.5)]
  const index = code.local("index")
  const values = [code.local("v128"), code.local("v128")]
  code.forLoop({ local: index, from: 0, to: matrixBytes, step: 32 }, () => {
    values.forEach((value, position) =>
      code
        .get(source)
        .op("v128.load", position * 16)
        .set(value)
    )
    for (const value of values) {
      if (isRelaxed) code.get(value).get(value).get(value).op("f32x4.relaxed_madd")
      else code.get(value).get(value).op("f32x4.mul").get(value).op("f32x4.add")
      code.get(zero).op("f32x4.pmax").get(value).op("f32x4.mul").get(half).op("f32x4.sub").set(value)
    }
    values.forEach((value, position) =>
      code
        .get(target)
        .get(value)
        .op("v128.store", position * 16)
    )
    code.advance(source, 32).advance(target, 32)
  })
}
