/** What the import table forbids. */
import * as path from "node:path"
import { allowed, dataModules, pure, usesNode } from "./importTable.ts"
import type { Import } from "./moduleImports.ts"
import type { Package } from "./workspace.ts"
import { scope } from "./workspace.ts"

/** Imports of each module of a package, by the module's path. */
export type ImportsOf = ReadonlyMap<string, ReadonlyArray<Import>>

/** Why `specifier` must not be imported in the sources of `self`; nothing if it may. */
export const objections = (self: Package, specifier: string): ReadonlyArray<string> => {
  if (specifier.startsWith(".")) return []
  if (specifier.startsWith("node:")) return usesNode.has(self.name) ? [] : [`${self.name} must run without Node`]
  const dependency = packageOf(specifier)
  const within = specifier.slice(dependency.length + 1)
  const found: Array<string> = []
  if (!declared(self).has(dependency)) found.push(`${self.manifest.name} does not declare ${dependency}`)
  if (dependency.startsWith(scope)) {
    const name = dependency.slice(scope.length)
    if (allowed[self.name]?.includes(name) !== true) found.push(`${self.name} must not import ${name}`)
    if (within.split("/").includes("internal")) found.push(`internal modules belong to ${name} alone`)
  }
  if (dependency === "effect" || dependency.startsWith("@effect/")) {
    if (within === "") found.push(`a module of ${dependency} is imported by its sub-path`)
    if (pure.has(self.name) && !dataModules.has(specifier)) found.push(`${self.name} is pure`)
  }
  return found
}

/** What the sources of `self` may import from outside: a published package cannot rely on its devDependencies. */
const declared = ({ manifest }: Package): ReadonlySet<string> =>
  new Set(
    [
      manifest.dependencies,
      manifest.peerDependencies,
      manifest.private === true ? manifest.devDependencies : undefined
    ].flatMap((record) => Object.keys(record ?? {}))
  )

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

/** The path of a relative import from `file`, in the form in which `file` is given. */
const target = (file: string, specifier: string): string => path.posix.join(path.posix.dirname(file), specifier)

/** Modules that a relative import would take out of their package. */
export const escapes = (self: Package, imports: ImportsOf): ReadonlyArray<string> =>
  [...imports].flatMap(([file, list]) =>
    list
      .filter(
        ({ specifier }) => specifier.startsWith(".") && !target(file, specifier).startsWith(`${self.folder}/src/`)
      )
      .map(({ specifier }) => `${file} imports ${specifier}`)
  )

/** A cycle of imports that remain when types are stripped: each module imports the next, the last is the first. */
export const cycle = (imports: ImportsOf): ReadonlyArray<string> | undefined => {
  const finished = new Set<string>()
  const trail: Array<string> = []
  const visit = (file: string): ReadonlyArray<string> | undefined => {
    if (finished.has(file)) return undefined
    const start = trail.indexOf(file)
    if (start >= 0) return [...trail.slice(start), file]
    trail.push(file)
    for (const { specifier, typeOnly } of imports.get(file) ?? []) {
      const found = typeOnly || !specifier.startsWith(".") ? undefined : visit(target(file, specifier))
      if (found !== undefined) return found
    }
    trail.pop()
    finished.add(file)
    return undefined
  }
  for (const file of imports.keys()) {
    const found = visit(file)
    if (found !== undefined) return found
  }
  return undefined
}
