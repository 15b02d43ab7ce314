/** Faults of kernels and of their callers, planted: the stand-in finds what a GPU may hide. */
import type { DeviceError, DeviceUnavailable } from "@cotangent/runtime/errors"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as path from "node:path"
import { CudaError } from "../src/driver/errors.ts"
import type { Driver } from "../src/driver/Driver.ts"
import * as Sessions from "../src/driver/Session.ts"
import { at, floats, i32, input, launch, memory, output, planOf, pointer, runOnce, upload } from "./plans.ts"
import type { Behavior } from "./support.ts"
import { emulator } from "./support.ts"

const standIn = emulator()
const { environment, open } = standIn

const source = `
extern "C" __global__ void reverse(const float* x, float* y) {
  __shared__ float s[64];
  s[threadIdx.x] = x[threadIdx.x];
  BARRIER
  y[threadIdx.x] = s[63 - threadIdx.x];
}
extern "C" __global__ void warps(const float* x, float* y) {
  __shared__ float s[32];
  s[threadIdx.x] = x[threadIdx.x];
  WARP_BARRIER
  y[threadIdx.x] = s[31 - threadIdx.x];
}
extern "C" __global__ void blocks(float* x, float* y) { if (threadIdx.x == 0) { x[blockIdx.x] = blockIdx.x; y[blockIdx.x] = x[gridDim.x - 1 - blockIdx.x]; } }
extern "C" __global__ void diverge(float* y) {
  float v = y[threadIdx.x];
  if (threadIdx.x == 0) __syncthreads(); else v += __shfl_xor_sync(0xffffffffu, v, 1);
  y[threadIdx.x] = v;
}
extern "C" __global__ void masks(float* y) { y[threadIdx.x] += __shfl_xor_sync(threadIdx.x < 16 ? 0xffffffffu : 0xffff0000u, y[threadIdx.x], 1); }
extern "C" __global__ void beyond(float* y, int n) { int i = threadIdx.x; if (i <= n) y[i] = 1.0f; }
extern "C" __global__ void bytes(char* y, int n) { if (threadIdx.x == 0) y[n] = 1; }
extern "C" __global__ void shared(float* y) { extern __shared__ float s[]; s[threadIdx.x] = 1.0f; y[threadIdx.x] = s[threadIdx.x + 1]; }
template <class T> __device__ T leftIn(int i) { __shared__ T s[32]; return s[i]; }
extern "C" __global__ void unset(float* y) { __shared__ float s[32]; y[threadIdx.x] = threadIdx.x < 16 ? s[threadIdx.x] : leftIn<float>(threadIdx.x); }
extern "C" __global__ void stop(float* y) { if (y[threadIdx.x] == 3.0f) __trap(); }
extern "C" __global__ void __launch_bounds__(64) bounded(float* y) { y[threadIdx.x] = 1.0f; }
`
const right = source.replace("WARP_BARRIER", "__syncwarp();").replace("BARRIER", "__syncthreads();")
const wrong = source.replace("WARP_BARRIER", "").replace("BARRIER", "")

const counting = (length: number): Float32Array<ArrayBuffer> => Float32Array.from({ length }, (_, i) => i + 1)

/** What `kernel` makes of 1, 2, 3 …, in a device that behaves so. */
const result = (text: string, kernel: string, threads: number, behavior: Partial<Behavior>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const driver = yield* open(behavior)
      const x = yield* upload(driver, counting(threads))
      const y = yield* memory(driver, 4 * threads)
      const call = launch(kernel, [1, threads], [pointer(at(input(0))), pointer(at(output(0)))])
      yield* runOnce(driver, planOf(text, [call]), [x], [y])
      return [...(yield* floats(driver, y))]
    })
  )

/** Why `kernel` fails when it is given `length` floats and `args`. */
const failureOf = (
  kernel: string,
  threads: number,
  more: { readonly length?: number; readonly shared?: number; readonly count?: number } = {}
): Effect.Effect<DeviceError | DeviceUnavailable, void> =>
  Effect.flip(
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const y = yield* upload(driver, counting(more.length ?? threads))
        const args = [pointer(at(output(0))), ...(more.count === undefined ? [] : [i32(more.count)])]
        yield* runOnce(driver, planOf(right, [launch(kernel, [1, threads], args, more.shared)]), [], [y])
        yield* floats(driver, y)
      })
    )
  )

