import { createRequire } from "node:module"

/** The version of this program. */
// The file is the manifest beside the sources, which has a version.
export const version: string = (createRequire(import.meta.url)("../package.json") as { readonly version: string })
  .version
