import { execFileSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

/** For each function, whether V8 joins pairs in it, and many more than it must then take apart. */
const decisions = (): { readonly isWide: boolean; readonly functions: ReadonlyArray<readonly [string, boolean]> } => {
  const script = fileURLToPath(new URL("./joined.ts", import.meta.url))
  // V8 reports to the standard output, past Node, and loses what a pipe is not ready to take.
  const directory = mkdtempSync(join(tmpdir(), "joined-"))
  const report = join(directory, "report")
  const file = openSync(report, "w")
  execFileSync(process.execPath, ["--no-warnings", script], { stdio: ["ignore", file, "inherit"] })
  closeSync(file)
  const lines = readFileSync(report, "utf8").split("\n")
  rmSync(directory, { recursive: true })
  const functions: Array<readonly [string, boolean]> = []
  for (const line of lines) {
    const [, name] = /^Begin revec function (.*)$/.exec(line) ?? []
    if (name !== undefined) functions.push([name, false])
    const [, saved, cost] = /Save: (\d+), cost: (\d+)/.exec(line) ?? []
    const last = functions.pop()
    if (last !== undefined) functions.push([last[0], last[1] || Number(saved) >= 2 * Number(cost)])
  }
  return { isWide: lines.includes("wide true"), functions }
}

describe("kernels of every form", () => {
  it("have their vectors joined in pairs, where the engine joins any", () => {
    const { functions, isWide } = decisions()
    // Copying an operand into panels is all loads and stores of single vectors.
    const computing = functions.filter(([name]) => !name.startsWith("gemm_pack") && name !== "run")
    expect(computing.filter(([, isJoined]) => !isJoined)).toEqual([])
    expect(computing.length >= 10).toBe(isWide)
  })
})
