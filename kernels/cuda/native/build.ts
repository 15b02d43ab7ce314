/** `pnpm run cuda:build [--package]`: builds the native adapter. */
import { buildAdapter, packageAdapter } from "./adapter.ts"

const built = buildAdapter()
if (built.tag === "failed") {
  console.error(built.reason)
  process.exitCode = 1
} else {
  console.log(built.file)
  if (process.argv.includes("--package")) console.log(packageAdapter(built.file))
}
