/**
 * The libraries of CUDA: where they are looked for, and the functions that are used of them. No header of CUDA is needed:
 * functions whose interface has versions are named with theirs.
 */
import type { DeviceUnavailable } from "@cotangent/runtime/errors"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Adapter, Environment } from "./Adapter.ts"
import { CudaUnavailable } from "./errors.ts"

/** How many arguments each function of the driver has. */
const cuda = {
  cuInit: 1,
  cuDriverGetVersion: 1,
  cuGetErrorName: 2,
  cuGetErrorString: 2,
  cuDeviceGetCount: 1,
  cuDeviceGet: 2,
  cuDeviceGetName: 3,
  cuDeviceGetAttribute: 3,
  cuDeviceTotalMem_v2: 2,
  cuDevicePrimaryCtxRetain: 2,
  cuDevicePrimaryCtxRelease_v2: 1,
  cuCtxSetCurrent: 1,
  cuStreamCreate: 2,
  cuStreamSynchronize: 1,
  cuStreamQuery: 1,
  cuStreamDestroy_v2: 1,
  cuStreamBeginCapture_v2: 2,
  cuStreamEndCapture: 2,
  cuGraphInstantiateWithFlags: 3,
  cuGraphLaunch: 2,
  cuGraphDestroy: 1,
  cuGraphExecDestroy: 1,
  cuMemAllocAsync: 3,
  cuMemFreeAsync: 2,
  cuMemGetInfo_v2: 2,
  cuDeviceGetDefaultMemPool: 2,
  cuMemPoolSetAttribute: 3,
  cuMemPoolTrimTo: 2,
  cuMemHostAlloc: 3,
  cuMemFreeHost: 1,
  cuMemcpyHtoDAsync_v2: 4,
  cuMemcpyDtoHAsync_v2: 4,
  cuMemcpyDtoDAsync_v2: 4,
  cuMemsetD8Async: 4,
  cuModuleLoadData: 2,
  cuModuleUnload: 1,
  cuModuleGetFunction: 3,
  cuFuncSetAttribute: 3,
  cuFuncGetAttribute: 3,
  cuLaunchKernel: 11,
  cuEventCreate: 2,
  cuEventRecord: 2,
  cuEventQuery: 1,
  cuEventSynchronize: 1,
  cuEventElapsedTime: 3,
  cuEventDestroy_v2: 1
} as const

const nvrtc = {
  nvrtcVersion: 2,
  nvrtcCreateProgram: 6,
  nvrtcCompileProgram: 3,
  nvrtcDestroyProgram: 1,
  nvrtcGetProgramLogSize: 2,
  nvrtcGetProgramLog: 2,
  nvrtcGetCUBINSize: 2,
  nvrtcGetCUBIN: 2
} as const

const cublasLt = {
  cublasLtCreate: 1,
  cublasLtDestroy: 1,
  cublasLtGetVersion: 0,
  cublasLtMatmulDescCreate: 3,
  cublasLtMatmulDescDestroy: 1,
  cublasLtMatmulDescSetAttribute: 4,
  cublasLtMatrixLayoutCreate: 5,
  cublasLtMatrixLayoutDestroy: 1,
  cublasLtMatrixLayoutSetAttribute: 4,
  cublasLtMatmulPreferenceCreate: 1,
  cublasLtMatmulPreferenceDestroy: 1,
  cublasLtMatmulPreferenceSetAttribute: 4,
  cublasLtMatmulAlgoGetHeuristic: 10,
  cublasLtMatmul: 16
} as const

/** The functions of each library. */
export const functions = { cuda, nvrtc, cublasLt }

/** A library that is used. */
export type LibraryName = keyof typeof functions

/** A function that the adapter can call. */
export interface Foreign {
  readonly name: string
  readonly address: number
  readonly arity: number
}

/** A library that is open. */
export interface Library<N extends LibraryName> {
  /** What the loader was asked for. */
  readonly path: string
  readonly functions: { readonly [F in keyof (typeof functions)[N]]: Foreign }
}

/** File names by platform, the newest first. */
const names: Readonly<
  Record<LibraryName, { readonly posix: ReadonlyArray<string>; readonly win32: ReadonlyArray<string> }>
> = {
  cuda: { posix: ["libcuda.so.1"], win32: ["nvcuda.dll"] },
  nvrtc: {
    posix: ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"],
    win32: ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]
  },
  cublasLt: {
    posix: ["libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"],
    win32: ["cublasLt64_13.dll", "cublasLt64_12.dll"]
  }
}

/** The variable that names the file of a library. */
export const variables: Readonly<Record<LibraryName, string>> = {
  cuda: "COTANGENT_CUDA_DRIVER",
  nvrtc: "COTANGENT_CUDA_NVRTC",
  cublasLt: "COTANGENT_CUDA_CUBLASLT"
}

/** What the search sees of the machine. */
export interface Machine {
  readonly platform: string
  readonly environment: Environment
  /** The names in a folder; none where it cannot be read. */
  readonly list: (folder: string) => ReadonlyArray<string>
}

/** The machine that this runs on. */
export const machine = (environment: Environment): Machine => ({
  platform: process.platform,
  environment,
  list: (folder) => {
    try {
      return fs.readdirSync(folder).toSorted()
    } catch {
      return []
    }
  }
})

