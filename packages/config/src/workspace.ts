/** The packages of the workspace, as they lie on disk. */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

/** The part of a package.json that the checks read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** One package of the workspace. */
export interface Package {
  /** Its name without the scope. */
  readonly name: string
  /** Its folder, relative to the root, with forward slashes. */
  readonly folder: string
  readonly manifest: Manifest
}

/** Absolute path of the workspace. */
export const root: string = fileURLToPath(new URL("../../..", import.meta.url))

/** What `npm` calls the packages of this workspace, up to their own name. */
export const scope = "@cotangent/"

/** Every package, in the order of its folders. */
export const packages = (): ReadonlyArray<Package> =>
  fs
    .globSync(["packages/*/package.json", "kernels/*/package.json", "apps/*/package.json"], { cwd: root })
    .toSorted()
    .map((file) => {
      const manifest = JSON.parse(read(file)) as Manifest // our own file; its fields are checked where they are used
      return { name: manifest.name.slice(scope.length), folder: path.posix.dirname(slashes(file)), manifest }
    })

/** The sources of a package, relative to the root. */
export const sources = ({ folder }: Package): ReadonlyArray<string> =>
  fs.globSync(`${folder}/src/**/*.ts`, { cwd: root }).map(slashes).toSorted()

/** The text of a file, its path given relative to the root. */
export const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")

const slashes = (file: string): string => file.replaceAll(path.sep, "/")
