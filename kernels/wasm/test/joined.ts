/** Compiles kernels of every form with wide SIMD on, while V8 prints what it does to each. */
import * as v8 from "node:v8"
import { compile } from "@cotangent/compiler/Compile"
import { trace } from "@cotangent/tensor/Program"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as Features from "../src/Features.ts"
import { imports, render } from "../src/Render.ts"
import * as WideSimd from "../src/WideSimd.ts"

const f32 = (...shape: ReadonlyArray<number>) => ({ shape, dtype: "f32" as const })

const programs = [
  trace([f32(4096)], (x) => [Tensor.exp(x)]),
  trace([f32(4096), f32(4096)], (x, y) => [Tensor.mul(Tensor.tanh(Tensor.add(x, y)), Tensor.sigmoid(x))]),
  trace([f32(4096)], (x) => [Tensor.log1p(x)]),
  trace([f32(4096)], (x) => [Tensor.where(Tensor.less(x, 0), Tensor.mul(x, 0.1), x)]),
  trace([f32(16, 512)], (x) => [Tensor.softmax(x, 1)]),
  trace([f32(16, 512)], (x) => [Tensor.sum(Tensor.mul(x, x), 1)]),
  trace([f32(512, 64)], (x) => [Tensor.sum(x, 0)]),
  trace([f32(65536)], (x) => [Tensor.sum(x)]),
  trace([f32(65536)], (x) => [Tensor.max(x)]),
  trace([f32(48, 64), f32(64, 64), f32(64)], (x, w, b) => [Tensor.tanh(Tensor.add(Tensor.matmul(x, w), b))])
]

const outcome = WideSimd.enable()
console.log(`wide ${outcome.isEnabled}`)
// Functions are optimized at once, one after the other, each with a report. Set here, since Node itself runs modules
// when it starts.
for (const flag of [
  "--trace-wasm-revectorize",
  "--no-liftoff",
  "--no-wasm-lazy-compilation",
  "--wasm-num-compilation-tasks=1"
]) {
  v8.setFlagsFromString(flag)
}
for (const program of programs) {
  const { module } = render(compile(program), {
    memory: { minimum: 1 },
    isRelaxed: Features.detect().relaxedSimd,
    isWide: true,
    threads: 1,
    isProfiled: false
  })
  const memory = new WebAssembly.Memory({ initial: 1 })
  new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory, ...imports } })
}