/** The folders where libraries of CUDA are, in the order in which they are looked through. */
const folders = ({ environment, list, platform }: Machine, library: LibraryName): ReadonlyArray<string> => {
  const all = (...values: ReadonlyArray<string | undefined>): ReadonlyArray<string> =>
    values.flatMap((value) => (value === undefined || value === "" ? [] : [value]))
  const toolkits = [
    ...all(environment["CUDA_HOME"], environment["CUDA_PATH"]),
    "/usr/local/cuda",
    ...list("/usr/local")
      .filter((name) => /^cuda-\d/.test(name))
      .toReversed()
      .map((name) => `/usr/local/${name}`)
  ]
  if (platform === "win32")
    return toolkits.flatMap((home) => [path.win32.join(home, "bin/x64"), path.win32.join(home, "bin")])
  const ofToolkits = toolkits.flatMap((home) =>
    ["lib64", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "lib"].map((name) => path.posix.join(home, name))
  )
  const ofDrivers = ["/usr/local/nvidia/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/wsl/lib", "/usr/lib64"]
  return [
    ...ofToolkits,
    ...(library === "cuda" ? ofDrivers : []),
    ...all(environment["VIRTUAL_ENV"], environment["CONDA_PREFIX"], "/usr/local", "/usr").flatMap((prefix) =>
      pythonFolders(list, path.posix.join(prefix, "lib"))
    )
  ]
}

/** Where `pip` puts the packages of NVIDIA. */
const pythonFolders = (list: Machine["list"], lib: string): ReadonlyArray<string> =>
  list(lib)
    .filter((name) => name.startsWith("python3"))
    .flatMap((python) => ["site-packages", "dist-packages"].map((packages) => `${lib}/${python}/${packages}/nvidia`))
    .flatMap((home) => list(home).map((name) => `${home}/${name}/lib`))

/**
 * What the loader is asked for, in this order: the file that the library's variable names, and nothing else; files in the
 * folders of `COTANGENT_CUDA_PATH`; the bare name, which the loader looks for (`LD_LIBRARY_PATH`, `ldconfig`); files of
 * toolkits (`CUDA_HOME`, `CUDA_PATH`, `/usr/local/cuda*`), of drivers, and of Python's packages.
 */
export const candidates = (library: LibraryName, on: Machine): ReadonlyArray<string> => {
  const told = on.environment[variables[library]]
  if (told !== undefined && told !== "") return [told]
  const files = names[library][on.platform === "win32" ? "win32" : "posix"]
  const flavor = on.platform === "win32" ? path.win32 : path.posix
  const within = (folder: string) => {
    const present = new Set(on.list(folder))
    return files.filter((name) => present.has(name)).map((name) => flavor.join(folder, name))
  }
  const ofPath = (on.environment["COTANGENT_CUDA_PATH"] ?? "").split(flavor.delimiter).filter((folder) => folder !== "")
  return [...new Set([...ofPath.flatMap(within), ...files, ...folders(on, library).flatMap(within)])]
}

/**
 * Opens what `library` needs but finds by its bare name only: NVRTC its builtins, which lie beside it.
 */
const openSiblings = (adapter: Adapter, library: LibraryName, file: string, on: Machine): void => {
  if (library !== "nvrtc" || !/[\\/]/.test(file)) return
  const folder = path.dirname(file)
  for (const name of on.list(folder)) {
    // A sibling that does not open is missed by NVRTC itself, which says so.
    if (/^libnvrtc-builtins\.so\.\d/.test(name)) adapter.open(path.join(folder, name))
  }
}

const titles: Readonly<Record<LibraryName, string>> = {
  cuda: "the NVIDIA driver",
  nvrtc: "NVRTC",
  cublasLt: "cuBLASLt"
}

/** Opens a library with all its functions. */
export const open = <N extends LibraryName>(
  adapter: Adapter,
  library: N,
  on: Machine
): Effect.Effect<Library<N>, DeviceUnavailable> =>
  Effect.suspend(() => {
    const tried: Array<string> = []
    const searched = candidates(library, on)
    for (const file of searched) {
      openSiblings(adapter, library, file, on)
      const handle = adapter.open(file)
      if (typeof handle === "string") {
        tried.push(handle)
        continue
      }
      const found = Object.entries(functions[library]).map(([name, arity]) => ({
        name,
        arity,
        address: adapter.find(handle, name)
      }))
      const missing = found.filter(({ address }) => address === 0).map(({ name }) => name)
      if (missing.length > 0) return Effect.fail(symbolMissing(library, file, missing))
      // There is an entry for each function of the table.
      const table = Object.fromEntries(found.map((one) => [one.name, one])) as Library<N>["functions"]
      return Effect.succeed({ path: file, functions: table })
    }
    return Effect.fail(libraryMissing(library, searched, tried))
  })

const symbolMissing = (library: LibraryName, file: string, missing: ReadonlyArray<string>): DeviceUnavailable =>
  new CudaUnavailable({
    kind: "symbol-missing",
    reason:
      `${file} lacks ${missing.join(", ")}: it is too old, or no library of this name; ${variables[library]} ` +
      `may name ${titles[library]}`
  }).asDeviceUnavailable()

const libraryMissing = (
  library: LibraryName,
  searched: ReadonlyArray<string>,
  tried: ReadonlyArray<string>
): DeviceUnavailable =>
  new CudaUnavailable({
    kind: "library-missing",
    reason:
      `${titles[library]} is not found (${searched.join(", ")}): install it, or name its file by ` +
      `${variables[library]} or its folder by COTANGENT_CUDA_PATH` +
      (tried.length === 0 ? "" : `; the loader says: ${tried[0]}`)
  }).asDeviceUnavailable()
