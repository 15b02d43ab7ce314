import { promisify } from "node:util"
import { gzip } from "node:zlib"
import { describe, expect, it } from "vitest"
import { bundle } from "./browser/bundle.ts"

/** Bytes after compression. */
const compressed = async (code: string): Promise<number> => (await promisify(gzip)(code, { level: 9 })).length

describe("tensor, autodiff, compiler, runtime and wasm in one bundle", () => {
  it("import Effect alone, and take less than 120 kB", async () => {
    const { code, imports } = await bundle("library.ts", /^effect\//)
    expect(imports.filter((specifier) => !specifier.startsWith("effect/"))).toEqual([])
    const bytes = await compressed(code)
    console.log(`bundle without Effect: ${(bytes / 1000).toFixed(1)} kB`)
    expect(bytes).toBeLessThan(120_000)
  })

  it("import nothing with Effect in it, so nothing of Node", async () => {
    const { code, imports } = await bundle("library.ts")
    expect(imports).toEqual([])
    console.log(`bundle with Effect: ${((await compressed(code)) / 1000).toFixed(1)} kB`)
  })

  it("would be found to import a module of Node", async () => {
    const { imports } = await bundle("bundle.ts", /^rolldown$/)
    expect(imports).toContain("node:url")
  })
})
