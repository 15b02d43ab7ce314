/**
 * Runs workloads, and says what came of them.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { timeOurs, timePeer } from "./apart.ts"
import type { Expected } from "./checks.ts"
import { expected, objection } from "./checks.ts"
import { circumstances, machineLine } from "./circumstances.ts"
import { devices } from "./devices.ts"
import { UsageError, Wrong } from "./failure.ts"
import { page } from "./page.ts"
import { peers } from "./peers.ts"
import * as Results from "./Result.ts"
import type { Row } from "./table.ts"
import { cells, skips, table } from "./table.ts"
import type { Workload } from "./Workload.ts"
import { workloads } from "./workloads.ts"

/** What was asked for. */
export interface Options {
  /** Names, separated by commas; empty for all. */
  readonly workloads: string
  readonly threads: number | undefined
  readonly device: string
  readonly quick: boolean
  /** Which other libraries are timed as well, separated by commas; empty for all, none if absent. */
  readonly peers: string | undefined
  readonly json: string | undefined
  readonly profile: string | undefined
  readonly record: boolean
  /** What check values must be; those of the project unless stated. */
  readonly values?: Expected
}

/** The items of a list that `names` names, separated by commas; all if it is empty. */
const chosen = <A>(
  what: string,
  items: Readonly<Record<string, A>>,
  names: string
): Effect.Effect<ReadonlyArray<A>, UsageError> => {
  if (names === "") return Effect.succeed(Object.values(items))
  return Effect.forEach(names.split(","), (each) => {
    const name = each.trim()
    if (Object.hasOwn(items, name)) return Effect.succeed(items[name])
    const known = Object.keys(items).join(", ")
    return Effect.fail(new UsageError({ message: `unknown ${what} '${name}': expected some of ${known}` }))
  })
}

const byName: Readonly<Record<string, Workload>> = Object.fromEntries(workloads.map((each) => [each.name, each]))
const peerNames: Readonly<Record<string, string>> = Object.fromEntries(Object.keys(peers).map((name) => [name, name]))

const encode = (outcome: Results.Outcome): Effect.Effect<string> =>
  Effect.orDie(Schema.encodeEffect(Results.outcomeJson)(outcome))

const timeAll = Effect.fnUntraced(function* (
  picked: ReadonlyArray<Workload>,
  beside: ReadonlyArray<string>,
  options: Options
) {
  const { device, profile, quick, values = expected } = options
  const threads = options.threads ?? Math.min(availableParallelism(), 8)
  const rows: Array<Row> = []
  for (const workload of picked) {
    const job = { workload: workload.name, device, threads, isQuick: quick }
    const { result, said } = yield* timeOurs({ ...job, ...(profile === undefined ? {} : { trace: profile }) })
    if (said.length > 0) yield* Console.log(said.join("\n"))
    yield* Console.log(yield* encode(result))
    // One after the other, near in time: what slows the machine down slows all of them.
    const others = yield* Effect.forEach(beside, (peer) =>
      Effect.tap(timePeer({ ...job, device: peer }, workload, values), (outcome) =>
        Effect.flatMap(encode(outcome), Console.log)
      )
    )
    rows.push({ result, workload, objection: objection(result, workload, values), peers: others })
  }
  return rows
})

/** Times the workloads and says what came of each. **Fails** with `Wrong` where check values differ. */
export const run = Effect.fnUntraced(function* (options: Options) {
  const picked = yield* chosen("workload", byName, options.workloads)
  const beside = options.peers === undefined ? [] : yield* chosen("library", peerNames, options.peers)
  if (!Object.hasOwn(devices, options.device)) {
    const known = Object.keys(devices).join(", ")
    return yield* new UsageError({ message: `unknown device '${options.device}': expected ${known}` })
  }
  const at = yield* circumstances()
  const rows = yield* timeAll(picked, beside, options)
  yield* Console.log(["", ...table(cells(rows)), ...skips(rows), machineLine(at)].join("\n"))
  const lines = yield* Effect.forEach(
    rows.flatMap(({ peers: others, result }) => [result, ...others]),
    encode
  )
  const write = (path: string, text: string) => AtomicFile.write(path, new TextEncoder().encode(text))
  if (options.json !== undefined) yield* write(options.json, `${lines.join("\n")}\n`)
  if (options.record) {
    yield* write(fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url)), page(rows, at))
  }
  const wrong = rows.flatMap((each) => each.objection ?? [])
  if (wrong.length > 0) return yield* new Wrong({ message: wrong.join("\n") })
})
