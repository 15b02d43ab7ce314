/** Bundles of modules for browsers. */
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

/** A bundle, and the modules that it still imports. */
export interface Bundle {
  readonly code: string
  readonly imports: ReadonlyArray<string>
}

/** The module beside this one called `name`, with all that it imports except what `external` matches, minified. */
export const bundle = async (name: string, external: RegExp = /^$/): Promise<Bundle> => {
  const input = fileURLToPath(new URL(name, import.meta.url))
  const build = await rolldown({ input, external, platform: "browser", logLevel: "silent" })
  try {
    const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false })
    const [{ code, dynamicImports, imports }] = output
    return { code, imports: [...imports, ...dynamicImports] }
  } finally {
    await build.close()
  }
}
