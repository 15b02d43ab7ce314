import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { closure, packageOf } from "../pack/closure.ts"

const root = path.join(import.meta.dirname, "../../..")

describe("what a package needs to run", () => {
  const files = closure(root, path.join(root, "kernels/cuda"))

  it("holds its sources, its kernels, and all that it imports", () => {
    assert.includeMembers(
      [...files],
      [
        "kernels/cuda/package.json",
        "kernels/cuda/src/Cuda.ts",
        "kernels/cuda/kernels/prelude.cu",
        "kernels/cuda/node_modules/effect",
        "kernels/cuda/node_modules/@cotangent/tensor",
        "packages/tensor/src/Tensor.ts",
        "packages/runtime/src/Device.ts"
      ]
    )
    assert.isTrue(files.some((file) => file.endsWith("/effect/dist/Effect.js")))
  })

  it("has every file and link in place", () => {
    for (const file of files) assert.isTrue(fs.existsSync(path.join(root, file)), file)
  })

  it("leaves away what no program reads", () => {
    const superfluous = files.filter((file) => /\.d\.ts$|\.md$|\.map$|(^|\/)test\//.test(file))
    assert.deepStrictEqual(superfluous, [])
  })

  it("is that of the package of a script", () => {
    assert.strictEqual(packageOf(path.join(root, "apps/cli/src/main.ts")), path.join(root, "apps/cli"))
  })
})
