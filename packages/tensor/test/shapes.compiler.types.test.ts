/**
 * Runs the compiler on small files: what it says about wrong shapes, and what shapes cost it.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const source = (path: string): string => JSON.stringify(fileURLToPath(new URL(`../src/${path}`, import.meta.url)))
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
const settings = {
  extends: fileURLToPath(new URL("../../../tsconfig.base.json", import.meta.url)),
  compilerOptions: {
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    noEmit: true,
    rootDir: "/",
    tsBuildInfoFile: null,
    outDir: null
  },
  files: ["shapes.ts"]
}

/** What the compiler prints for `text`, in a folder of its own. */
const compile = async (text: string, ...flags: ReadonlyArray<string>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "shapes-"))
  try {
    await writeFile(join(folder, "package.json"), `{ "type": "module" }`)
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings))
    await writeFile(join(folder, "shapes.ts"), text)
    return await new Promise((resolve) =>
      execFile(process.execPath, [compiler, "-p", folder, "--pretty", "false", ...flags], (_, stdout) =>
        resolve(stdout)
      )
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

const heading = `import * as Tensor from ${source("Tensor.ts")}
const { add, matmul, of, sum, zeros } = Tensor
`

describe("the compiler", () => {
  it("names both shapes where they do not fit", { timeout: 60_000 }, async () => {
    const said = await compile(`${heading}
matmul(zeros([2, 3]), zeros([4, 5]))
add(zeros([3, 4]), zeros([5]))
zeros([3, 4]).pipe(add(zeros([6])))
sum(zeros([3, 4]), 2)
add(of([1]), of([1], "i32"))
zeros([2, 3]).pipe(matmul(zeros([7, 5])))
`)
    expect(said).toContain("cannot multiply [2, 3] with [4, 5]: expected [..., m, k] and [..., k, n]")
    expect(said).toContain("cannot broadcast [3, 4] with [5]")
    expect(said).toContain("cannot broadcast [3, 4] with [6]")
    expect(said).toContain("[3, 4] has no axis 2")
    expect(said).toContain("operands of f32 and i32: cast one of them")
    expect(said).toContain("cannot multiply [2, 3] with [7, 5]: expected [..., m, k] and [..., k, n]")
    // The error stands at the wrong argument.
    expect(said).toMatch(/shapes\.ts\(4,23\)/)
    expect(said).toMatch(/shapes\.ts\(5,20\)/)
    expect(said.match(/: error /g)).toHaveLength(6)
  })

  it("checks 2,000 shaped statements within its budget of instantiations", { timeout: 60_000 }, async () => {
    const statements = (i: number): string => `
const x${i} = zeros([${i + 2}, ${i + 1000}])
const y${i} = add(matmul(x${i}, zeros([${i + 1000}, ${i + 3000}])), zeros([${i + 3000}]))
const z${i} = x${i}.pipe(matmul(zeros([${i + 1000}, 10])), add(zeros([10])), Tensor.relu, Tensor.softmax(-1))
const u${i} = add(zeros([2, 1, ${i + 2}]), zeros([${i + 5}, 1]))
const v${i} = sum(u${i}, 1, { keepDims: true })
const w${i} = Tensor.mul(Tensor.mean(y${i}, -1), 2)
const r${i} = Tensor.reshape(z${i}, [-1, 5, 2])
const t${i} = Tensor.transpose(u${i}, [2, 0, 1])
const m${i} = Tensor.where(Tensor.greater(y${i}, 0), y${i}, 0)
const a${i}: Tensor.Tensor<readonly [${i + 2}], "i32"> = Tensor.argMax(y${i}, -1)
`
    const text = heading + Array.from({ length: 200 }, (_, i) => statements(i)).join("")
    const said = await compile(text, "--extendedDiagnostics")
    expect(said).not.toContain("error")
    const instantiations = Number(/Instantiations:\s+(\d+)/.exec(said)?.[1])
    // Measured: 324,000. A change that crosses the limit makes every editor slower.
    expect(instantiations).toBeGreaterThan(0)
    expect(instantiations).toBeLessThan(480_000)
  })
})
