/**
 * Runs a compiler of the machine, and keeps what it made until what it was made from changes.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"

/** A file that was built, or why it cannot be. */
export type Built =
  | { readonly tag: "built"; readonly file: string }
  | { readonly tag: "failed"; readonly reason: string }

/** What to build. */
export interface Recipe {
  readonly output: string
  /** Compilers to try, the first that is there is taken. */
  readonly compilers: ReadonlyArray<string>
  readonly sources: ReadonlyArray<string>
  /** What the sources include. */
  readonly headers: ReadonlyArray<string>
  readonly flags: ReadonlyArray<string>
  /** Options that must stand behind the sources. */
  readonly libraries: ReadonlyArray<string>
}

/** The folder of everything that is built here; git ignores it. */
export const buildFolder = path.join(import.meta.dirname, "../build")

/** Names of the compilers for a language that `variable` may override. */
export const named = (variable: string, ...names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const chosen = process.env[variable]
  return chosen === undefined || chosen === "" ? names : [chosen]
}

/** What `recipe` makes: made now, unless it has been made of the same. Safe where several processes do so. */
export const build = (recipe: Recipe): Built => {
  const { output, sources, headers, flags, libraries } = recipe
  const hash = createHash("sha256")
  for (const file of [...sources, ...headers]) hash.update(fs.readFileSync(file)).update("\0")
  const key = hash.update(JSON.stringify([recipe.compilers, flags, libraries])).digest("hex")
  const stamp = `${output}.sha256`
  if (fs.existsSync(output) && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === key) {
    return { tag: "built", file: output }
  }
  fs.mkdirSync(path.dirname(output), { recursive: true })
  const unfinished = `${output}.${process.pid}`
  const failure = runFirst(recipe.compilers, [...flags, "-o", unfinished, ...sources, ...libraries])
  if (failure !== undefined) {
    fs.rmSync(unfinished, { force: true })
    return { tag: "failed", reason: `${path.basename(output)} cannot be built: ${failure}` }
  }
  fs.renameSync(unfinished, output)
  fs.writeFileSync(`${unfinished}.sha256`, key)
  fs.renameSync(`${unfinished}.sha256`, stamp)
  return { tag: "built", file: output }
}

/** Why none of `compilers` did it. */
const runFirst = (compilers: ReadonlyArray<string>, options: ReadonlyArray<string>): string | undefined => {
  for (const compiler of compilers) {
    const { error, status, stderr } = spawnSync(compiler, options, { encoding: "utf8" })
    if (error !== undefined && "code" in error && error.code === "ENOENT") continue
    if (error !== undefined) return String(error)
    return status === 0 ? undefined : `${compiler}:\n${stderr}`
  }
  return `there is no ${compilers.join(" and no ")}`
}
