/**
 * The stand-in for CUDA: libraries with the names and functions of the driver, NVRTC and cuBLASLt, which run CUDA C on
 * the CPU. They are built here; the product finds them as it finds any others.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Built } from "../native/compiler.ts"
import { build, buildFolder, named } from "../native/compiler.ts"

const folder = path.join(buildFolder, "emulator")

const here = (...names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => path.join(import.meta.dirname, name))

const headers = here("abi.h", "cuemu.h", "fibers.h", "memory.h", "status.h")

/** The libraries, and what each is made of. */
const libraries: Readonly<Record<string, ReadonlyArray<string>>> = {
  "libcuda.so.1": here("driver.cc", "fibers.cc", "memory.cc"),
  "libnvrtc.so.13": here("nvrtc.cc"),
  "libcublasLt.so.13": here("cublaslt.cc")
}

/** Settings of the product with which it finds the stand-in. */
export type StandIn =
  | { readonly tag: "built"; readonly folder: string; readonly environment: Readonly<Record<string, string>> }
  | { readonly tag: "failed"; readonly reason: string }

const library = (name: string, sources: ReadonlyArray<string>): Built =>
  build({
    output: path.join(folder, name),
    compilers: named("CXX", "g++"),
    sources,
    headers,
    flags: ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"],
    libraries: ["-ldl", "-lpthread"]
  })

/** The stand-in, built if it must be. */
export const standIn = (): StandIn => {
  if (process.platform !== "linux") return { tag: "failed", reason: "the stand-in for CUDA is for Linux" }
  for (const [name, sources] of Object.entries(libraries)) {
    const built = library(name, sources)
    if (built.tag === "failed") return built
  }
  // Images depend on the headers that kernels are compiled with, and on options.
  const stamp = fs.readFileSync(path.join(folder, "libnvrtc.so.13.sha256"))
  const key = createHash("sha256")
    .update(stamp)
    .update(process.env["CUEMU_FLAGS"] ?? "")
  const cache = path.join(folder, `cache-${key.digest("hex").slice(0, 16)}`)
  for (const header of ["abi.h", "cuemu.h"]) place(path.join(import.meta.dirname, header), path.join(folder, header))
  return {
    tag: "built",
    folder,
    environment: { COTANGENT_CUDA_PATH: folder, COTANGENT_CUDA_CACHE: cache }
  }
}

/** Copies a file in one step, as others may be reading it. */
const place = (from: string, to: string): void => {
  const unfinished = `${to}.${process.pid}`
  fs.copyFileSync(from, unfinished)
  fs.renameSync(unfinished, to)
}
