/**
 * A process of its own, in which AddressSanitizer watches kernels: tests start it with the name of what they shall do wrong,
 * or with `training`.
 */
import * as Effect from "effect/Effect"
import { compileAhead } from "./ahead.ts"
import { layerOn } from "./device.ts"
import { lessons, losses } from "./lessons.ts"
import { at, floats, i32, launch, output, planOf, pointer, runOnce, upload } from "./plans.ts"
import { emulator } from "./support.ts"

const source = `
extern "C" __global__ void fill(float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  __syncthreads();
  if (i < n) y[i] = 1.0f;
}
extern "C" __global__ void neighbors(float* y, int n) {
  __shared__ float s[64];
  s[threadIdx.x] = y[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = s[threadIdx.x + n];
}`

const fault = process.argv[2]

const standIn = emulator()

const single = Effect.gen(function* () {
  const driver = yield* standIn.open({ ORDER: 2 })
  const y = yield* upload(driver, new Float32Array(64))
  const run = (kernel: string, n: number) =>
    runOnce(driver, planOf(source, [launch(kernel, [1, 64], [pointer(at(output(0))), i32(n)])]), [], [y])
  yield* run("fill", 64)
  yield* run("neighbors", 0)
  yield* floats(driver, y)
  if (fault === "beyond") {
    const small = yield* upload(driver, new Float32Array(63))
    const plan = planOf(source, [launch("fill", [1, 64], [pointer(at(output(0))), i32(64)])])
    yield* runOnce(driver, plan, [], [small])
  }
  if (fault === "shared") yield* run("neighbors", 1)
  if (fault === "freed") {
    const freed = yield* driver.allocate(256)
    driver.free(freed)
    const plan = planOf(source, [launch("fill", [1, 64], [pointer(at(output(0))), i32(64)])])
    yield* runOnce(driver, plan, [], [freed])
  }
  yield* driver.synchronize
})

/** A step one by one, one that becomes a graph, and the graph again. */
const training = Effect.gen(function* () {
  const each = Effect.forEach(Object.values(lessons), (lesson) => losses(lesson, 3))
  yield* Effect.promise(() => compileAhead(standIn, each))
  yield* Effect.provide(each, layerOn(standIn, { ORDER: 2 }))
})

await Effect.runPromise(fault === "training" ? training : Effect.scoped(single))
console.log("done")
