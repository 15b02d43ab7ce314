import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { standIn as libraries } from "../emulator/standIn.ts"
import { includeFolder } from "../native/adapter.ts"
import { closure } from "../pack/closure.ts"
import { emulator } from "./support.ts"

const root = path.join(import.meta.dirname, "../../..")
const script = "kernels/cuda/test/packed.ts"
const adapterFile = "kernels/cuda/build/cuffi.node"

const standIn = emulator()
const made = libraries()
const hasTools = ["tar", "xz", "bash"].every((tool) => spawnSync(tool, ["--version"]).status === 0)
if (!hasTools) console.log("the run of a pack is skipped: it takes tar, xz and bash")

const run = (command: string, ...options: ReadonlyArray<string>): void => {
  const { status, stderr } = spawnSync(command, options, { encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
}

describe.skipIf(standIn.obstacle !== undefined || !hasTools)("a pack, where there are no variables and no Node", () => {
  let folder = ""
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "cotangent-pack-"))
    // Packing Node itself takes a minute: here the packed Node starts the one that runs.
    fs.mkdirSync(path.join(folder, "node/bin"), { recursive: true })
    fs.writeFileSync(path.join(folder, "node/bin/node"), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
    run("tar", "-C", folder, "-cJf", path.join(folder, "node.tar.xz"), "node")
    // An adapter that does not load: it is of another machine.
    const others = path.join(folder, "others")
    fs.mkdirSync(path.join(others, "kernels/cuda/build"), { recursive: true })
    fs.writeFileSync(path.join(others, adapterFile), "of another machine")
    fs.cpSync(includeFolder()!, path.join(others, "kernels/cuda/build/include"), { recursive: true })
    const files = [...closure(root, path.join(root, "kernels/cuda")), "package.json", script]
    fs.writeFileSync(path.join(folder, "files"), files.join("\n"))
    const [plain, packed] = ["project.tar", "project.tar.gz"].map((name) => path.join(folder, name))
    run("tar", "-C", root, "-cf", plain, "-T", path.join(folder, "files"))
    run("tar", "-C", others, "-rf", plain, "kernels")
    fs.writeFileSync(packed, "")
    run("sh", "-c", `gzip -1 < '${plain}' > '${packed}'`)
    fs.writeFileSync(path.join(folder, "script"), `${script}\n`)
    fs.copyFileSync(path.join(root, "kernels/cuda/pack/run.sh"), path.join(folder, "run.sh"))
  }, 120_000)
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

  const start = (...options: ReadonlyArray<string>) =>
    spawnSync("/bin/bash", [path.join(folder, "run.sh"), ...options], {
      encoding: "utf8",
      env: {
        PATH: "/usr/bin:/bin",
        COTANGENT_CUDA_PATH: made.tag === "built" ? made.folder : "",
        COTANGENT_CUDA_CACHE: ""
      }
    })

  it("unpacks itself, builds the adapter anew if it must, and runs its script", { timeout: 120_000 }, () => {
    const first = start()
    assert.strictEqual(first.stdout, "CUDA on the CPU 1 4 9 16\n", first.stderr)
    assert.include(first.stderr, "the packed adapter does not load here: building it")
    const second = start(script, "and more")
    assert.strictEqual(second.stdout, "CUDA on the CPU 1 4 9 16 and more\n", second.stderr)
    assert.notInclude(second.stderr, "building it")
  })
})