const kindOf = (error: DeviceError | DeviceUnavailable): string =>
  "cause" in error && error.cause instanceof CudaError ? error.cause.kind : error._tag

describe.skipIf(standIn.obstacle !== undefined)("the stand-in finds", () => {
  for (const [kernel, threads] of [
    ["reverse", 64],
    ["warps", 32]
  ] as const) {
    it.effect(`a barrier that is missing: ${kernel}`, () =>
      Effect.gen(function* () {
        const expected = Array.from(counting(threads).toReversed())
        for (const ORDER of [0, 1, 2]) {
          assert.deepStrictEqual(yield* result(right, kernel, threads, { ORDER }), expected)
          assert.notDeepEqual(yield* result(wrong, kernel, threads, { ORDER }), expected)
        }
      })
    )
  }

  it.effect("blocks that rely on one another", () =>
    Effect.gen(function* () {
      const results = yield* Effect.forEach([0, 1, 2], (ORDER) =>
        Effect.scoped(
          Effect.gen(function* () {
            const driver = yield* open({ ORDER })
            const [x, y] = [yield* upload(driver, new Float32Array(8)), yield* upload(driver, new Float32Array(8))]
            const call = launch("blocks", [8, 32], [pointer(at(output(0))), pointer(at(output(1)))])
            yield* runOnce(driver, planOf(right, [call]), [], [x, y])
            return [...(yield* floats(driver, y))].join(" ")
          })
        )
      )
      assert.strictEqual(new Set(results).size, 3)
    })
  )

  it.effect("threads that wait at different places", () =>
    Effect.gen(function* () {
      const failure = yield* failureOf("diverge", 64)
      assert.strictEqual(kindOf(failure), "launch-failed")
      assert.include(failure.message, "diverge: deadlock")
      const masks = yield* failureOf("masks", 32)
      assert.include(masks.message, "masks: lanes of a warp meet with masks that overlap but differ")
    })
  )

  it.effect("accesses behind the end of memory", () =>
    Effect.gen(function* () {
      const failure = yield* failureOf("beyond", 128, { length: 64, count: 64 })
      assert.strictEqual(failure._tag, "DeviceLost")
      assert.strictEqual(kindOf(failure), "illegal-address")
      assert.include(failure.message, "beyond: an access to 0x")
      assert.include(failure.message, "the context is lost")
    })
  )

  it.effect("single bytes written behind the end of memory, when it is given back", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const y = yield* driver.allocate(13)
        yield* runOnce(driver, planOf(right, [launch("bytes", [1, 1], [pointer(at(output(0))), i32(13)])]), [], [y])
        driver.free(y)
        const failure = yield* Effect.flip(driver.synchronize)
        assert.include(failure.message, "something was written behind the end")
      })
    )
  )

  it.effect("accesses behind the end of shared memory", () =>
    Effect.gen(function* () {
      const failure = yield* failureOf("shared", 128, { shared: 512 })
      assert.strictEqual(kindOf(failure), "illegal-address")
    })
  )

  it.effect("memory that is used when it has been freed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const y = yield* driver.allocate(256)
        driver.free(y)
        yield* runOnce(driver, planOf(right, [launch("beyond", [1, 32], [pointer(at(output(0))), i32(31)])]), [], [y])
        const failure = yield* Effect.flip(driver.synchronize)
        assert.strictEqual(kindOf(failure), "illegal-address")
      })
    )
  )

  it.effect("copies beyond memory, and to memory that has been freed", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const y = yield* driver.allocate(256)
        assert.strictEqual(kindOf(yield* Effect.flip(driver.write(y, new Uint8Array(257)))), "invalid-value")
        assert.strictEqual(kindOf(yield* Effect.flip(driver.read(y, 257))), "invalid-value")
        driver.free(y)
        assert.strictEqual(kindOf(yield* Effect.flip(driver.read(y, 256))), "invalid-value")
      })
    )
  )

  it.effect("memory that nothing was written to: it is NaN", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const y = yield* memory(driver, 128)
        assert.isTrue((yield* floats(driver, y)).every(Number.isNaN))
        yield* runOnce(driver, planOf(right, [launch("unset", [1, 32], [pointer(at(output(0)))])]), [], [y])
        assert.isTrue((yield* floats(driver, y)).every(Number.isNaN))
      })
    )
  )

  it.effect("a wait that is missing", () =>
    Effect.scoped(
      Effect.gen(function* () {
        // What is read without a wait is not there yet, where work waits until somebody waits for it.
        const readAtOnce = (driver: Driver, wait: boolean) =>
          Effect.gen(function* () {
            const session = yield* Sessions.open({ environment, ordinal: 0 })
            const y = yield* upload(driver, new Float32Array([1, 2, 3, 4]))
            yield* driver.synchronize
            const target = new Float32Array(4)
            const { call, cuda, stream } = session
            call([cuda.cuMemcpyDtoHAsync_v2, target, y.address, 16, stream])
            if (wait) call([cuda.cuStreamSynchronize, stream])
            const seen = [...target]
            call([cuda.cuStreamSynchronize, stream])
            return seen
          })
        const driver = yield* open({ LAZY: 1 })
        assert.deepStrictEqual(yield* readAtOnce(driver, false), [0, 0, 0, 0])
        assert.deepStrictEqual(yield* readAtOnce(driver, true), [1, 2, 3, 4])
      })
    )
  )

  it.effect("a kernel that stops by itself, or is started with more threads than it is for", () =>
    Effect.gen(function* () {
      assert.include((yield* failureOf("stop", 32)).message, "stop: the kernel called __trap")
      assert.include((yield* failureOf("bounded", 65)).message, "LAUNCH_OUT_OF_RESOURCES")
    })
  )

  it.effect("that a lost context is lost: everything fails from then on, and says so", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const driver = yield* open()
        const y = yield* upload(driver, counting(32))
        yield* runOnce(driver, planOf(right, [launch("stop", [1, 32], [pointer(at(output(0)))])]), [], [y])
        const failures = [
          yield* Effect.flip(driver.synchronize),
          yield* Effect.flip(driver.allocate(16)),
          yield* Effect.flip(driver.write(y, new Uint8Array(4))),
          yield* Effect.flip(driver.read(y, 4))
        ]
        for (const failure of failures) {
          assert.strictEqual(failure._tag, "DeviceLost")
          assert.include(failure.message, "the context is lost")
        }
        driver.free(y)
      })
    )
  )
})

