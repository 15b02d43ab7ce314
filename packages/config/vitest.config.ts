import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["packages/*/test/**/*.test.ts", "kernels/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts"],
    // Generous: it catches what hangs, and no test is a measurement.
    testTimeout: 60_000,
    // The same closing lines everywhere: .ci/run reads them.
    reporters: ["default"]
  }
})
