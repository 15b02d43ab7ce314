#!/usr/bin/env node
/**
 * The program `cotangent`.
 */
import { enableCompileCache } from "node:module"

// Later starts find the modules compiled, those imported below included.
enableCompileCache()
// Who reads the output no more wants no more of it: the code is the one that shells give for SIGPIPE.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 141 : 1))
const [{ main }, { runPromise }] = await Promise.all([import("./cli.ts"), import("effect/Effect")])
process.exitCode = await runPromise(main(process.argv.slice(2)))
