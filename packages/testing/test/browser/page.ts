/** What the page of the browser test does: computes, and says what came of it. */
import * as ReferenceDevice from "@cotangent/runtime/ReferenceDevice"
import * as Wasm from "@cotangent/wasm/Wasm"
import * as Effect from "effect/Effect"
import type { Precision } from "../../src/conformance/checks.ts"
import type { Suite } from "../../src/conformance/format.ts"
import { runSuite } from "../../src/conformance/run.ts"
import type { Threaded } from "./threads.ts"
import { automatic, forbidWorkers, inWorker, refusal, threaded } from "./threads.ts"
import { gradients, losses } from "./work.ts"

/** What came of a suite on a device. */
export interface SuiteOutcome {
  readonly device: string
  readonly precision: Precision
  readonly suite: string
  readonly passed: number
  readonly failures: ReadonlyArray<string>
}

/** What came of all. */
export interface Outcome {
  readonly isIsolated: boolean
  readonly suites: ReadonlyArray<SuiteOutcome>
  readonly losses: ReadonlyArray<number>
  /** The laws that the gradients obey. */
  readonly laws: ReadonlyArray<string>
  /** How many threads the device chooses on the main thread, and in a worker. */
  readonly automatic: ReadonlyArray<number>
  /** What came of threads on the main thread, then in a worker, where the page is isolated. */
  readonly threaded: ReadonlyArray<Threaded>
  /** Why there are not two threads, where there are none: without isolation, or where no worker may start. */
  readonly withoutThreads: string
}

const f32 = { device: "wasm", precision: "f32", layer: Wasm.layer } as const
const f64 = [
  { device: "wasm", precision: "f64", layer: Wasm.layer },
  { device: "reference", precision: "f64", layer: ReferenceDevice.layer }
] as const
const shared = { device: "wasm on two threads", precision: "f32", layer: Wasm.layerWith({ threads: 2 }) } as const
/** Isolation changes what memory there may be, and no numbers: without it one precision says enough. */
const rows = crossOriginIsolated ? [f32, shared, ...f64] : [f32]

const computed = Effect.gen(function* () {
  // The server has decoded them.
  const all = (yield* Effect.promise(async () => (await fetch("/suites.json")).json())) as ReadonlyArray<Suite>
  const suites: Array<SuiteOutcome> = []
  for (const { device, layer, precision } of rows) {
    for (const suite of all) {
      const report = yield* runSuite(suite, precision).pipe(Effect.provide(layer))
      suites.push({ device, precision, suite: suite.suite, ...report })
    }
  }
  const chosen = yield* Effect.all([automatic, inWorker<number>("automaticHere")])
  const threads = crossOriginIsolated ? yield* Effect.all([threaded, inWorker<Threaded>("threadedHere")]) : []
  if (crossOriginIsolated) yield* forbidWorkers
  return {
    isIsolated: crossOriginIsolated,
    suites,
    losses: yield* Effect.provide(losses, Wasm.layer),
    laws: (yield* Effect.provide(gradients, Wasm.layer)).laws.map(({ law }) => law),
    automatic: chosen,
    threaded: threads,
    withoutThreads: yield* refusal
  } satisfies Outcome
})

/** All that is tried on the page. */
export const outcome = (): Promise<Outcome> => Effect.runPromise(computed)

/** What a worker of the page does. */
export const threadedHere = (): Promise<Threaded> => Effect.runPromise(threaded)
export const automaticHere = (): Promise<number> => Effect.runPromise(automatic)