/** Where AddressSanitizer is, which has to be loaded before anything else; undefined where g++ has none. */
const sanitizer = (): string | undefined => {
  const { stdout } = spawnSync("g++", ["-print-file-name=libasan.so"], { encoding: "utf8" })
  const file = stdout?.trim()
  return file !== undefined && path.isAbsolute(file) ? file : undefined
}

const asan = standIn.obstacle === undefined ? sanitizer() : undefined
if (asan === undefined) console.log("the run with AddressSanitizer is skipped: g++ has none")

describe.skipIf(asan === undefined)("AddressSanitizer finds", () => {
  /** Runs a script of this folder with all kernels instrumented. */
  const run = (...options: ReadonlyArray<string>) =>
    spawnSync(process.execPath, [path.join(import.meta.dirname, "sanitized.ts"), ...options], {
      encoding: "utf8",
      env: {
        ...process.env,
        LD_PRELOAD: asan,
        ASAN_OPTIONS: "detect_leaks=0:abort_on_error=0",
        CUEMU_FLAGS: "-fsanitize=address -g"
      }
    })

  it.each(["right", "training"])("nothing in kernels that are right: %s", { timeout: 300_000 }, (what) => {
    const { status, stderr, stdout } = run(what)
    assert.strictEqual(stderr, "")
    assert.include(stdout, "done")
    assert.strictEqual(status, 0)
  })

  it("accesses behind the end of memory and of shared memory, and to memory that was freed, with their lines", () => {
    for (const [fault, kind] of [
      ["beyond", "heap-buffer-overflow"],
      ["shared", "global-buffer-overflow"],
      ["freed", "heap-use-after-free"]
    ]) {
      const { status, stderr } = run(fault)
      assert.notStrictEqual(status, 0)
      assert.include(stderr, kind)
      assert.match(stderr, /program\.cu:\d+/)
    }
  })
})
