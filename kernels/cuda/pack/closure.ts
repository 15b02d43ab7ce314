/**
 * What a package of the workspace needs to run: the sources of packages that it depends on, and of packages from the
 * registry what Node reads. Nothing is bundled: it runs there as it runs here.
 */
import * as fs from "node:fs"
import * as path from "node:path"

interface Manifest {
  readonly main?: string
  readonly module?: string
  readonly exports?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifestOf = (folder: string): Manifest =>
  // A package.json is a record.
  JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest

/** What no program reads: types, maps, documents, other builds of the same. */
const isNeeded = (name: string): boolean => !/\.(d\.[cm]?ts|map|md|markdown|flow|tsbuildinfo)$/i.test(name)
const folders = new Set(["node_modules", ".git", ".tsbuild", "dist", "build", "test", "coverage"])
const foldersOfRegistry = new Set(["node_modules", "test", "tests", "docs", "doc", "example", "examples", "benchmark"])

const filesUnder = (folder: string, skip: ReadonlySet<string>): ReadonlyArray<string> =>
  fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return skip.has(entry.name) ? [] : filesUnder(file, skip)
    return entry.isFile() && isNeeded(entry.name) ? [file] : []
  })

/** Where Node finds `name` from `folder`, as a link or a folder; undefined if it is not installed. */
const installed = (folder: string, name: string): string | undefined => {
  for (let at = folder; ; at = path.dirname(at)) {
    const found = path.join(at, "node_modules", name)
    if (fs.existsSync(found)) return found
    if (path.dirname(at) === at) return undefined
  }
}

/** The package that a file belongs to. */
export const packageOf = (file: string): string => {
  let folder = path.dirname(file)
  while (!fs.existsSync(path.join(folder, "package.json"))) folder = path.dirname(folder)
  return folder
}

/** Files and links that the package in `folder` needs, by their paths from `root`. */
export const closure = (root: string, folder: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  const visited = new Set<string>()
  const visit = (at: string): void => {
    if (visited.has(at)) return
    visited.add(at)
    const isOfRegistry = at.includes(`${path.sep}node_modules${path.sep}`)
    const { dependencies, exports, main, module, optionalDependencies, peerDependencies } = manifestOf(at)
    const skip = new Set(isOfRegistry ? foldersOfRegistry : folders)
    // Packages of the registry bring their sources for debuggers, unless they run from there.
    const runsFromSource = /"(\.\/)?src\//.test(JSON.stringify([main, module, exports]))
    if (isOfRegistry && !runsFromSource) skip.add("src")
    for (const file of filesUnder(at, skip)) found.add(file)
    for (const name of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })) {
      const link = installed(at, name)
      if (link === undefined) continue
      found.add(link)
      visit(fs.realpathSync(link))
    }
  }
  visit(fs.realpathSync(folder))
  return [...found].map((file) => path.relative(root, file)).toSorted()
}
