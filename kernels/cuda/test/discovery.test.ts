import { assert, describe, it } from "@effect/vitest"
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { open } from "../src/driver/Driver.ts"
import { CudaUnavailable } from "../src/driver/errors.ts"
import type { Machine } from "../src/driver/Libraries.ts"
import { candidates } from "../src/driver/Libraries.ts"
import { emulator } from "./support.ts"

/** A machine with these files, by folder. */
const machine = (
  files: Readonly<Record<string, ReadonlyArray<string>>>,
  environment: Machine["environment"] = {},
  platform = "linux"
): Machine => ({ platform, environment, list: (folder) => files[folder] ?? [] })

const kindOf = ({ cause }: DeviceUnavailable): string => (cause instanceof CudaUnavailable ? cause.kind : "none")

describe("where libraries are looked for", () => {
  it("is the file that a variable names, and nowhere else", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (file, folders) => {
        const environment = { COTANGENT_CUDA_NVRTC: file, COTANGENT_CUDA_PATH: folders }
        assert.deepStrictEqual(candidates("nvrtc", machine({}, environment)), [file])
      })
    )
  })

  it("is the stated folders, then the loader's, then those of toolkits, drivers and Python", () => {
    const files = {
      "/opt/a": ["libcublasLt.so.12"],
      "/opt/b": ["libcublasLt.so.13", "libcublasLt.so.12"],
      "/usr/local": ["cuda-12.4", "cuda-13.0", "lib"],
      "/usr/local/cuda-12.4/lib64": ["libcublasLt.so.12"],
      "/usr/local/cuda-13.0/lib64": ["libcublasLt.so.13"],
      "/venv/lib": ["python3.12"],
      "/venv/lib/python3.12/site-packages/nvidia": ["cu13"],
      "/venv/lib/python3.12/site-packages/nvidia/cu13/lib": ["libcublasLt.so.13"]
    }
    const environment = { COTANGENT_CUDA_PATH: "/opt/a:/opt/b", VIRTUAL_ENV: "/venv" }
    assert.deepStrictEqual(candidates("cublasLt", machine(files, environment)), [
      "/opt/a/libcublasLt.so.12",
      "/opt/b/libcublasLt.so.13",
      "/opt/b/libcublasLt.so.12",
      "libcublasLt.so.13",
      "libcublasLt.so.12",
      "libcublasLt.so",
      "/usr/local/cuda-13.0/lib64/libcublasLt.so.13",
      "/usr/local/cuda-12.4/lib64/libcublasLt.so.12",
      "/venv/lib/python3.12/site-packages/nvidia/cu13/lib/libcublasLt.so.13"
    ])
  })

  it("is the same file once", () => {
    const files = { "/a": ["libcuda.so.1"] }
    const found = candidates("cuda", machine(files, { COTANGENT_CUDA_PATH: "/a:/a" }))
    assert.deepStrictEqual(found, ["/a/libcuda.so.1", "libcuda.so.1"])
  })

  it("has other names on Windows", () => {
    const files = { "C:\\CUDA\\bin": ["nvrtc64_130_0.dll"] }
    const found = candidates("nvrtc", machine(files, { CUDA_PATH: "C:\\CUDA" }, "win32"))
    assert.deepStrictEqual(found, ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "C:\\CUDA\\bin\\nvrtc64_130_0.dll"])
  })
})

describe("without an adapter", () => {
  it.effect("there is no device, and it is said how to build one", () =>
    Effect.gen(function* () {
      const environment = { COTANGENT_CUDA_ADAPTER: "/nowhere/cuffi.node" }
      const failure = yield* Effect.flip(Effect.scoped(open({ environment })))
      assert.strictEqual(kindOf(failure), "adapter-missing")
      assert.include(failure.message, "pnpm run cuda:build")
      assert.include(failure.message, "/nowhere/cuffi.node")
    })
  )
})

const standIn = emulator()
const { environment, open: openStandIn } = standIn

describe.skipIf(standIn.obstacle !== undefined)("a machine that lacks something", () => {
  const failure = (settings: Machine["environment"]) =>
    Effect.flip(Effect.scoped(open({ environment: { ...environment, ...settings } })))

  it.effect("says which library, where it was looked for, and how to name it", () =>
    Effect.gen(function* () {
      const missing = yield* failure({ COTANGENT_CUDA_DRIVER: "/nowhere/libcuda.so.1" })
      assert.strictEqual(kindOf(missing), "library-missing")
      assert.include(missing.message, "/nowhere/libcuda.so.1")
      assert.include(missing.message, "COTANGENT_CUDA_DRIVER")
      for (const name of ["NVRTC", "CUBLASLT"]) {
        const other = yield* failure({ [`COTANGENT_CUDA_${name}`]: "/nowhere/lib.so" })
        assert.strictEqual(kindOf(other), "library-missing")
        assert.include(other.message, `COTANGENT_CUDA_${name}`)
      }
    })
  )

  it.effect("says which functions a library lacks", () =>
    Effect.gen(function* () {
      const missing = yield* failure({ COTANGENT_CUDA_DRIVER: "libm.so.6" })
      assert.strictEqual(kindOf(missing), "symbol-missing")
      assert.include(missing.message, "libm.so.6 lacks cuInit")
    })
  )

  it.effect("says that there is no GPU, or none of this number", () =>
    Effect.gen(function* () {
      const none = yield* Effect.flip(Effect.scoped(openStandIn({ DEVICES: 0 })))
      assert.strictEqual(kindOf(none), "no-device")
      assert.include(none.message, "finds no GPU")
      yield* Effect.scoped(openStandIn())
      const other = yield* failure({ COTANGENT_CUDA_DEVICE: "3" })
      assert.strictEqual(kindOf(other), "no-device")
      assert.include(other.message, "no GPU of number 3")
    })
  )

  it.effect("says that the driver or the GPU is too old", () =>
    Effect.gen(function* () {
      const driver = yield* Effect.flip(Effect.scoped(openStandIn({ DRIVER: 11_040 })))
      assert.strictEqual(kindOf(driver), "driver-too-old")
      assert.include(driver.message, "CUDA 11.4")
      const device = yield* Effect.flip(Effect.scoped(openStandIn({ ARCHITECTURE: 61 })))
      assert.strictEqual(kindOf(device), "device-too-old")
      assert.include(device.message, "6.1")
    })
  )
})
