/** What a module imports, by its syntax tree. */
import { parseSync, Visitor } from "oxc-parser"

/** One import, re-export or dynamic import of a module. */
export interface Import {
  readonly specifier: string
  /** Whether it vanishes when types are stripped. `import { type A }` does not: the module is still loaded. */
  readonly typeOnly: boolean
}

/** The imports of a source text, in order; throws if it does not parse. */
export const moduleImports = (file: string, text: string): ReadonlyArray<Import> => {
  const { program, errors } = parseSync(file, text)
  const [error] = errors
  if (error !== undefined) throw new SyntaxError(`${file}: ${error.message}`)
  const found: Array<Import> = []
  const add = (specifier: string, typeOnly: boolean): void => void found.push({ specifier, typeOnly })
  new Visitor({
    ImportDeclaration: ({ source, importKind }) => add(source.value, importKind === "type"),
    ExportAllDeclaration: ({ source, exportKind }) => add(source.value, exportKind === "type"),
    ExportNamedDeclaration: ({ source, exportKind }) => source && add(source.value, exportKind === "type"),
    ImportExpression: ({ source }) => source.type === "Literal" && add(String(source.value), false),
    TSImportType: ({ source }) => add(source.value, true)
  }).visit(program)
  return found
}
