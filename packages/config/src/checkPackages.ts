/**
 * Builds and packs every public package, and asks of each tarball what a stranger would meet: does its package.json
 * hold what it promises (publint), do its types resolve for ESM and for bundlers (attw)? One line for each package.
 */
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import type { Package } from "./workspace.ts"
import { packages, root, sources } from "./workspace.ts"

const pnpm = (...options: ReadonlyArray<string>): void => {
  const { status, stdout, error } = spawnSync("pnpm", options, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (error !== undefined) throw error
  if (status === 0) return
  console.error(stdout)
  process.exit(1)
}

/** Removes what an earlier build left in dist of sources that are gone, or it would be published. */
const removeStale = (self: Package): void => {
  const modules = new Set(sources(self).map((file) => path.relative(`${self.folder}/src`, file).replace(/\.ts$/, "")))
  const dist = path.join(root, self.folder, "dist")
  for (const file of fs.globSync("**/*.{js,d.ts,js.map,d.ts.map}", { cwd: dist })) {
    if (!modules.has(file.replace(/(\.d\.ts|\.js)(\.map)?$/, ""))) fs.rmSync(path.join(dist, file))
  }
}

/** Modules that `./*` of the export map offers. */
const entrypoints = (self: Package): Array<string> =>
  sources(self)
    .map((file) => `./${path.relative(`${self.folder}/src`, file).replace(/\.ts$/, "")}`)
    .filter((entrypoint) => entrypoint !== "./index" && !entrypoint.startsWith("./internal/"))

const lint = async (tarball: Uint8Array<ArrayBuffer>): Promise<ReadonlyArray<string>> => {
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: tarball.slice().buffer } })
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
}

/** The resolutions that attw's profile `esm-only` leaves aside. */
const notForEsm: ReadonlyArray<string> = ["node10", "node16-cjs"]

const resolve = async (self: Package, tarball: Uint8Array): Promise<ReadonlyArray<string>> => {
  const analysis = await checkPackage(createPackageFromTarballData(tarball), { includeEntrypoints: entrypoints(self) })
  if (analysis.types === false) return ["attw: the package has no types"]
  return analysis.problems
    .filter((problem) => !("resolutionKind" in problem && notForEsm.includes(problem.resolutionKind)))
    .map((problem) => `attw: ${JSON.stringify(problem)}`)
}

const check = async (self: Package, folder: string): Promise<ReadonlyArray<string>> => {
  const name = `${self.manifest.name.replace("@", "").replace("/", "-")}-${self.manifest.version}.tgz`
  const tarball = new Uint8Array(fs.readFileSync(path.join(folder, name)))
  return [...(await lint(tarball)), ...(await resolve(self, tarball))]
}

const published = packages().filter(({ manifest }) => manifest.private !== true)
pnpm("run", "build")
published.forEach(removeStale)
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cotangent-"))
try {
  const filters = published.map(({ manifest }) => `--filter=${manifest.name}`)
  pnpm(...filters, "pack", "--pack-destination", folder)
  for (const self of published) {
    const problems = await check(self, folder)
    console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${self.manifest.name}`)
    for (const problem of problems) console.log(`       ${problem}`)
    if (problems.length > 0) process.exitCode = 1
  }
} finally {
  fs.rmSync(folder, { recursive: true })
}
