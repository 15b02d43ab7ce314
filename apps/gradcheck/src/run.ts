/**
 * Checking all targets.
 */
import * as AtomicFile from "@cotangent/formats/AtomicFile"
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { PlatformError } from "effect/PlatformError"
import * as RpcClient from "effect/rpc/RpcClient"
import type { RpcClientError } from "effect/rpc/RpcClientError"
import type * as Terminal from "effect/Terminal"
import type { WorkerError } from "effect/workers/WorkerError"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import type { Crashed, WorkerData } from "./checks.ts"
import { Checks } from "./checks.ts"
import { devices } from "./devices.ts"
import { Refuted, UsageError } from "./failure.ts"
import type { Summary } from "./Outcome.ts"
import { refuted, toJson } from "./Outcome.ts"
import type { Target } from "./Target.ts"
import { page } from "./report/page.ts"
import { targets } from "./targets.ts"
import type { Screen } from "./terminal.ts"
import { linesOf, screen } from "./terminal.ts"

/** What was asked for. */
export interface Options {
  readonly filter: string
  readonly runs: number
  readonly seed: number
  readonly device: string
  readonly json: string | undefined
  readonly html: string | undefined
}

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url))

/** Threads that have a device: as many as there are cores, and no more than there is to do. */
const workers = (device: string, count: number) =>
  RpcClient.layerProtocolWorker({ size: Math.min(availableParallelism(), count), concurrency: 1 }).pipe(
    Layer.provide(NodeWorker.layer(() => new Worker(worker, { workerData: { device } satisfies WorkerData })))
  )

/** Checks `chosen`, several at once, and says how far it is. */
const checkAll = Effect.fnUntraced(function* (
  chosen: ReadonlyArray<Target>,
  { runs, seed }: Options,
  { red, print, status }: Screen
) {
  const client = yield* RpcClient.make(Checks)
  let done = 0
  const outcomes = yield* Effect.forEach(
    chosen,
    Effect.fnUntraced(function* ({ name }) {
      yield* status(`${done}/${chosen.length}  ${name}`)
      const found = yield* client.check({ name, runs, seed })
      done++
      if (found.mismatch !== undefined) yield* print(`${red("broken")}  ${name}: ${found.mismatch.statement}`)
      return found
    }),
    { concurrency: availableParallelism() }
  )
  yield* status("")
  return outcomes
})

const write = (path: string | undefined, text: () => string) =>
  path === undefined ? Effect.void : AtomicFile.write(path, new TextEncoder().encode(text()))

/**
 * Checks every target whose name contains the filter, and writes what came of it. **Fails** with `Refuted` where a law
 * does not hold.
 */
export const run = (
  options: Options
): Effect.Effect<
  void,
  UsageError | Refuted | Crashed | RpcClientError | WorkerError | PlatformError,
  Terminal.Terminal | FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const { device, filter, runs, seed } = options
    const chosen = targets.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()))
    if (chosen.length === 0) return yield* new UsageError({ message: `no function is called '${filter}'` })
    if (!Object.hasOwn(devices, device)) {
      const known = Object.keys(devices).join(", ")
      return yield* new UsageError({ message: `unknown device '${device}': expected ${known}` })
    }
    const shown = yield* screen
    const start = yield* Clock.currentTimeMillis
    const outcomes = yield* checkAll(chosen, options, shown).pipe(
      Effect.provide(workers(device, chosen.length)),
      Effect.scoped
    )
    const summary: Summary = { runs, seed, device, millis: (yield* Clock.currentTimeMillis) - start, outcomes }
    yield* shown.print(...linesOf(summary, shown))
    yield* write(options.json, () => toJson(summary))
    yield* write(options.html, () => page(summary))
    const { length: count } = refuted(summary)
    if (count > 0) return yield* new Refuted({ count })
  })
