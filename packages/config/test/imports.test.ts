import { assert, describe, it } from "vitest"
import { cycle, escapes, objections } from "../src/importRules.ts"
import type { ImportsOf } from "../src/importRules.ts"
import { allowed } from "../src/importTable.ts"
import { moduleImports } from "../src/moduleImports.ts"
import type { Package } from "../src/workspace.ts"
import { packages, read, scope, sources } from "../src/workspace.ts"

const workspace = packages()

const importsOf = (self: Package): ImportsOf =>
  new Map(sources(self).map((file) => [file, moduleImports(file, read(file))]))

const declares = ({ manifest }: Package): ReadonlyArray<string> =>
  Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length))

/** The folders that a tsconfig references, seen from the root. */
const references = (file: string): ReadonlyArray<string> => {
  const settings = JSON.parse(read(file).replaceAll(/^\s*\/\/.*$/gm, "")) as {
    readonly references: ReadonlyArray<{ readonly path: string }>
  }
  return settings.references.map(({ path }) => new URL(path, `file:///${file}`).pathname.slice(1)).toSorted()
}

describe("the workspace", () => {
  it("has a row of the import table for each package", () => {
    assert.sameMembers(
      workspace.map(({ name }) => name),
      Object.keys(allowed)
    )
  })

  it("builds each package, and the tests last", () => {
    const folders = workspace.map(({ folder }) => folder)
    assert.deepStrictEqual(references("tsconfig.json"), [...folders, "packages/config/tsconfig.test.json"].toSorted())
    assert.deepStrictEqual(references("packages/config/tsconfig.test.json"), folders.toSorted())
  })
})

describe.each(workspace.map((self) => ({ title: self.manifest.name, self })))("$title", ({ self }) => {
  it("depends only on what the table allows", () => {
    assert.includeMembers([...(allowed[self.name] ?? [])], [...declares(self)])
  })

  it("references the packages that it depends on", () => {
    const folders = workspace.filter(({ name }) => declares(self).includes(name)).map(({ folder }) => folder)
    assert.deepStrictEqual(references(`${self.folder}/tsconfig.json`), folders.toSorted())
  })

  it("imports only what the table allows and its package.json declares", () => {
    const found = [...importsOf(self)].flatMap(([file, imports]) =>
      imports.flatMap(({ specifier }) =>
        objections(self, specifier).map((why) => `${file} imports ${specifier}: ${why}`)
      )
    )
    assert.deepStrictEqual(found, [])
  })

  it("reaches other packages by name, never by path", () => {
    assert.deepStrictEqual(escapes(self, importsOf(self)), [])
  })

  it("has no cycle of modules that load each other", () => {
    assert.isUndefined(cycle(importsOf(self)))
  })
})

describe("the rules", () => {
  const self = (name: string, dependencies: ReadonlyArray<string>): Package => ({
    name,
    folder: `packages/${name}`,
    manifest: {
      name: scope + name,
      version: "0.1.0",
      dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, "workspace:*"])),
      peerDependencies: { effect: "^4.1.0" }
    }
  })
  const optim = self("optim", ["@cotangent/tensor", "@cotangent/nn"])
  const train = self("train", ["@cotangent/tensor"])

  it("allow what the table allows", () => {
    for (const specifier of ["./Adam.ts", "effect/Function", "@cotangent/tensor", "@cotangent/tensor/Shape"]) {
      assert.deepStrictEqual(objections(optim, specifier), [])
    }
    assert.deepStrictEqual(objections(train, "effect/Stream"), [])
  })

  it("object to an edge that the table does not have", () => {
    assert.deepStrictEqual(objections(optim, "@cotangent/nn"), ["optim must not import nn"])
  })

  it("object to a dependency that is not declared", () => {
    assert.deepStrictEqual(objections(train, "@cotangent/optim/Adam"), [
      "@cotangent/train does not declare @cotangent/optim"
    ])
    assert.deepStrictEqual(objections(train, "lodash"), ["@cotangent/train does not declare lodash"])
  })

  it("object to another package's internal modules", () => {
    assert.deepStrictEqual(objections(train, "@cotangent/tensor/internal/graph"), [
      "internal modules belong to tensor alone"
    ])
  })

  it("object to effects in a pure package and to the whole of effect anywhere", () => {
    assert.deepStrictEqual(objections(optim, "effect/Effect"), ["optim is pure"])
    assert.deepStrictEqual(objections(train, "effect"), ["a module of effect is imported by its sub-path"])
  })

  it("object to Node where a browser must do", () => {
    assert.deepStrictEqual(objections(train, "node:fs"), ["train must run without Node"])
  })

  it("object to a path that leaves the package", () => {
    const imports: ImportsOf = new Map([
      ["packages/train/src/a.ts", [{ specifier: "../../optim/src/Adam.ts", typeOnly: false }]]
    ])
    assert.deepStrictEqual(escapes(train, imports), ["packages/train/src/a.ts imports ../../optim/src/Adam.ts"])
  })

  it("find a cycle of values and forgive a cycle of types", () => {
    const ring = (typeOnly: boolean): ImportsOf =>
      new Map([
        ["src/a.ts", [{ specifier: "./b/b.ts", typeOnly: false }]],
        ["src/b/b.ts", [{ specifier: "../a.ts", typeOnly }]]
      ])
    assert.deepStrictEqual(cycle(ring(false)), ["src/a.ts", "src/b/b.ts", "src/a.ts"])
    assert.isUndefined(cycle(ring(true)))
  })
})

describe("moduleImports", () => {
  it("sees every way to name another module", () => {
    const text = `
      // import "comment"
      import type { A } from "a"
      import { type B } from "b"
      import * as C from "c"
      export * from "d"
      export type { E } from "e"
      export { f } from "f"
      const g = () => import("g")
      type H = import("h").H
      const text = 'import "string"'
      export const own = 1
    `
    assert.deepStrictEqual(
      moduleImports("module.ts", text).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? " (type)" : ""}`),
      ["a (type)", "b", "c", "d", "e (type)", "f", "g", "h (type)"]
    )
  })
})
