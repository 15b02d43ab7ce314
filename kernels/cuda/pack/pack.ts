/**
 * `pnpm run cuda:pack [FOLDER [SCRIPT …]]`: a folder that takes Node and this project to a machine with a GPU, where there
 * is neither Node nor a network. There, `bash FOLDER/run.sh [SCRIPT [ARGUMENT …]]` runs a script of the project, unless
 * stated the first that was packed: the one of `cuda:check`; the program `cotangent` and the digits of MNIST are packed, too.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { buildAdapter, includeFolder } from "../native/adapter.ts"
import { buildFolder } from "../native/compiler.ts"
import { closure, packageOf } from "./closure.ts"

const root = path.join(import.meta.dirname, "../../..")

/** The scripts that `pnpm run cuda:check` and `pnpm cotangent` run. */
const usualScripts = (): ReadonlyArray<string> => {
  // A package.json is a record.
  const { scripts } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  return ["cuda:check", "cotangent"].flatMap((name) => {
    const file = /\bnode (?:-\S+ )*(\S+\.ts)/.exec(scripts[name] ?? "")?.[1]
    if (file === undefined) throw new Error(`package.json has no script \`${name}\``)
    return [file]
  })
}

const run = (command: string, ...options: ReadonlyArray<string>): void => {
  execFileSync(command, options, { stdio: ["ignore", "ignore", "inherit"] })
}

const temporary = <A>(body: (folder: string) => A): A => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cotangent-pack-"))
  try {
    return body(folder)
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

/** Node without its symbols, and the libraries of C++ for machines that have older ones: once for each version. */
const packNode = (): string => {
  const packed = path.join(buildFolder, `node-${process.version}-${process.platform}-${process.arch}.tar.xz`)
  if (fs.existsSync(packed)) return packed
  temporary((folder) => {
    for (const name of ["bin", "lib"]) fs.mkdirSync(path.join(folder, "node", name), { recursive: true })
    const node = path.join(folder, "node/bin/node")
    fs.copyFileSync(process.execPath, node)
    fs.chmodSync(node, 0o755)
    run("strip", node)
    const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" })
    for (const name of ["libstdc++.so.6", "libgcc_s.so.1"]) {
      const file = libraries
        .split("\n")
        .find((line) => line.trim().startsWith(name))
        ?.split(/\s+/)[3]
      if (file !== undefined) fs.copyFileSync(fs.realpathSync(file), path.join(folder, "node/lib", name))
    }
    run("tar", "-C", folder, "-cJf", `${packed}.unfinished`, "node")
    fs.renameSync(`${packed}.unfinished`, packed)
  })
  return packed
}

/** The adapter with what it takes to build it again, where the build of this machine does not load. */
const adapterFiles = (): ReadonlyArray<string> => {
  const built = buildAdapter()
  if (built.tag === "failed") throw new Error(built.reason)
  const include = path.join(buildFolder, "include")
  fs.cpSync(includeFolder()!, include, { recursive: true })
  return [built.file, path.join(root, "kernels/cuda/native/cuffi.c"), include].map((file) => path.relative(root, file))
}

const packProject = (scripts: ReadonlyArray<string>, target: string): void => {
  const packages = scripts.map((script) => packageOf(path.resolve(root, script)))
  const files = new Set(["package.json", ...adapterFiles(), ...packages.flatMap((folder) => closure(root, folder))])
  temporary((folder) => {
    const list = path.join(folder, "files")
    fs.writeFileSync(list, [...files].join("\n"))
    run("tar", "-C", root, "-czf", target, "-T", list)
  })
}

const [folder = path.join(buildFolder, "pack"), ...stated] = process.argv.slice(2)
const scripts = stated.length > 0 ? stated : usualScripts()
fs.mkdirSync(buildFolder, { recursive: true })
fs.rmSync(folder, { recursive: true, force: true })
fs.mkdirSync(folder, { recursive: true })
fs.copyFileSync(packNode(), path.join(folder, "node.tar.xz"))
packProject(scripts, path.join(folder, "project.tar.gz"))
fs.writeFileSync(path.join(folder, "script"), `${scripts[0]}\n`)
fs.copyFileSync(path.join(import.meta.dirname, "run.sh"), path.join(folder, "run.sh"))
for (const name of fs.readdirSync(folder)) {
  console.log(`${(fs.statSync(path.join(folder, name)).size / 2 ** 20).toFixed(1).padStart(6)} MiB  ${name}`)
}
console.log(`bash ${path.relative(process.cwd(), folder)}/run.sh`)
