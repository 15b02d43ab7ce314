#!/usr/bin/env node
/**
 * The program `bench`.
 */
import { enableCompileCache } from "node:module"

// Later starts find the modules compiled, those imported below included.
enableCompileCache()
const [{ main }, { runPromise }] = await Promise.all([import("./cli.ts"), import("effect/Effect")])
process.exitCode = await runPromise(main(process.argv.slice(2)))
