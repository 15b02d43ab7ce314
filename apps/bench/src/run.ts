/**
 * Runs workloads, each in a process of its own.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import * as WideSimd from "@cotangent/wasm/WideSimd"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { availableParallelism, cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { expected, objection } from "./checks.ts"
import { devices } from "./devices.ts"
import { UsageError, Wrong } from "./failure.ts"
import * as Jobs from "./Job.ts"
import type { Circumstances, Row } from "./page.ts"
import { page } from "./page.ts"
import * as Results from "./Result.ts"
import { heads, row, table } from "./table.ts"
import type { Workload } from "./Workload.ts"
import { workloads } from "./workloads.ts"

/** What was asked for. */
export interface Options {
  /** Names, separated by commas; empty for all. */
  readonly workloads: string
  readonly threads: number | undefined
  readonly device: string
  readonly quick: boolean
  readonly json: string | undefined
  readonly profile: string | undefined
  readonly record: boolean
  /** What check values must be; those of the project unless stated. */
  readonly values?: typeof expected
}

const chosen = (names: string): Effect.Effect<ReadonlyArray<Workload>, UsageError> => {
  if (names === "") return Effect.succeed(workloads)
  return Effect.forEach(names.split(","), (name) => {
    const found = workloads.find((workload) => workload.name === name.trim())
    if (found !== undefined) return Effect.succeed(found)
    const known = workloads.map((workload) => workload.name).join(", ")
    return Effect.fail(new UsageError({ message: `unknown workload '${name.trim()}': expected some of ${known}` }))
  })
}

const child = fileURLToPath(new URL("child.ts", import.meta.url))

/** What a process says about a job: the lines before the last, and the result. */
const timeApart = Effect.fnUntraced(function* (job: Jobs.Job) {
  const argument = yield* Effect.orDie(Schema.encodeEffect(Jobs.json)(job))
  const handle = yield* ChildProcess.make(process.execPath, ["--no-warnings", child, argument], { stderr: "inherit" })
  const text = yield* handle.stdout.pipe(Stream.decodeText(), Stream.mkString)
  const code = yield* handle.exitCode
  if (Number(code) !== 0) return yield* new Wrong({ message: `${job.workload}: its process ended with ${code}` })
  const lines = text.trimEnd().split("\n")
  const result = yield* Effect.orDie(Schema.decodeUnknownEffect(Results.json)(lines.at(-1)))
  return { result, said: lines.slice(0, -1) }
}, Effect.scoped)

const circumstances = Effect.fnUntraced(function* () {
  const git = (...args: ReadonlyArray<string>) =>
    Effect.flatMap(ChildProcess.make("git", args), ({ stdout }) => stdout.pipe(Stream.decodeText(), Stream.mkString))
  const [commit, changes] = [yield* git("rev-parse", "--short", "HEAD"), yield* git("status", "--porcelain")]
  const wide = WideSimd.enable()
  const result: Circumstances = {
    date: new Date().toISOString().slice(0, 10),
    commit: commit.trim() + (changes.trim() === "" ? "" : " with changes"),
    processor: cpus()[0]?.model ?? "unknown processor",
    cores: availableParallelism(),
    node: process.versions.node,
    v8: process.versions.v8,
    wide: wide.isEnabled ? "256-bit SIMD on" : `256-bit SIMD off (${wide.reason})`
  }
  return result
}, Effect.scoped)

/** Times the workloads and says what came of each. **Fails** with `Wrong` where check values differ. */
export const run = Effect.fnUntraced(function* (options: Options) {
  const picked = yield* chosen(options.workloads)
  if (!Object.hasOwn(devices, options.device)) {
    const known = Object.keys(devices).join(", ")
    return yield* new UsageError({ message: `unknown device '${options.device}': expected ${known}` })
  }
  const threads = options.threads ?? Math.min(availableParallelism(), 8)
  const rows: Array<Row> = []
  for (const workload of picked) {
    const { result, said } = yield* timeApart({
      workload: workload.name,
      device: options.device,
      threads,
      isQuick: options.quick,
      ...(options.profile === undefined ? {} : { trace: options.profile })
    })
    const problem = objection(result, workload.isChecked, options.values ?? expected)
    rows.push({ result, workload, objection: problem })
    if (said.length > 0) yield* Console.log(said.join("\n"))
    // Lines come as they are measured: widths are those of the heads.
    yield* Console.log(yield* Effect.orDie(Schema.encodeEffect(Results.json)(result)))
  }
  yield* Console.log(
    ["", ...table([heads, ...rows.map((each) => row(each.result, each.workload, each.objection))])].join("\n")
  )
  const lines = yield* Effect.forEach(rows, ({ result }) => Effect.orDie(Schema.encodeEffect(Results.json)(result)))
  const write = (path: string, text: string) => AtomicFile.write(path, new TextEncoder().encode(text))
  if (options.json !== undefined) yield* write(options.json, `${lines.join("\n")}\n`)
  if (options.record) {
    const target = fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url))
    yield* write(target, page(rows, yield* circumstances()))
  }
  const wrong = rows.flatMap((each) => (each.objection === undefined ? [] : [each.objection]))
  if (wrong.length > 0) return yield* new Wrong({ message: wrong.join("\n") })
})
