/**
 * How the native adapter is built: one C file, and the four headers of Node-API. `pnpm run cuda:build` does it; with
 * `--package` it also makes the folder of the prebuilt package of this platform, ready to be published.
 */
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"
import type { Built } from "./compiler.ts"
import { build, buildFolder, named } from "./compiler.ts"

const source = path.join(import.meta.dirname, "cuffi.c")

const isIncludeFolder = (folder: string): boolean => fs.existsSync(path.join(folder, "node_api.h"))

/** Where the headers of Node-API are: as told, of the package `node-api-headers`, or beside the Node that runs. */
export const includeFolder = (): string | undefined =>
  [
    process.env["COTANGENT_NODE_INCLUDE"],
    packagedHeaders(),
    path.join(path.dirname(process.execPath), "../include/node")
  ].find((folder) => folder !== undefined && isIncludeFolder(folder))

const packagedHeaders = (): string | undefined => {
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve("node-api-headers")), "include")
  } catch {
    return undefined
  }
}

const flags: Readonly<Partial<Record<NodeJS.Platform, ReadonlyArray<string>>>> = {
  linux: ["-shared", "-fPIC", "-s"],
  darwin: ["-bundle", "-undefined", "dynamic_lookup"]
}

/** The adapter for this machine, built if it must be. */
export const buildAdapter = (): Built => {
  const include = includeFolder()
  if (include === undefined) {
    return {
      tag: "failed",
      reason:
        "the adapter cannot be built: there are no headers of Node-API; COTANGENT_NODE_INCLUDE may name their folder"
    }
  }
  const special = flags[process.platform]
  if (special === undefined) {
    return { tag: "failed", reason: `the adapter is not built by this script on ${process.platform}: use node-gyp` }
  }
  return build({
    output: path.join(buildFolder, "cuffi.node"),
    compilers: named("CC", "cc", "gcc", "clang"),
    sources: [source],
    headers: [path.join(include, "node_api.h"), path.join(include, "js_native_api.h")],
    flags: ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", ...special, `-I${include}`],
    libraries: process.platform === "linux" ? ["-ldl"] : []
  })
}

/** The folder of the prebuilt package for this platform, which holds `adapter`. */
export const packageAdapter = (adapter: string): string => {
  const platform = `${process.platform}-${process.arch}`
  const folder = path.join(buildFolder, `cuda-${platform}`)
  // A package.json is a record.
  const { version, license } = JSON.parse(
    fs.readFileSync(path.join(import.meta.dirname, "../package.json"), "utf8")
  ) as Readonly<Record<"version" | "license", string>>
  const manifest = {
    name: `@cotangent/cuda-${platform}`,
    version,
    description: `The native adapter of @cotangent/cuda for ${platform}`,
    license,
    main: "cuffi.node",
    files: ["cuffi.node"],
    os: [process.platform],
    cpu: [process.arch],
    publishConfig: { access: "public" }
  }
  fs.mkdirSync(folder, { recursive: true })
  fs.copyFileSync(adapter, path.join(folder, "cuffi.node"))
  fs.writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`)
  return folder
}
