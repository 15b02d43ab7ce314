import { fileURLToPath } from "node:url"

/** The default place of what a recipe writes. */
export const folderOf = (recipe: string): string => `runs/${recipe}`

/** Where a model comes from unless one is named. */
export const usualCheckpoint = `${folderOf("mnist-mlp")}/checkpoint.safetensors`

/** How this program is called, in this shell: by its name, or as a script of the workspace. */
export const program: string =
  process.env["npm_lifecycle_event"] === undefined ? "cotangent" : "npx pnpm@12.21.0 cotangent"

/** Where the results of recipes are recorded, unless another place is named. */
export const recordFile: string = fileURLToPath(new URL("../../../docs/recipes.md", import.meta.url))
